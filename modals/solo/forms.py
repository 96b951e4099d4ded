"""The forms for a person's numbers and for one income source, as the wizard and the client card have them."""

from collections.abc import Mapping, Sequence
from typing import Any

from db.models import AccountingMethod, BusinessType, PeriodType
from modals import blocks as b
from modals.solo import words
from services.solo.mandate import Mandate
from services.solo.records import SourcePage
from services.solo.sealing import KeptNumber

ACTIVE = "yes"
_LABELS = {"nino": "National Insurance number", "utr": "Unique Taxpayer Reference (UTR)"}
_HINTS = {"nino": "Such as QQ 12 34 56 C. Kept encrypted.", "utr": "Ten digits. Kept encrypted."}
_TYPES = {
    BusinessType.SELF_EMPLOYMENT: "One trade. Each trade is a source of its own.",
    BusinessType.UK_PROPERTY: "All UK property of the person together",
}
_METHODS = {
    AccountingMethod.CASH: "Counts money when it is paid. The default for most.",
    AccountingMethod.ACCRUALS: "Counts income and costs when they are invoiced",
}
_PERIODS = {
    PeriodType.STANDARD: "From 6 April, 6 July, 6 October and 6 January",
    PeriodType.CALENDAR: "From 1 April, 1 July, 1 October and 1 January",
}


def numbers(
    raw: Mapping[str, Any],
    nino: KeptNumber | None,
    utr: KeptNumber | None,
    changing: Sequence[str],
    change: str,
    mandate: Mandate | None,
) -> list[b.Block]:
    """`change` is the id of the button that asks for a number anew."""
    blocks = [
        _number(name, kept, change, is_changing=name in changing) for name, kept in (("nino", nino), ("utr", utr))
    ]
    blocks += [
        b.field("postcode", "Postcode", b.text_input(raw.get("postcode")), optional=True),
        b.field(
            "qualifying_income",
            "Qualifying income, in pounds",
            b.text_input(raw.get("qualifying_income"), placeholder="52,000"),
            hint="Turnover of all self-employment and property in a tax year, before costs. It says from when the "
            "client has to keep to Making Tax Digital.",
            optional=True,
        ),
    ]
    return [*blocks, making_tax_digital(mandate)]


def making_tax_digital(mandate: Mandate | None) -> b.Block:
    return b.rich([b.bold("Making Tax Digital: "), b.words(words.mandate(mandate))])


def _number(name: str, kept: KeptNumber | None, change: str, *, is_changing: bool) -> b.Block:
    if kept is not None and kept.masked is not None and not is_changing:
        block = b.section(f"{_LABELS[name]}\n{kept.masked}", accessory=b.button("Change", change, value=name))
        return block | {"block_id": f"kept.{name}"}
    # Another block id, or Slack would fill in what was typed before.
    block_id = f"{name}.changing" if is_changing else name
    placeholder = f"{kept.masked} until now" if kept is not None and kept.masked else None
    hint = f"Leave it empty to remove {kept.masked}." if kept is not None and kept.masked else _HINTS[name]
    typed = None if kept is None else kept.typed
    return b.field(block_id, _LABELS[name], b.text_input(typed, placeholder=placeholder), hint=hint, optional=True)


def source(page: SourcePage) -> list[b.Block]:
    raw, of = page.raw, page.source_id.hex
    blocks = []
    if page.second_property:
        said = (
            " There is a UK property source already. HMRC treats all UK property of a person as one business, so rents "
            "usually go into one source. If this is a separate one, continue."
        )
        blocks.append(b.rich([b.emoji("warning"), b.words(said)]))
    if page.late_change is not None:
        quarter = page.late_change
        said = (
            f" The first update of {quarter.tax_year.label} was due on {words.day(quarter.due)}. HMRC may not take "
            "another quarterly period for this tax year any more. If it has been agreed there, continue."
        )
        blocks.append(b.rich([b.emoji("warning"), b.words(said)]))
    blocks.append(
        b.field(
            f"name.{of}",
            "Name of the income source",
            b.text_input(raw.get("name"), placeholder="Trading name, or which property"),
        )
    )
    if page.fixed_type is None:
        types = [b.option(words.BUSINESS_TYPES[each], each, said) for each, said in _TYPES.items()]
        blocks.append(
            b.field(
                f"business_type.{of}",
                "Business type",
                b.radios(types, raw.get("business_type")),
                hint="It can't be changed once the client is created.",
            )
        )
    else:
        blocks.append(b.facts([("Business type", words.BUSINESS_TYPES[page.fixed_type])]))
    methods = [b.option(words.METHODS[each], each, said) for each, said in _METHODS.items()]
    periods = [b.option(words.PERIODS[each], each, said) for each, said in _PERIODS.items()]
    active = b.checkboxes([b.option("Active", ACTIVE, "Has quarterly updates and reminders")], _active(raw))
    return [
        *blocks,
        b.field(f"accounting_method.{of}", "Accounting method", b.radios(methods, raw.get("accounting_method"))),
        b.field(f"period_type.{of}", "Quarterly periods", b.radios(periods, raw.get("period_type"))),
        b.field(f"active.{of}", "In use", active, optional=True),
    ]


def _active(raw: Mapping[str, Any]) -> list[str]:
    return [ACTIVE] if raw.get("active", True) else []
