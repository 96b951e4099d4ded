"""The pages that Add client has for self-employed clients: changing a number, and the income sources one by one."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from db.models import Draft, Practice
from db.session import Database
from services.actor import Actor
from services.add_client.paging import Pager, draft_of, position_of
from services.add_client.records import DraftSource, WizardPage
from services.add_client.solo_draft import ask_for_number, draft_sources, source_page, sources_raw, with_unfinished
from services.add_client.steps import Facts, StepName, applying
from services.clients.names import name_key
from services.errors import ConflictError, InvalidError
from services.forms import Raw, read
from services.solo.forms import MOST_SOURCES, ONLY_ACTIVE, SourceForm
from services.solo.records import SourcePage
from services.solo.sources import has_other_property


class SoloDraftService:
    """All raise GoneError when the draft is closed."""

    def __init__(self, database: Database, pages: Pager) -> None:
        self._database = database
        self._pages = pages

    def change_number(
        self, actor: Actor, draft_id: uuid.UUID, number: str, raw: Raw, *, changing: bool = False
    ) -> WizardPage:
        """The details once more, asking for a new `nino` or `utr` in place of the kept one."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            self._pages.keep_unchecked(draft, StepName.DETAILS, raw)
            ask_for_number(draft, number)
            return replace(self._pages.page(session, actor, practice, facts, draft), changing=changing)

    def edit_source(
        self, actor: Actor, draft_id: uuid.UUID, source_id: uuid.UUID | None, *, changing: bool = False
    ) -> WizardPage:
        """The form for a source, or for a new one."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            editing = source_page(draft.answers, source_id)
            if editing.is_new:
                _require_room(draft_sources(draft.answers))
            return self._page(session, actor, practice, facts, draft, editing, changing=changing)

    def leave_source(
        self, actor: Actor, draft_id: uuid.UUID, source_id: uuid.UUID, raw: Raw, *, changing: bool = False
    ) -> WizardPage:
        """Back from the form to the list, or to the page before while there is no source. What was typed is in the form
        when it is opened again."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            self._pages.keep(draft, StepName.SOURCES, with_unfinished(draft.answers, source_id, raw))
            if not draft_sources(draft.answers):
                steps = applying(facts, draft.answers)
                draft.step = steps[max(position_of(steps, StepName.SOURCES) - 1, 0)].name
            return self._page(session, actor, practice, facts, draft, None, changing=changing)

    def keep_source(
        self,
        actor: Actor,
        draft_id: uuid.UUID,
        source_id: uuid.UUID,
        raw: Raw,
        *,
        anyway: bool = False,
        changing: bool = False,
    ) -> WizardPage:
        """The list with this source as typed; once, however often the form is sent. A second UK property gives the form
        again with a warning, unless `anyway`. Raises InvalidError at the fields."""
        source = read(SourceForm, raw)
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            kept = draft_sources(draft.answers)
            others = [each for each in kept if each.id != source_id]
            if len(others) == len(kept):
                _require_room(kept)
            _require_fitting(source, [each.source for each in others])
            if not anyway and has_other_property((each.source for each in others), source):
                self._pages.keep(draft, StepName.SOURCES, with_unfinished(draft.answers, source_id, raw))
                editing = replace(source_page(draft.answers, source_id), second_property=True)
                return self._page(session, actor, practice, facts, draft, editing, changing=changing)
            mine = DraftSource(id=source_id, source=source)
            found = [mine if each.id == source_id else each for each in kept]
            self._pages.keep(draft, StepName.SOURCES, sources_raw(found if mine in found else [*kept, mine]))
            return self._page(session, actor, practice, facts, draft, None, changing=changing)

    def remove_source(
        self, actor: Actor, draft_id: uuid.UUID, source_id: uuid.UUID, *, changing: bool = False
    ) -> WizardPage:
        """The list without this source. Raises ConflictError for the only one."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            left = [each for each in draft_sources(draft.answers) if each.id != source_id]
            if not any(each.source.active for each in left):
                raise ConflictError("A client has at least one active income source. Add another one first.")
            self._pages.keep(draft, StepName.SOURCES, sources_raw(left))
            return self._page(session, actor, practice, facts, draft, None, changing=changing)

    def _page(
        self,
        session: Session,
        actor: Actor,
        practice: Practice,
        facts: Facts,
        draft: Draft,
        editing: SourcePage | None,
        *,
        changing: bool,
    ) -> WizardPage:
        if editing is not None:
            draft.step = StepName.SOURCES
        page = self._pages.page(session, actor, practice, facts, draft)
        solo = replace(page.solo, editing=editing) if page.solo and editing else page.solo
        return replace(page, changing=changing, solo=solo)


def _require_room(sources: Sequence[DraftSource]) -> None:
    if len(sources) >= MOST_SOURCES:
        raise ConflictError(f"A client has at most {MOST_SOURCES} income sources.")


def _require_fitting(source: SourceForm, others: Sequence[SourceForm]) -> None:
    problems = {}
    if name_key(source.name) in {name_key(other.name) for other in others}:
        problems["name"] = "There is an income source of this name already. Choose another name."
    if not source.active and not any(other.active for other in others):
        problems["active"] = ONLY_ACTIVE
    if problems:
        raise InvalidError(problems)
