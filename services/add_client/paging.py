"""The pages of an Add client draft: which one is next, what it shows, and what is kept of it."""

import uuid
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Draft, Practice
from db.session import Database
from services import policy
from services.accounting.connections import offered
from services.accounting.consent import ConsentService, Purpose, PurposeKind
from services.accounting.linking import ConnectionService
from services.actor import Actor
from services.add_client.checks import is_warned, mend
from services.add_client.connecting import (
    chosen_connection,
    forget_view,
    found_organisations,
    organisation_of,
    taken_by,
    wanted_provider,
)
from services.add_client.lookups import access_choices, facts_of, review_of
from services.add_client.records import Connecting, WizardPage
from services.add_client.solo_draft import kept_unchecked, solo_draft
from services.add_client.steps import Facts, Step, StepName, applying, is_solo
from services.errors import GoneError, InvalidError
from services.forms import Raw, read
from services.keys import Keyring
from services.practice import get_colleague
from services.solo.sealing import seal, unseal

WIZARD = "add_client"
TAKE_NOTHING = frozenset({StepName.REVIEW, StepName.ASK})


class Pager:
    """For the services of the wizard, inside their transactions."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        *,
        consent: ConsentService | None,
        connections: ConnectionService | None,
        texts: bool,
        account_url: str | None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._consent = consent
        self._connections = connections
        self._texts = texts
        self._account_url = account_url

    def permitted(self, session: Session, actor: Actor) -> tuple[Practice, Facts]:
        policy.require_add_clients(get_colleague(session, actor))
        practice = practice_of(session, actor)
        return practice, self.facts(session, practice, actor)

    def facts(self, session: Session, practice: Practice, actor: Actor) -> Facts:
        providers = () if self._connections is None else self._connections.offered
        return replace(facts_of(session, practice, actor), providers=providers, texts=self._texts)

    def keep_unchecked(self, draft: Draft, step: StepName, raw: Raw) -> None:
        if step in TAKE_NOTHING:
            return
        # Fields that the page did not show keep what they had: a person may change their mind.
        self.keep(draft, step, kept_unchecked(draft.answers.get(step, {}), raw))

    def keep(self, draft: Draft, step: StepName, raw: Raw) -> None:
        forget_view(draft)
        draft.answers = {**draft.answers, step.value: seal(self._keys, raw)}
        draft.step = step
        draft.revision += 1
        draft.updated_at = self._database.now()

    def next(
        self,
        session: Session,
        actor: Actor,
        practice: Practice,
        facts: Facts,
        draft: Draft,
        *,
        changing: bool = False,
    ) -> WizardPage:
        """The page after the draft's own, which stays while it has something to connect."""
        steps = applying(facts, draft.answers)
        position, last = position_of(steps, draft.step), len(steps) - 1
        if steps[position].name is StepName.SOFTWARE and self._is_unconnected(session, practice, draft):
            return replace(self.page(session, actor, practice, facts, draft), changing=changing)
        draft.step = steps[last if changing else min(position + 1, last)].name
        return self.page(session, actor, practice, facts, draft)

    def _is_unconnected(self, session: Session, practice: Practice, draft: Draft) -> bool:
        """Whether it wants accounting software that it has no organisation of, or one that is taken by now."""
        if wanted_provider(draft.answers) is None:
            return False
        connection = chosen_connection(draft.answers)
        return connection is None or taken_by(session, practice.id, connection) is not None

    def connecting(
        self, session: Session, actor: Actor, practice: Practice, draft: Draft, *, again: bool = False
    ) -> Connecting | None:
        """None when there is nothing to connect, or it is done. `again` overlooks that."""
        provider = wanted_provider(draft.answers)
        if self._consent is None or self._connections is None or provider not in self._connections.offered:
            return None
        connection = chosen_connection(draft.answers)
        taken = connection and taken_by(session, practice.id, connection)
        if connection and not taken and not again:
            return None
        problem = None
        if connection and taken:
            problem = f"{organisation_of(connection)} is already connected to your client {taken}. Connect another."
        found = found_organisations(draft.answers)
        return Connecting(
            provider=provider,
            start_url=self._consent.start_url(actor, provider, Purpose(kind=PurposeKind.DRAFT, id=draft.id)),
            organisations=offered(session, practice.id, provider, found) if found else (),
            problem=problem,
        )

    def page(
        self,
        session: Session,
        actor: Actor,
        practice: Practice,
        facts: Facts,
        draft: Draft,
        *,
        changed: bool = False,
    ) -> WizardPage:
        steps = applying(facts, draft.answers)
        position = position_of(steps, draft.step)
        if steps[position].name in TAKE_NOTHING and (missing := self.to_mend(session, practice, facts, draft)):
            draft.step = missing
            position = position_of(steps, missing)
        step = steps[position].name
        raw = draft.answers.get(step, {})
        return WizardPage(
            draft_id=draft.id,
            revision=draft.revision,
            step=step,
            number=position + 1,
            steps=tuple(s.name for s in steps),
            raw=raw,
            answers=draft.answers,
            facts=facts,
            practice_name=practice.name,
            practice_address=practice.address,
            account_url=self._account_url,
            email_taken=step is StepName.INVITE and is_warned(raw),
            changed=changed,
            connecting=self.connecting(session, actor, practice, draft) if step is StepName.SOFTWARE else None,
            connection=chosen_connection(draft.answers),
            access=access_choices(session, practice, actor, raw) if step is StepName.ACCESS else None,
            review=review_of(session, practice, self._keys, facts, draft.answers) if step in TAKE_NOTHING else None,
            solo=solo_draft(self._keys, step, draft.answers) if is_solo(facts, draft.answers) else None,
        )

    def to_mend(self, session: Session, practice: Practice, facts: Facts, draft: Draft) -> StepName | None:
        """The first page that would be refused now: something may have changed since it was filled in."""
        for step in applying(facts, draft.answers):
            raw = draft.answers.get(step.name, {})
            if step.name is StepName.SOFTWARE and self._is_unconnected(session, practice, draft):
                return step.name
            try:
                form = read(step.form, unseal(self._keys, raw), facts.mobile_region)
                mended = mend(session, practice, form, raw)
            except InvalidError:
                return step.name
            if mended is not None:
                self.keep(draft, step.name, mended)
                return step.name
        return None


def practice_of(session: Session, actor: Actor) -> Practice:
    return session.scalars(select(Practice).where(Practice.id == actor.practice_id)).one()


def draft_of(session: Session, actor: Actor, draft_id: uuid.UUID, *, closed_too: bool = False) -> Draft:
    draft = session.scalar(
        select(Draft)
        .where(
            Draft.id == draft_id,
            Draft.practice_id == actor.practice_id,
            Draft.colleague_id == actor.colleague_id,
            Draft.wizard == WIZARD,
        )
        .with_for_update()
    )
    if draft is None:
        raise GoneError("This draft is no longer there. Type /add-client to begin again.")
    if not closed_too:
        require_open(draft)
    return draft


def require_open(draft: Draft) -> None:
    if draft.client_id is not None:
        raise GoneError("This client was already created. Its result is in your messages from Clientdesk.")
    if draft.closed_at is not None:
        raise GoneError("This draft was closed or discarded in another window. Type /add-client to begin again.")


def position_of(steps: list[Step], name: str) -> int:
    """Where the step stands; the first place when it does not apply (any more)."""
    return next((i for i, step in enumerate(steps) if step.name == name), 0)
