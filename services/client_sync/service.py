"""Client Sync as a person uses it: sign in, choose, start, watch, cancel, try again, invite; reconnect and reassign."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from db.models import (
    Authorisation,
    Choice,
    Colleague,
    InformationState,
    ItemState,
    Plan,
    Practice,
    Provider,
    Solutions,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
)
from db.session import Database
from services import audit, jobs, notices, policy
from services.accounting.calls import ProviderCalls
from services.accounting.connections import reached
from services.accounting.consent import ConsentService, Purpose, PurposeKind
from services.accounting.port import NAMES, AccountingProvider, Organisation
from services.actor import Actor
from services.add_client.lookups import permission_missing
from services.client_sync import choosing, moving, running
from services.client_sync.access import manageable_run, own_run, own_sign_in
from services.client_sync.inviting import invitable_page, invite_all
from services.client_sync.records import (
    Chooser,
    Confirmation,
    Filter,
    Goal,
    InvitablePage,
    Opening,
    OutcomePage,
    Reassigned,
    Reconnected,
    RunView,
    SignIn,
    Wish,
)
from services.client_sync.views import chooser_view, outcome_page, run_lines, run_view
from services.errors import GoneError, InvalidError, NotFoundError
from services.jobs import Claim
from services.keys import Keyring
from services.permissions.records import Place
from services.practice import count_bundle, get_colleague

ARRIVED = "slack.sync_arrived"
_CONFIRMED = 40
_PURPOSES = {Goal.ADD: PurposeKind.SYNC, Goal.RECONNECT: PurposeKind.RECONNECT, Goal.REASSIGN: PurposeKind.REASSIGN}
_GOALS = {SyncAction.ADD: Goal.ADD, SyncAction.REASSIGN: Goal.REASSIGN}
_ACTIONS = {goal: action for action, goal in _GOALS.items()}


class ClientSyncService:
    """Xero's only: at Sage, a consent reaches what one person sees, and each client is connected by itself."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        calls: ProviderCalls,
        providers: Mapping[Provider, AccountingProvider],
        consent: ConsentService,
        *,
        bulk_connections: Mapping[Provider, bool],
        window: int,
    ) -> None:
        self._database = database
        self._keys = keys
        self._calls = calls
        self._providers = providers
        self._consent = consent
        self._bulk = bulk_connections
        self._runner = running.SyncRunner(database, calls, providers, window=window)

    @property
    def runner(self) -> running.SyncRunner:
        return self._runner

    def open(self, actor: Actor) -> Opening:
        """What can be done, and what is under way: for admins, everybody's."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            mine = SyncRun.colleague_id == colleague.id
            chosen = run_lines(session, colleague, and_(mine, SyncRun.state == SyncState.CHOOSING))
            under_way = SyncRun.state == SyncState.RUNNING
            whose = under_way if policy.sees_all_clients(colleague) else and_(mine, under_way)
            missing = None
            if not policy.may_add_clients(colleague):
                missing = permission_missing(session, colleague)
            return Opening(
                providers=tuple(self._providers),
                choosing=next(iter(chosen), None),
                running=run_lines(session, colleague, whose),
                missing=missing,
            )

    def sign_in(self, actor: Actor, goal: Goal) -> SignIn:
        """The way to the provider's consent page. Raises NotPermittedError, NotFoundError."""
        self._require_provider()
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            if goal is Goal.ADD:
                policy.require_add_clients(colleague)
            signed_in = own_sign_in(session, colleague) is not None
        external_id = str(uuid.uuid4())
        return SignIn(
            goal=goal,
            provider=Provider.XERO,
            start_url=self._start_url(actor, goal, external_id),
            external_id=external_id,
            bulk=self._is_bulk,
            signed_in=signed_in,
        )

    def list_organisations(self, actor: Actor, goal: Goal, *, authorisation_id: uuid.UUID | None = None) -> Chooser:
        """All that the person's sign-in reaches, to choose from. Asks the provider.

        Raises NotFoundError without a sign-in, NotPermittedError, ProviderError.
        """
        authorisation, found = self._reached(actor, authorisation_id, goal)
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            practice = session.get_one(Practice, actor.practice_id)
            now = self._database.now()
            reached(session, actor, authorisation.id, found, now, whole=True)
            if goal is Goal.ADD:
                policy.require_add_clients(colleague)
                run = choosing.begin_adding(session, practice, colleague, authorisation, found, now)
            else:
                policy.require_active(colleague)
                run = choosing.begin_reassigning(session, colleague, authorisation, found, now)
            return self._chooser(session, actor, colleague, run, Wish())

    def tell_arrived(self, actor: Actor, goal: Goal) -> None:
        """Leads on by a message: no window waits for the consent any more."""
        with self._database.begin() as session:
            policy.require_active(get_colleague(session, actor))
            notices.tell(
                session,
                ARRIVED,
                uuid.uuid4(),
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                args={"colleague_id": str(actor.colleague_id), "goal": goal},
            )

    def reconnect_all(self, actor: Actor, *, authorisation_id: uuid.UUID | None = None) -> Reconnected:
        """Every broken connection that the person sees and their sign-in reaches rests on it from now on. Asks the
        provider. Raises NotFoundError without a sign-in, ProviderError."""
        authorisation, found = self._reached(actor, authorisation_id, Goal.RECONNECT)
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            now = self._database.now()
            moved = moving.reconnect(session, actor, colleague, authorisation, found, now)
            reached(session, actor, authorisation.id, found, now, whole=True)
            return moved

    def chooser(self, actor: Actor, run_id: uuid.UUID, wish: Wish) -> Chooser:
        """Raises GoneError when the choice is over."""
        with self._database.read() as session:
            run = own_run(session, actor, run_id, choosing=True)
            return self._chooser(session, actor, get_colleague(session, actor), run, wish)

    def keep(
        self,
        actor: Actor,
        run_id: uuid.UUID,
        choices: Mapping[uuid.UUID, Choice],
        *,
        team_id: uuid.UUID | None,
        solutions: Solutions | None,
    ) -> None:
        """What the page says. `solutions` None leaves them. Raises GoneError, InvalidError at `team`, ConflictError."""
        with self._database.begin() as session:
            run = own_run(session, actor, run_id, choosing=True, lock=True)
            choosing.keep(session, run, choices)
            practice = session.get_one(Practice, actor.practice_id)
            if run.action is SyncAction.ADD and practice.plan is Plan.ADVANCED:
                choosing.keep_team(session, run, team_id)
            if solutions is not None and (practice.has_dhi or solutions is Solutions.BOOKKEEPING):
                run.solutions = solutions

    def choose_all(self, actor: Actor, run_id: uuid.UUID, wish: Wish) -> None:
        """All that the wish lists, on every page."""
        self._choose(actor, run_id, wish, chosen=True)

    def choose_none(self, actor: Actor, run_id: uuid.UUID, wish: Wish) -> None:
        self._choose(actor, run_id, wish, chosen=False)

    def start(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Begins to create what is chosen; once, however often it is asked for.

        Raises InvalidError at `organisations` when nothing is chosen, or more than the bundle has room for;
        GoneError, NotPermittedError.
        """
        with self._database.begin() as session:
            run = own_run(session, actor, run_id, action=SyncAction.ADD, lock=True)
            if run.state is SyncState.CHOOSING:
                policy.require_add_clients(get_colleague(session, actor))
                counts = choosing.count_choices(session, run)
                practice = session.get_one(Practice, actor.practice_id)
                creating, linking = counts.get(Choice.CREATE, 0), counts.get(Choice.LINK, 0)
                _require_startable(session, practice, creating, linking)
                _set_items(session, run, SyncItem.choice != Choice.LEAVE, state=ItemState.WAITING)
                self._run(session, run)
                audit.record(
                    session,
                    actor,
                    "client_sync.started",
                    run.id,
                    at=self._database.now(),
                    after={"create": creating, "link": linking, "provider": run.provider},
                )
            return run_view(session, run)

    def cancel(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Stops what has not started; lists of clients that are there still follow. Raises GoneError."""
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id)
            if run.state is SyncState.RUNNING and run.cancelled_at is None:
                run.cancelled_at = self._database.now()
                _set_items(session, run, SyncItem.state == ItemState.WAITING, state=ItemState.CANCELLED)
                audit.record(session, actor, "client_sync.cancelled", run.id, at=run.cancelled_at)
        self._runner.drop_queued(run)
        with self._database.read() as session:
            return run_view(session, session.get_one(SyncRun, run.id))

    def retry_failed(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """What failed is tried again, organisations and lists. Nothing where nothing failed. Raises GoneError."""
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id)
            failed = SyncItem.state == ItemState.FAILED
            lists_failed = SyncItem.information == InformationState.FAILED
            again = session.scalar(
                select(func.count()).select_from(SyncItem).where(SyncItem.run_id == run.id, failed | lists_failed)
            )
            if run.state is SyncState.FINISHED and again:
                _set_items(session, run, failed, state=ItemState.WAITING, reason=None)
                _set_items(session, run, lists_failed, information=InformationState.WAITING, reason=None)
                self._run(session, run)
                audit.record(
                    session, actor, "client_sync.tried_again", run.id, at=self._database.now(), after={"again": again}
                )
            return run_view(session, run)

    def view(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Raises GoneError."""
        with self._database.read() as session:
            return run_view(session, manageable_run(session, actor, run_id, lock=False))

    def outcomes(self, actor: Actor, run_id: uuid.UUID, state: ItemState, page: int) -> OutcomePage:
        """Raises GoneError."""
        with self._database.read() as session:
            return outcome_page(session, manageable_run(session, actor, run_id, lock=False), state, page)

    def confirm_reassign(self, actor: Actor, run_id: uuid.UUID) -> Confirmation:
        """What is chosen to be moved. Raises InvalidError at `organisations` when nothing is, GoneError."""
        with self._database.read() as session:
            run = own_run(session, actor, run_id, action=SyncAction.REASSIGN, choosing=True)
            chosen = choosing.listed(run, Wish(filter=Filter.CHOSEN))
            count = choosing.count(session, chosen)
            if not count:
                raise InvalidError({"organisations": "Choose at least one client."})
            lines = choosing.lines(session, chosen, limit=_CONFIRMED)
            return Confirmation(run_id=run.id, provider=run.provider, lines=lines, count=count)

    def reassign(self, actor: Actor, run_id: uuid.UUID) -> Reassigned:
        """Moves what is chosen to the person's sign-in; once, however often it is asked for. Raises GoneError."""
        with self._database.begin() as session:
            run = own_run(session, actor, run_id, action=SyncAction.REASSIGN, lock=True)
            if run.state is SyncState.FINISHED:
                return moving.reassigned(session, run)
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            authorisation = session.get_one(Authorisation, run.authorisation_id)
            if authorisation.dead_at is not None or authorisation.colleague_id != colleague.id:
                raise NotFoundError(f"Your sign-in at {NAMES[run.provider]} has ended. Start again with /client-sync.")
            now = self._database.now()
            run.state, run.started_at, run.finished_at = SyncState.FINISHED, now, now
            return moving.reassign(session, actor, colleague, run, authorisation, now)

    def invitable(self, actor: Actor, run_id: uuid.UUID) -> InvitablePage:
        """The next clients of the run that have no user yet. Raises GoneError."""
        with self._database.read() as session:
            return invitable_page(session, actor, manageable_run(session, actor, run_id, lock=False), 0, 0)

    def invite(
        self, actor: Actor, run_id: uuid.UUID, entries: Mapping[uuid.UUID, Mapping[str, Any]], *, passed: int = 0
    ) -> InvitablePage:
        """Adds and invites the first user of each client that has an entry with a name or an e-mail: all, or none.
        The next clients come after the `passed` ones that were shown and left.

        Raises InvalidError at `contact_name-<client>` and `contact_email-<client>`, ConflictError, GoneError.
        """
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id, lock=False)
            invited = invite_all(session, self._keys, actor, run, entries, self._database.now())
            return invitable_page(session, actor, run, invited, passed)

    def progress(self, practice_id: uuid.UUID, run_id: uuid.UUID) -> RunView:
        """For the run's message. Raises GoneError."""
        with self._database.read() as session:
            run = session.scalar(select(SyncRun).where(SyncRun.id == run_id, SyncRun.practice_id == practice_id))
            if run is None:
                raise GoneError("This sync is no longer there.")
            return run_view(session, run)

    def keep_place(self, practice_id: uuid.UUID, run_id: uuid.UUID, place: Place) -> None:
        """Where the run's message is."""
        with self._database.begin() as session:
            session.execute(
                update(SyncRun)
                .where(SyncRun.id == run_id, SyncRun.practice_id == practice_id)
                .values(channel=place.channel, message_ts=place.ts)
            )

    def progress_shown(self, claim: Claim, run_id: uuid.UUID, shown: RunView) -> bool:
        """Ends the job and has the message edited again soon while the run goes on. False, and nothing done, when what
        is shown is not how the run ended: it must be shown once more."""
        with self._database.begin() as session:
            run = running.lock_run(session, run_id)
            if run.state is not SyncState.RUNNING and (shown.state, shown.round) != (run.state, run.round):
                return False
            jobs.finish(session, claim)
            step = claim.key.rpartition(":")[2]
            if run.state is SyncState.RUNNING and step.isdecimal():
                due = self._database.time(session) + running.EDITED_EVERY
                if shown.waits_until is not None:  # until then there is nothing new to say
                    due = max(due, shown.waits_until)
                running.put_progress(session, run, str(int(step) + 1), due=due)
            return True

    def _run(self, session: Session, run: SyncRun) -> None:
        now = self._database.now()
        run.state, run.round = SyncState.RUNNING, run.round + 1
        run.started_at = run.started_at or now
        run.finished_at = run.cancelled_at = None
        session.flush()
        self._runner.go_on(session, run.id)
        running.put_progress(session, run, "0")

    def _choose(self, actor: Actor, run_id: uuid.UUID, wish: Wish, *, chosen: bool) -> None:
        with self._database.begin() as session:
            run = own_run(session, actor, run_id, choosing=True, lock=True)
            choosing.choose(session, run, wish, chosen=chosen)

    def _reached(
        self, actor: Actor, authorisation_id: uuid.UUID | None, goal: Goal
    ) -> tuple[Authorisation, tuple[Organisation, ...]]:
        provider = self._require_provider()
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            if goal is Goal.ADD:  # once more afterwards: asking takes a while
                policy.require_add_clients(colleague)
            authorisation = own_sign_in(session, colleague, authorisation_id)
        if authorisation is None:
            raise NotFoundError(f"Sign in at {NAMES[Provider.XERO]} first. Start again with /client-sync.")
        return authorisation, self._calls.call(authorisation.id, provider.organisations)

    def _require_provider(self) -> AccountingProvider:
        found = self._providers.get(Provider.XERO)
        if found is None:
            raise NotFoundError("This installation is not set up for Xero. Ask whoever runs Clientdesk.")
        return found

    @property
    def _is_bulk(self) -> bool:
        return self._bulk.get(Provider.XERO, False)

    def _start_url(self, actor: Actor, goal: Goal, external_id: str) -> str:
        return self._consent.start_url(actor, Provider.XERO, Purpose(kind=_PURPOSES[goal], view=external_id))

    def _chooser(self, session: Session, actor: Actor, colleague: Colleague, run: SyncRun, wish: Wish) -> Chooser:
        external_id = str(uuid.uuid4())
        start_url = self._start_url(actor, _GOALS[run.action], external_id)
        return chooser_view(
            session, colleague, run, wish, start_url=start_url, external_id=external_id, bulk=self._is_bulk
        )


def _require_startable(session: Session, practice: Practice, creating: int, linking: int) -> None:
    if not creating + linking:
        raise InvalidError({"organisations": "Choose at least one organisation."})
    bundle = count_bundle(session, practice)
    room = max(bundle.included - bundle.used, 0)
    if creating > room:
        raise InvalidError(
            {
                "organisations": f"Your bundle has room for {room:,} more and you chose {creating:,} to create. "
                "Choose fewer, or have the bundle raised first."
            }
        )


def _set_items(session: Session, run: SyncRun, which: Any, **values: Any) -> None:
    session.execute(
        update(SyncItem).where(SyncItem.run_id == run.id, which).values(**values),
        execution_options={"synchronize_session": False},
    )
