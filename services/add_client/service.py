"""The life of an Add client draft, from the first page to the client account."""

import uuid
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, Draft, Practice
from db.session import Database
from services import audit, notices, policy
from services.accounting.connections import DraftConnection, offered, open_draft
from services.accounting.consent import Consent, ConsentService
from services.accounting.linking import ConnectionService
from services.accounting.port import NAMES, Organisation
from services.actor import Actor
from services.add_client.checks import check
from services.add_client.connecting import (
    WaitingView,
    forget_organisations,
    forget_view,
    found_organisations,
    keep_organisations,
    keep_view,
    organisation_of,
    view_of,
)
from services.add_client.creation import created_client, insert_client
from services.add_client.lookups import LISTED, bundle_full, grantable, permission_missing
from services.add_client.paging import TAKE_NOTHING, WIZARD, Pager, draft_of, position_of, practice_of, require_open
from services.add_client.records import (
    Arrival,
    Choosable,
    ConsentNotice,
    CreatedClient,
    Opening,
    ResumeOffer,
    WizardPage,
)
from services.add_client.solo import SoloDraftService
from services.add_client.solo_draft import forget_numbers
from services.add_client.steps import StepName, applying, step_of
from services.errors import BundleFullError, ConflictError, GoneError, NotFoundError, ServiceError
from services.forms import Raw
from services.keys import Keyring
from services.practice import count_bundle, get_colleague, lock_practice
from services.solo.sealing import unseal


