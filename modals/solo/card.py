"""A self-employed client on its card, and the forms that the card leads to."""

import uuid

from modals import blocks as b
from modals.clients import ids as clients
from modals.clients.metadata import ClientMetadata
from modals.solo import forms, ids, words
from services.solo.forms import MOST_SOURCES
from services.solo.records import NumbersPage, SoloCard, SourceLine, SourcePage

_TITLE = "Income source"
_SHOWN_IN_RESULT = 5


class NumbersMetadata(ClientMetadata):
    """`changing` are the numbers that the form asks for in place of kept ones."""

    changing: tuple[str, ...] = ()


class SourceMetadata(ClientMetadata):
    """`warned`: the form shows a warning, and is sent again in spite of it."""

    source: uuid.UUID
    warned: bool = False


def section(solo: SoloCard, *, deactivated: bool = False) -> list[b.Block]:
    blocks = [
        b.header("Self-employed (Solo)"),
        b.facts(
            [
                ("National Insurance number", solo.nino or "not entered"),
                ("UTR", solo.utr or "not entered"),
                ("Postcode", solo.postcode or "not entered"),
                (
                    "Qualifying income",
                    "not entered" if solo.qualifying_income is None else words.pounds(solo.qualifying_income),
                ),
                ("Making Tax Digital", words.mandate(solo.mandate)),
            ]
        ),
    ]
    if deactivated:
        return [*blocks, *(b.section(_line(each)) for each in solo.sources)]
    blocks += [
        b.section(_line(each), accessory=b.button("Edit", ids.EDIT_SOURCE, value=str(each.source_id)))
        for each in solo.sources
    ]
    buttons = [b.button("Edit tax details", ids.EDIT_NUMBERS)]
    if len(solo.sources) < MOST_SOURCES:
        buttons.append(b.button("Add income source", ids.ADD_SOURCE))
    return [*blocks, b.actions(*buttons, block_id="solo")]


def _line(each: SourceLine) -> str:
    said = f"{each.name}\n{words.described(each.business_type, each.accounting_method, each.period_type)}"
    if not each.active:
        return f"{said}\nNot active"
    return f"{said}\n{words.next_update(each.next) if each.next else 'No quarterly updates: not mandated'}"


def result_rows(solo: SoloCard) -> list[tuple[str, str]]:
    """For the result of a creation."""
    rows = [("Making Tax Digital", words.mandate(solo.mandate))]
    for each in solo.sources[:_SHOWN_IN_RESULT]:
        due = f" · next quarterly update due {words.day(each.next.due)}" if each.next else ""
        rows.append(("Income source", f"{each.name}{due}"))
    if len(solo.sources) > _SHOWN_IN_RESULT:
        rows.append(("And", f"{len(solo.sources) - _SHOWN_IN_RESULT} more income sources"))
    return rows


def numbers(page: NumbersPage, at: ClientMetadata) -> b.View:
    metadata = NumbersMetadata(**at.place.model_dump(), client=page.client_id, changing=page.changing)
    return b.modal(
        "Tax details",
        [
            b.rich([b.bold(page.client_name)]),
            *forms.numbers(page.raw, page.nino, page.utr, page.changing, ids.CHANGE_NUMBER, page.mandate),
            b.actions(b.button("Back", clients.BACK), block_id="navigation"),
        ],
        callback_id=ids.SAVE_NUMBERS,
        submit="Save",
        private_metadata=metadata.dump(),
    )


def source(page: SourcePage, at: ClientMetadata) -> b.View:
    metadata = SourceMetadata(**at.place.model_dump(), client=at.client, source=page.source_id, warned=page.is_warned)
    return b.modal(
        _TITLE,
        [
            b.rich([b.bold(page.client_name)]),
            *forms.source(page),
            b.actions(b.button("Back", clients.BACK), block_id="navigation"),
        ],
        callback_id=ids.SAVE_SOURCE,
        submit="Save anyway" if page.is_warned else "Save",
        private_metadata=metadata.dump(),
    )
