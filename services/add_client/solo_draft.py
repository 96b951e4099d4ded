"""What a draft holds of a self-employed client. Its numbers are sealed; its sources have ids of their own."""

import uuid
from collections.abc import Sequence
from typing import Any

from db.models import Draft
from services.add_client.records import DraftSource, SoloDraft
from services.add_client.steps import Answers, StepName
from services.errors import InvalidError
from services.forms import Raw, read
from services.keys import Keyring
from services.solo.forms import NEW_SOURCE, NumbersForm, SourceForm
from services.solo.records import SourcePage
from services.solo.sealing import NUMBERS, is_sealed, kept_nino, kept_utr, unseal
from services.solo.standing import mandate_of

_CHANGING = "changing"
"""Kept beside the details: the numbers of which a new one is asked for."""
_UNFINISHED = "unfinished"
"""Kept beside the sources: what was typed of one that was left without being kept."""


def solo_draft(keys: Keyring, step: StepName, answers: Answers) -> SoloDraft:
    raw = unseal(keys, answers.get(StepName.DETAILS, {}))
    sources = draft_sources(answers)
    nino = kept_nino(raw.get("nino"))
    return SoloDraft(
        nino=nino,
        utr=kept_utr(raw.get("utr")),
        changing=tuple(raw.get(_CHANGING, ())),
        mandate=mandate_of(income, has_nino=nino is not None) if (income := _income(raw)) is not None else None,
        sources=sources,
        editing=source_page(answers, None) if step is StepName.SOURCES and not sources else None,
    )


def kept_unchecked(kept: Raw, raw: Raw) -> dict[str, Any]:
    """What was typed over what was kept. A number of which no new one was typed stays."""
    typed = {
        name: value for name, value in raw.items() if value or name not in NUMBERS or not is_sealed(kept.get(name))
    }
    return {name: value for name, value in {**kept, **typed}.items() if name != _CHANGING}


def ask_for_number(draft: Draft, number: str) -> None:
    """The page asks for a new one from now on; what is kept stays until the page is submitted."""
    details = draft.answers.get(StepName.DETAILS, {})
    changing = sorted({*details.get(_CHANGING, ()), number} & set(NUMBERS))
    draft.answers = {**draft.answers, StepName.DETAILS.value: {**details, _CHANGING: changing}}


def draft_sources(answers: Answers) -> tuple[DraftSource, ...]:
    return tuple(
        DraftSource(id=uuid.UUID(each["id"]), source=read(SourceForm, each))
        for each in answers.get(StepName.SOURCES, {}).get("sources", ())
    )


def sources_raw(sources: Sequence[DraftSource]) -> dict[str, Any]:
    return {"sources": [{"id": str(each.id), **each.source.model_dump(mode="json")} for each in sources]}


def with_unfinished(answers: Answers, source_id: uuid.UUID, raw: Raw) -> dict[str, Any]:
    return {**answers.get(StepName.SOURCES, {}), _UNFINISHED: {**raw, "id": str(source_id)}}


def source_page(answers: Answers, source_id: uuid.UUID | None) -> SourcePage:
    """The form for this source of the draft, or for a new one; with what was typed of it before, if it was left."""
    unfinished = answers.get(StepName.SOURCES, {}).get(_UNFINISHED, {})
    known = {each.id: each.source for each in draft_sources(answers)}
    left = uuid.UUID(unfinished["id"]) if unfinished else None
    if source_id is None and left is not None and left not in known:
        source_id = left
    is_new = source_id is None or source_id not in known
    raw = NEW_SOURCE if source_id is None or is_new else known[source_id].model_dump(mode="json")
    if source_id is not None and source_id == left:
        raw = {**raw, **unfinished}
    return SourcePage(source_id=source_id or uuid.uuid4(), raw=raw, is_new=is_new)


def _income(raw: Raw) -> Any:
    try:
        return read(NumbersForm, {"qualifying_income": raw.get("qualifying_income")}).qualifying_income
    except InvalidError:
        return None


def forget_numbers(draft: Draft) -> None:
    """Once it is closed, a draft has no use for them."""
    details = draft.answers.get(StepName.DETAILS)
    if details is not None and not details.keys().isdisjoint(NUMBERS):
        kept = {name: value for name, value in details.items() if name not in NUMBERS}
        draft.answers = {**draft.answers, StepName.DETAILS.value: kept}