class AddClientService:
    """Without `consent` and `connections` no accounting software can be connected. `texts`: invitations go out as text
    messages, too."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        *,
        extract_domain: str,
        billing_url: str | None = None,
        consent: ConsentService | None = None,
        connections: ConnectionService | None = None,
        texts: bool = False,
        account_url: str | None = None,
    ) -> None:
        """`account_url` is the page on which client users invite practices."""
        self._database = database
        self._keys = keys
        self._extract_domain = extract_domain
        self._billing_url = billing_url
        self._connections = connections
        self._pages = Pager(
            database, keys, consent=consent, connections=connections, texts=texts, account_url=account_url
        )
        self.solo = SoloDraftService(database, self._pages)

    def open(self, actor: Actor) -> Opening:
        """What the person meets first: the first page, their open draft, or why they can't add a client now."""
        with self._database.begin() as session:
            practice, colleague = practice_of(session, actor), get_colleague(session, actor, lock=True)
            policy.require_active(colleague)
            if not policy.may_add_clients(colleague):
                return permission_missing(session, colleague)
            bundle = count_bundle(session, practice)
            if bundle.is_full:
                return bundle_full(session, colleague, bundle, self._billing_url)
            facts = self._pages.facts(session, practice, actor)
            draft = _open_draft(session, actor)
            if draft is None:
                draft = self._begin(session, actor)
            if draft.revision == 0:  # nothing was typed yet, so there is nothing to resume
                return self._pages.page(session, actor, practice, facts, draft)
            steps = applying(facts, draft.answers)
            return ResumeOffer(
                draft_id=draft.id,
                client_name=draft.answers.get(StepName.DETAILS, {}).get("name") or None,
                number=position_of(steps, draft.step) + 1,
                total=len(steps),
                updated_at=draft.updated_at,
            )

    def resume(self, actor: Actor, draft_id: uuid.UUID) -> WizardPage:
        """The page at which the person left. Raises GoneError when the draft is closed."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            return self._pages.page(session, actor, practice, facts, draft_of(session, actor, draft_id))

    def start_over(self, actor: Actor) -> WizardPage:
        """Discards the open draft, if there is one, and begins a new one."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            get_colleague(session, actor, lock=True)
            draft = _open_draft(session, actor)
            if draft is not None:
                self._discard(session, actor, draft)
            return self._pages.page(session, actor, practice, facts, self._begin(session, actor))

    def discard(self, actor: Actor, draft_id: uuid.UUID) -> None:
        """Raises GoneError when the draft is closed already."""
        with self._database.begin() as session:
            policy.require_active(get_colleague(session, actor))
            self._discard(session, actor, draft_of(session, actor, draft_id))

    def submit(
        self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw, *, changing: bool = False
    ) -> WizardPage:
        """Keeps a page and gives the next one, or the same again with a warning that needs a second look.

        A page that was gone back to for `changing` it leads straight to the review.

        Raises InvalidError at the fields, GoneError when the draft is closed.
        """
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            if step in TAKE_NOTHING:
                raise ConflictError("This page is not filled in. Use its own button.")
            kept = unseal(self._keys, draft.answers.get(step, {}))
            checked = check(session, practice, facts, step_of(facts, draft.answers, step), raw, kept)
            self._pages.keep(draft, step, checked.raw)
            if checked.warning:
                page = self._pages.page(session, actor, practice, facts, draft)
                return replace(page, changing=changing, **checked.warning)
            # Another kind of client has other pages, which nobody has seen yet.
            other_kind = step is StepName.CLIENT_TYPE and kept.get("kind") != raw.get("kind")
            return self._pages.next(session, actor, practice, facts, draft, changing=changing and not other_kind)

    def choose_software(self, actor: Actor, draft_id: uuid.UUID, *, changing: bool = False) -> WizardPage:
        """Back from connecting to the choice of the software."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            forget_view(draft)
            page = self._pages.page(session, actor, practice, facts, draft)
            return replace(page, connecting=None, changing=changing)

    def connect_another(self, actor: Actor, draft_id: uuid.UUID, *, changing: bool = False) -> WizardPage:
        """The way to the provider once more, though an organisation was chosen."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            kept = DraftConnection.of(draft.answers)
            if kept is None:
                raise NotFoundError("There is no connection to replace. Choose the accounting software first.")
            keep_organisations(draft, kept.provider, found_organisations(draft.answers))
            draft.step = StepName.SOFTWARE
            page = self._pages.page(session, actor, practice, facts, draft)
            connecting = self._pages.connecting(session, actor, practice, draft, again=True)
            return replace(page, connecting=connecting, changing=changing)

    def check_connection(self, actor: Actor, draft_id: uuid.UUID, *, changing: bool = False) -> WizardPage:
        """The page after connecting if that is done, else the same again."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            if draft.step != StepName.SOFTWARE:  # the consent has moved it on already
                return self._pages.page(session, actor, practice, facts, draft)
            page = self._pages.next(session, actor, practice, facts, draft, changing=changing)
            if page.connecting is None or page.connecting.problem or page.connecting.organisations:
                return page
            said = f"{NAMES[page.connecting.provider]} is not connected yet."
            return replace(page, connecting=replace(page.connecting, problem=said))

    def choose_organisation(
        self, actor: Actor, draft_id: uuid.UUID, tenant_id: str, *, changing: bool = False
    ) -> WizardPage:
        """Takes one of the organisations that a consent gave; asks the provider. What is in the way is on the page."""
        problem = None
        try:
            if self._connections is None:
                raise NotFoundError("This installation can't connect accounting software.")
            self._connections.choose_for_draft(actor, draft_id, tenant_id)
        except GoneError:
            raise
        except ServiceError as refusal:
            problem = refusal.message
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            if problem is None:
                forget_organisations(draft)
                return self._pages.next(session, actor, practice, facts, draft, changing=changing)
            page = self._pages.page(session, actor, practice, facts, draft)
            connecting = page.connecting and replace(page.connecting, problem=problem)
            return replace(page, connecting=connecting, changing=changing)

    def search_organisations(self, actor: Actor, draft_id: uuid.UUID, text: str) -> tuple[Organisation, ...]:
        """At most a hundred of those to choose from whose name holds `text`; none that is taken."""
        with self._database.read() as session:
            practice, _ = self._pages.permitted(session, actor)
            answers = open_draft(session, actor, draft_id).answers
            kept = DraftConnection.of(answers)
            found = found_organisations(answers)
            if kept is None or not found:
                return ()
            free = [each for each in offered(session, practice.id, kept.provider, found) if each.taken_by is None]
        wanted = text.casefold()
        return tuple(each.organisation for each in free if wanted in each.organisation.name.casefold())[:LISTED]

    def left_for_provider(self, actor: Actor, draft_id: uuid.UUID, view_id: str, *, changing: bool = False) -> None:
        """The person goes to the provider from this window, which is to move on when they are back."""
        with self._database.begin() as session:
            policy.require_active(get_colleague(session, actor))
            keep_view(draft_of(session, actor, draft_id), WaitingView(view_id, changing))

    def arrived(self, consent: Consent) -> Arrival:
        """Moves the draft on, after a consent. Raises GoneError when it is closed."""
        actor = consent.actor
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, consent.purpose.subject)
            view = view_of(draft.answers)
            found = () if consent.chosen else tuple(each.organisation for each in consent.organisations)
            keep_organisations(draft, consent.provider, found)
            forget_view(draft)
            draft.revision += 1
            draft.updated_at = self._database.now()
            page = None
            if draft.step == StepName.SOFTWARE:  # elsewhere, the person has moved on themselves
                changing = view is not None and view.changing
                page = self._pages.next(session, actor, practice, facts, draft, changing=changing)
            return Arrival(
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                draft_id=draft.id,
                view_id=None if view is None else view.id,
                page=page,
            )

    def tell_arrived(self, arrival: Arrival) -> None:
        """Leads back to the wizard by a message: no window waits for the consent any more."""
        with self._database.begin() as session:
            notices.tell(
                session,
                "slack.consent_finished",
                uuid.uuid4(),
                practice_id=arrival.practice_id,
                colleague_id=arrival.colleague_id,
                args={"draft_id": str(arrival.draft_id)},
            )

    def consent_notice(self, practice_id: uuid.UUID, draft_id: uuid.UUID) -> ConsentNotice:
        """Raises GoneError when nothing is left to go on with."""
        with self._database.read() as session:
            row = session.execute(
                select(Draft, Colleague.slack_user_id)
                .join(Colleague, Colleague.id == Draft.colleague_id)
                .where(Draft.id == draft_id, Draft.practice_id == practice_id, Draft.closed_at.is_(None))
            ).one_or_none()
        kept = None if row is None else DraftConnection.of(row[0].answers)
        if row is None or kept is None:
            raise GoneError("This draft is no longer there.")
        return ConsentNotice(
            practice_id=practice_id,
            slack_user_id=row[1],
            draft_id=draft_id,
            provider=kept.provider,
            organisation=organisation_of(kept),
        )

    def back(
        self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw, *, changing: bool = False
    ) -> WizardPage:
        """Keeps what was typed, checked or not, and gives the page before; while `changing` one, the review."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            self._pages.keep_unchecked(draft, step, raw)
            steps = applying(facts, draft.answers)
            draft.step = steps[-1 if changing else max(position_of(steps, step) - 1, 0)].name
            return self._pages.page(session, actor, practice, facts, draft)

    def keep(
        self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw, *, changing: bool = False
    ) -> WizardPage:
        """Keeps what was typed, checked or not, and gives the same page, whose fields may depend on it."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            self._pages.keep_unchecked(draft, step, raw)
            return replace(self._pages.page(session, actor, practice, facts, draft), changing=changing)

    def go_to(self, actor: Actor, draft_id: uuid.UUID, step: StepName) -> WizardPage:
        """A page that was filled in before, to change it. Raises GoneError when the draft is closed."""
        with self._database.begin() as session:
            practice, facts = self._pages.permitted(session, actor)
            draft = draft_of(session, actor, draft_id)
            forget_view(draft)
            draft.step = step
            return replace(self._pages.page(session, actor, practice, facts, draft), changing=True)

    def search_colleagues(self, actor: Actor, text: str, *, managers: bool) -> tuple[Choosable, ...]:
        """At most a hundred colleagues whose name holds `text`, for practices too large to list."""
        with self._database.read() as session:
            practice, _ = self._pages.permitted(session, actor)
            return grantable(session, practice, actor, managers=managers, containing=text)[:LISTED]

    def create(self, actor: Actor, draft_id: uuid.UUID, *, revision: int) -> CreatedClient | WizardPage:
        """Makes the client account that the draft describes; once, however often this is called.

        Gives a page instead when the draft is not what the person saw (`revision`), or must be mended first.
        Raises BundleFullError, NotPermittedError, GoneError.
        """
        with self._database.begin() as session:
            # The practice's row is the lock under which places in the bundle are counted.
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            draft = draft_of(session, actor, draft_id, closed_too=True)
            if draft.client_id is not None:
                return self._result(session, practice, draft.client_id)
            require_open(draft)
            policy.require_add_clients(colleague)
            _require_place(session, practice, colleague)
            facts = self._pages.facts(session, practice, actor)
            to_mend = self._pages.to_mend(session, practice, facts, draft)
            if to_mend is not None:
                draft.step = to_mend
                return self._pages.page(session, actor, practice, facts, draft, changed=True)
            if draft.revision != revision:
                draft.step = applying(facts, draft.answers)[-1].name
                return self._pages.page(session, actor, practice, facts, draft, changed=True)
            now = self._database.now()
            client = insert_client(session, self._keys, actor, colleague, practice, facts, draft, now)
            draft.client_id, draft.closed_at = client.id, now
            forget_numbers(draft)
            session.flush()
            return self._result(session, practice, client.id)

    def finish_asking(self, actor: Actor, draft_id: uuid.UUID) -> None:
        """Closes a draft whose client will invite the practice from an account of their own. Repeats change nothing."""
        with self._database.begin() as session:
            policy.require_active(get_colleague(session, actor))
            draft = draft_of(session, actor, draft_id, closed_too=True)
            if draft.closed_at is None:
                draft.closed_at = self._database.now()
                forget_numbers(draft)
                audit.record(session, actor, "client.asked_to_invite", draft.id, at=draft.closed_at)

    def created(self, practice_id: uuid.UUID, client_id: uuid.UUID) -> CreatedClient:
        """The result of an earlier `create`, as it stands now."""
        with self._database.read() as session:
            practice = session.scalars(select(Practice).where(Practice.id == practice_id)).one()
            return self._result(session, practice, client_id)

    def _begin(self, session: Session, actor: Actor) -> Draft:
        now = self._database.now()
        draft = Draft(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            wizard=WIZARD,
            step="",
            answers={},
            revision=0,
            created_at=now,
            updated_at=now,
        )
        session.add(draft)
        session.flush()
        return draft

    def _discard(self, session: Session, actor: Actor, draft: Draft) -> None:
        draft.closed_at = self._database.now()
        forget_numbers(draft)
        audit.record(session, actor, "draft.discarded", draft.id, at=draft.closed_at)
        session.flush()

    def _result(self, session: Session, practice: Practice, client_id: uuid.UUID) -> CreatedClient:
        return created_client(
            session,
            practice,
            client_id,
            keys=self._keys,
            extract_domain=self._extract_domain,
            now=self._database.now(),
        )


def _require_place(session: Session, practice: Practice, colleague: Colleague) -> None:
    bundle = count_bundle(session, practice)
    if not bundle.is_full:
        return
    what = (
        "Raise the bundle, or deactivate a client, and press Create again."
        if policy.may_change_subscription(colleague)
        else "Ask a Practice Admin to raise it. Your draft is kept."
    )
    raise BundleFullError(
        f"All {bundle.included:,} client accounts of your bundle are in use, so this client was not created. {what}"
    )


def _open_draft(session: Session, actor: Actor) -> Draft | None:
    return session.scalar(
        select(Draft)
        .where(Draft.colleague_id == actor.colleague_id, Draft.wizard == WIZARD, Draft.closed_at.is_(None))
        .with_for_update()
    )
