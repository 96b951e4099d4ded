"""The pages of the wizard that self-employed clients have: their details, and their income sources."""

from modals import blocks as b
from modals.add_client import ids
from modals.solo import forms, words
from services.add_client.records import DraftSource, SoloDraft, SoloReview, WizardPage
from services.solo.forms import MOST_SOURCES
from services.solo.identifiers import mask_nino, mask_utr

EDIT = "edit"
REMOVE = "remove"


def details(shown: WizardPage, solo: SoloDraft) -> list[b.Block]:
    raw = shown.raw
    return [
        b.field("name", "Client's name", b.text_input(raw.get("name"))),
        b.field(
            "practice_code",
            "Practice code",
            b.text_input(raw.get("practice_code")),
            hint="Your own code for this client. No two clients have the same.",
            optional=True,
        ),
        *forms.numbers(raw, solo.nino, solo.utr, solo.changing, ids.CHANGE_NUMBER, solo.mandate),
        b.actions(b.button("Check Making Tax Digital", ids.CHECK_MANDATE), block_id="mandate"),
    ]


def sources(solo: SoloDraft) -> list[b.Block]:
    blocks = [] if solo.mandate is None else [forms.making_tax_digital(solo.mandate)]
    if solo.editing is not None:
        return [*([] if solo.sources else blocks), *forms.source(solo.editing)]
    blocks += [_source(each, solo) for each in solo.sources]
    if len(solo.sources) < MOST_SOURCES:
        blocks.append(b.actions(b.button("Add income source", ids.ADD_SOURCE), block_id="add"))
    return [*blocks, b.context("Each trade is a source of its own. All UK property of a person is one.")]


def _source(each: DraftSource, solo: SoloDraft) -> b.Block:
    source = each.source
    said = words.described(source.business_type, source.accounting_method, source.period_type)
    others_active = any(other.source.active for other in solo.sources if other.id != each.id)
    accessory = b.button("Edit", ids.EDIT_SOURCE, value=str(each.id))
    if others_active:
        entries = [b.option("Edit", f"{EDIT} {each.id}"), b.option("Remove", f"{REMOVE} {each.id}")]
        accessory = b.overflow(entries, action_id=ids.SOURCE_MENU)
    return b.section(f"{source.name}\n{said}{'' if source.active else ' · not active'}", accessory=accessory)


def rows(review: SoloReview) -> list[tuple[str, str]]:
    """For the review."""
    numbers = review.numbers
    return [
        ("National Insurance number", mask_nino(numbers.nino) if numbers.nino else "–"),
        ("UTR", mask_utr(numbers.utr) if numbers.utr else "–"),
        ("Postcode", numbers.postcode or "–"),
        ("Making Tax Digital", words.mandate(review.mandate)),
        *(
            (
                "Income source",
                f"{source.name} · "
                + words.described(source.business_type, source.accounting_method, source.period_type)
                + ("" if source.active else " · not active"),
            )
            for source in review.sources
        ),
    ]
