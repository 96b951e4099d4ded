"""The life of an Add client draft, from the first page to the client account."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientAccess,
    ClientKind,
    ClientRole,
    ClientUser,
    Colleague,
    Draft,
    Invitation,
    Lane,
    Login,
    Plan,
    Practice,
    Region,
    Role,
    Solutions,
    TaxCategories,
    Team,
)
from db.session import Database
from services import audit, jobs, policy
from services.actor import Actor
from services.add_client.records import (
    AccessChoices,
    BundleFull,
    Choosable,
    CreatedClient,
    Opening,
    PermissionMissing,
    ResumeOffer,
    Review,
    Twin,
    WizardPage,
)
from services.add_client.steps import (
    AccessForm,
    ClientTypeForm,
    DetailsForm,
    ExistingUser,
    Facts,
    InviteChoice,
    InviteForm,
    Raw,
    SoftwareForm,
    SolutionsForm,
    Step,
    StepName,
    applying,
    offers_self_employed,
    read,
)
from services.clients import extract
from services.clients.names import code_key, name_key, near
from services.emails import clean_email, email_key
from services.errors import BundleFullError, ConflictError, GoneError, InvalidError
from services.invitations.service import invite
from services.keys import Keyring
from services.practice import admins, count_bundle, get_colleague, has_grantees, lock_practice

WIZARD = "add_client"
LISTED = 100
"""As many options as a Slack select can show; with more the form searches instead."""
_WARNED = "_warned"
_TAX_CATEGORIES = {Region.UNITED_STATES: TaxCategories.SCHEDULE_C, Region.CANADA: TaxCategories.T2125}


class AddClientService:
    def __init__(self, database: Database, keys: Keyring, *, extract_domain: str) -> None:
        self._database = database
        self._keys = keys
        self._extract_domain = extract_domain

    def open(self, actor: Actor) -> Opening:
        """What the person meets first: the first page, their open draft, or why they can't add a client now."""
        with self._database.begin() as session:
            practice, colleague = _practice(session, actor), get_colleague(session, actor)
            policy.require_active(colleague)
            if not policy.may_add_clients(colleague):
                return PermissionMissing(admins=admins(session, practice.id, policy.ADMIN_ROLES))
            bundle = count_bundle(session, practice)
            if bundle.is_full:
                return BundleFull(
                    bundle=bundle,
                    may_raise=policy.may_change_subscription(colleague),
                    admins=admins(session, practice.id, frozenset({Role.PRACTICE_ADMIN})),
                )
            draft = _open_draft(session, actor)
            if draft is None:
                return self._page(session, actor, practice, self._begin(session, actor))
            facts = _facts(session, practice, actor)
            steps = applying(facts, draft.answers)
            return ResumeOffer(
                draft_id=draft.id,
                client_name=draft.answers.get(StepName.DETAILS, {}).get("name") or None,
                number=_position(steps, draft.step) + 1,
                total=len(steps),
                updated_at=draft.updated_at,
            )

    def resume(self, actor: Actor, draft_id: uuid.UUID) -> WizardPage:
        """The page at which the person left. Raises GoneError when the draft is closed."""
        with self._database.read() as session:
            practice = self._permitted(session, actor)
            return self._page(session, actor, practice, _draft(session, actor, draft_id))

    def start_over(self, actor: Actor) -> WizardPage:
        """Discards the open draft, if there is one, and begins a new one."""
        with self._database.begin() as session:
            practice = self._permitted(session, actor)
            draft = _open_draft(session, actor)
            if draft is not None:
                self._discard(session, actor, draft)
            return self._page(session, actor, practice, self._begin(session, actor))

    def discard(self, actor: Actor, draft_id: uuid.UUID) -> None:
        """Raises GoneError when the draft is closed already."""
        with self._database.begin() as session:
            self._discard(session, actor, _draft(session, actor, draft_id))

    def submit(self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw) -> WizardPage:
        """Keeps a page and gives the next one, or the same again with a warning that needs a second look.

        Raises InvalidError at the fields, GoneError when the draft is closed.
        """
        with self._database.begin() as session:
            practice = self._permitted(session, actor)
            draft = _draft(session, actor, draft_id)
            warned = draft.answers.get(step, {}).get(_WARNED)
            facts = _facts(session, practice, actor)
            match step:
                case StepName.CLIENT_TYPE:
                    if read(ClientTypeForm, raw).kind is ClientKind.SOLO:
                        self._keep(draft, step, {"kind": ClientKind.BUSINESS})
                        return self._page(session, actor, practice, draft, solo_asked=True)
                case StepName.SOLUTIONS:
                    if read(SolutionsForm, raw).solutions is Solutions.BOOKKEEPING_DHI and not facts.has_dhi:
                        raise InvalidError({"solutions": "Your practice does not have Data Health & Insights."})
                case StepName.SOFTWARE:
                    read(SoftwareForm, raw)
                case StepName.DETAILS:
                    details = read(DetailsForm, raw)
                    _require_free_code(session, practice, details.practice_code)
                    if warned != _twin_key(details) and (twins := _twins(session, practice, details)):
                        self._keep(draft, step, {**raw, _WARNED: _twin_key(details)})
                        return self._page(session, actor, practice, draft, twins=twins)
                    raw = {**raw, _WARNED: _twin_key(details)}
                case StepName.ACCESS:
                    _require_grantees(session, practice, read(AccessForm, raw))
                case StepName.INVITE:
                    form = read(InviteForm, raw)
                    if form.invite is InviteChoice.NOW:
                        key = email_key(str(form.contact_email))
                        taken = _email_is_taken(session, practice, key)
                        raw = {**raw, "existing": raw.get("existing") if taken and warned == key else None}
                        raw = {**raw, _WARNED: key if taken else None}
                        if taken and raw["existing"] is None:
                            self._keep(draft, step, raw)
                            if warned == key:
                                raise InvalidError({"existing": "Choose one of the two ways."})
                            return self._page(session, actor, practice, draft, email_taken=True)
                case StepName.REVIEW | StepName.ASK:
                    raise ConflictError("This page is not filled in. Use its own button.")
            self._keep(draft, step, raw)
            steps = applying(facts, draft.answers)
            draft.step = steps[min(_position(steps, step) + 1, len(steps) - 1)].name
            return self._page(session, actor, practice, draft)

    def back(self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw) -> WizardPage:
        """Keeps what was typed, checked or not, and gives the page before."""
        with self._database.begin() as session:
            practice = self._permitted(session, actor)
            draft = _draft(session, actor, draft_id)
            self._keep_unchecked(draft, step, raw)
            steps = applying(_facts(session, practice, actor), draft.answers)
            draft.step = steps[max(_position(steps, step) - 1, 0)].name
            return self._page(session, actor, practice, draft)

    def keep(self, actor: Actor, draft_id: uuid.UUID, step: StepName, raw: Raw) -> WizardPage:
        """Keeps what was typed, checked or not, and gives the same page, whose fields may depend on it."""
        with self._database.begin() as session:
            practice = self._permitted(session, actor)
            draft = _draft(session, actor, draft_id)
            self._keep_unchecked(draft, step, raw)
            return self._page(session, actor, practice, draft)

    def go_to(self, actor: Actor, draft_id: uuid.UUID, step: StepName) -> WizardPage:
        """A page that was filled in before, to change it. Raises GoneError when the draft is closed."""
        with self._database.begin() as session:
            practice = self._permitted(session, actor)
            draft = _draft(session, actor, draft_id)
            draft.step = step
            return self._page(session, actor, practice, draft)

    def search_colleagues(self, actor: Actor, text: str, *, managers: bool) -> tuple[Choosable, ...]:
        """At most a hundred colleagues whose name holds `text`, for practices too large to list."""
        with self._database.read() as session:
            practice = self._permitted(session, actor)
            return _grantable(session, practice, actor, managers=managers, containing=text)[:LISTED]

    def create(self, actor: Actor, draft_id: uuid.UUID, *, revision: int) -> CreatedClient | WizardPage:
        """Makes the client account that the draft describes; once, however often this is called.

        Gives a page instead when the draft is not what the person saw (`revision`), or must be mended first.
        Raises BundleFullError, NotPermittedError, GoneError.
        """
        with self._database.begin() as session:
            # The practice's row is the lock under which places in the bundle are counted.
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor)
            draft = _draft(session, actor, draft_id, closed_too=True)
            if draft.client_id is not None:
                return self._created(session, practice, draft.client_id)
            _require_open(draft)
            policy.require_add_clients(colleague)
            bundle = count_bundle(session, practice)
            if bundle.is_full:
                raise BundleFullError(
                    f"All {bundle.included:,} client accounts of your bundle are in use: this client was not created. "
                    + (
                        "Raise the bundle, or deactivate a client, and press Create again."
                        if policy.may_change_subscription(colleague)
                        else "Ask a Practice Admin to raise it. Your draft is kept."
                    )
                )
            facts = _facts(session, practice, actor)
            to_mend = self._to_mend(session, practice, facts, draft)
            if to_mend is not None:
                draft.step = to_mend
                return self._page(session, actor, practice, draft, changed=True, email_taken=to_mend is StepName.INVITE)
            if draft.revision != revision:
                draft.step = applying(facts, draft.answers)[-1].name
                return self._page(session, actor, practice, draft, changed=True)
            now = self._database.now()
            client = self._insert(session, actor, colleague, practice, facts, draft, now)
            draft.client_id, draft.closed_at = client.id, now
            session.flush()
            return self._created(session, practice, client.id)

    def finish_asking(self, actor: Actor, draft_id: uuid.UUID) -> None:
        """Closes a draft whose client will invite the practice from an account of their own. Repeats change nothing."""
        with self._database.begin() as session:
            draft = _draft(session, actor, draft_id, closed_too=True)
            if draft.closed_at is None:
                draft.closed_at = self._database.now()
                audit.record(session, actor, "client.asked_to_invite", draft.id, at=draft.closed_at)

    def created(self, practice_id: uuid.UUID, client_id: uuid.UUID) -> CreatedClient:
        """The result of an earlier `create`, as it stands now."""
        with self._database.read() as session:
            practice = session.scalars(select(Practice).where(Practice.id == practice_id)).one()
            return self._created(session, practice, client_id)

    def _permitted(self, session: Session, actor: Actor) -> Practice:
        policy.require_add_clients(get_colleague(session, actor))
        return _practice(session, actor)

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
        audit.record(session, actor, "draft.discarded", draft.id, at=draft.closed_at)
        session.flush()

    def _keep_unchecked(self, draft: Draft, step: StepName, raw: Raw) -> None:
        if step in {StepName.REVIEW, StepName.ASK}:
            return
        # Fields that the page did not show keep what they had: a person may change their mind.
        self._keep(draft, step, {**draft.answers.get(step, {}), **raw})

    def _keep(self, draft: Draft, step: StepName, raw: Raw) -> None:
        draft.answers = {**draft.answers, step.value: dict(raw)}
        draft.step = step
        draft.revision += 1
        draft.updated_at = self._database.now()

    def _page(
        self,
        session: Session,
        actor: Actor,
        practice: Practice,
        draft: Draft,
        *,
        twins: tuple[Twin, ...] = (),
        email_taken: bool = False,
        solo_asked: bool = False,
        changed: bool = False,
    ) -> WizardPage:
        facts = _facts(session, practice, actor)
        steps = applying(facts, draft.answers)
        position = _position(steps, draft.step)
        step = steps[position].name
        raw = draft.answers.get(step, {})
        if step is StepName.INVITE and raw.get(_WARNED):
            email_taken = True
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
            twins=twins,
            email_taken=email_taken,
            solo_asked=solo_asked,
            changed=changed,
            access=_access_choices(session, practice, actor, raw) if step is StepName.ACCESS else None,
            review=_review(session, practice, actor, facts, draft.answers)
            if step in {StepName.REVIEW, StepName.ASK}
            else None,
        )

    def _to_mend(self, session: Session, practice: Practice, facts: Facts, draft: Draft) -> StepName | None:
        """The first page that would be refused now: something may have changed since it was filled in."""
        for step in applying(facts, draft.answers):
            raw = draft.answers.get(step.name, {})
            try:
                form = read(step.form, raw)
                if isinstance(form, DetailsForm):
                    _require_free_code(session, practice, form.practice_code)
            except InvalidError:
                return step.name
            if (
                isinstance(form, InviteForm)
                and form.invite is InviteChoice.NOW
                and form.existing is None
                and _email_is_taken(session, practice, key := email_key(str(form.contact_email)))
            ):
                self._keep(draft, step.name, {**raw, _WARNED: key})
                return step.name
        return None

    def _insert(
        self,
        session: Session,
        actor: Actor,
        colleague: Colleague,
        practice: Practice,
        facts: Facts,
        draft: Draft,
        now: datetime,
    ) -> Client:
        review = _review(session, practice, actor, facts, draft.answers)
        client = Client(
            practice_id=practice.id,
            name=review.name,
            name_key=name_key(review.name),
            practice_code=review.practice_code,
            code_key=code_key(review.practice_code) if review.practice_code else None,
            industry=review.industry,
            kind=ClientKind.BUSINESS,
            solutions=review.solutions,
            software=review.software,
            tax_categories=review.tax_categories,
            applied_defaults=practice.client_defaults,
            draft_id=draft.id,
            created_by=actor.colleague_id,
            created_at=now,
        )
        _insert_with_extract_name(session, client)
        _grant(session, actor, colleague, practice, client, draft.answers)
        audit.record(
            session,
            actor,
            "client.created",
            client.id,
            at=now,
            after={
                "name": client.name,
                "practice_code": client.practice_code,
                "solutions": client.solutions,
                "software": client.software,
                "extract_name": client.extract_name,
                "colleagues": list(review.colleagues),
                "teams": list(review.teams),
                "account_manager": review.account_manager,
                "defaults": practice.client_defaults,
            },
        )
        if review.invite is InviteChoice.NOW:
            self._add_contact(session, actor, practice, client, review, now)
        jobs.put(
            session,
            jobs.NewJob(
                lane=Lane.SLACK,
                kind="slack.client_created",
                key=f"slack.client_created:{client.id}",
                practice_id=practice.id,
                args={"client_id": str(client.id), "colleague_id": str(actor.colleague_id)},
            ),
        )
        return client

    def _add_contact(
        self, session: Session, actor: Actor, practice: Practice, client: Client, review: Review, now: datetime
    ) -> None:
        email = clean_email(str(review.contact_email))
        user = ClientUser(
            practice_id=practice.id,
            client_id=client.id,
            name=str(review.contact_name),
            email=email,
            email_key=email_key(email),
            role=ClientRole.BUSINESS_ADMIN,
            is_owner=True,
            created_at=now,
        )
        session.add(user)
        if review.existing is ExistingUser.ADD_WITHOUT_INVITATION:
            user.login_id = session.scalar(select(Login.id).where(Login.email_key == user.email_key))
        session.flush()
        audit.record(
            session, actor, "client_user.added", user.id, at=now, after={"name": user.name, "email": user.email}
        )
        if review.existing is None:
            invite(
                session,
                actor=actor,
                client_user=user,
                client_id=client.id,
                practice_id=practice.id,
                keys=self._keys,
                now=now,
            )

    def _created(self, session: Session, practice: Practice, client_id: uuid.UUID) -> CreatedClient:
        client = session.scalars(select(Client).where(Client.id == client_id, Client.practice_id == practice.id)).one()
        owner = session.scalar(select(ClientUser).where(ClientUser.client_id == client_id, ClientUser.is_owner))
        status = session.scalar(
            select(Invitation.status).where(Invitation.client_id == client_id).order_by(Invitation.id.desc()).limit(1)
        )
        return CreatedClient(
            practice_id=practice.id,
            client_id=client.id,
            name=client.name,
            practice_code=client.practice_code,
            extract=extract.ExtractAddress(client.extract_name, self._extract_domain),
            solutions=client.solutions,
            software=client.software,
            tax_categories=client.tax_categories,
            contact_name=owner.name if owner else None,
            contact_email=owner.email if owner else None,
            invitation=status,
            has_existing_login=owner is not None and status is None,
            bundle=count_bundle(session, practice),
            created_by=session.scalars(select(Colleague.slack_user_id).where(Colleague.id == client.created_by)).one(),
        )


def _practice(session: Session, actor: Actor) -> Practice:
    return session.scalars(select(Practice).where(Practice.id == actor.practice_id)).one()


def _open_draft(session: Session, actor: Actor) -> Draft | None:
    return session.scalar(
        select(Draft)
        .where(Draft.colleague_id == actor.colleague_id, Draft.wizard == WIZARD, Draft.closed_at.is_(None))
        .with_for_update()
    )


def _draft(session: Session, actor: Actor, draft_id: uuid.UUID, *, closed_too: bool = False) -> Draft:
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
        _require_open(draft)
    return draft


def _require_open(draft: Draft) -> None:
    if draft.client_id is not None:
        raise GoneError("This client was already created. Its result is in your messages from Clientdesk.")
    if draft.closed_at is not None:
        raise GoneError("This draft was closed or discarded in another window. Type /add-client to begin again.")


def _facts(session: Session, practice: Practice, actor: Actor) -> Facts:
    colleagues, teams = has_grantees(session, practice, actor)
    return Facts(
        region=practice.region,
        plan=practice.plan,
        has_dhi=practice.has_dhi,
        has_colleagues=colleagues,
        has_teams=teams,
    )


def _position(steps: list[Step], name: str) -> int:
    """Where the step stands; the first place when it does not apply (any more)."""
    return next((i for i, step in enumerate(steps) if step.name == name), 0)


def _require_free_code(session: Session, practice: Practice, code: str | None) -> None:
    if code is None:
        return
    holder = session.scalar(
        select(Client.name).where(Client.practice_id == practice.id, Client.code_key == code_key(code))
    )
    if holder is not None:
        raise InvalidError({"practice_code": f"This code is already used by {holder}. Choose another."})


def _twin_key(details: DetailsForm) -> str:
    return f"{name_key(details.name)}|{_bare(details.practice_code or '')}"


def _bare(code: str) -> str:
    return "".join(c for c in code_key(code) if c.isalnum())


def _twins(session: Session, practice: Practice, details: DetailsForm) -> tuple[Twin, ...]:
    """Clients whose name equals or nearly equals the typed one, or whose code differs in its punctuation only."""
    key = name_key(details.name)
    # Names that differ more in length can't be near: ratio >= 88 of 100 allows 24 in 176 of difference.
    spread = len(key) * 27 // 100 + 1
    length = func.length(Client.name_key)
    keys = session.scalars(
        select(Client.name_key)
        .where(Client.practice_id == practice.id, length.between(len(key) - spread, len(key) + spread))
        .distinct()
    )
    matches: list[ColumnElement[bool]] = [Client.name_key.in_(near(key, keys))]
    if details.practice_code and (bare := _bare(details.practice_code)):
        folded: ColumnElement[Any] = func.coalesce(Client.code_key, "")
        for mark in "-_./ ":
            folded = func.replace(folded, mark, "")
        matches.append(folded == bare)
    rows = session.execute(
        select(Client.name, Client.practice_code, Client.deactivated_at)
        .where(Client.practice_id == practice.id, or_(*matches))
        .order_by(Client.name)
        .limit(5)
    )
    return tuple(
        Twin(name=row.name, practice_code=row.practice_code, deactivated=row.deactivated_at is not None) for row in rows
    )


def _email_is_taken(session: Session, practice: Practice, key: str) -> bool:
    """Whether somebody signs in with this address, or is a user of one of this practice's clients."""
    login = session.scalar(select(Login.id).where(Login.email_key == key))
    user = session.scalar(
        select(ClientUser.id).where(ClientUser.practice_id == practice.id, ClientUser.email_key == key).limit(1)
    )
    return login is not None or user is not None


def _grantable(
    session: Session, practice: Practice, actor: Actor, *, managers: bool, containing: str = ""
) -> tuple[Choosable, ...]:
    """Colleagues to choose from, one more than can be listed. Admins have access anyway, and so has the actor."""
    query = select(Colleague.id, Colleague.name).where(Colleague.practice_id == practice.id, Colleague.active)
    if not managers:
        query = query.where(Colleague.role == Role.STANDARD, Colleague.id != actor.colleague_id)
    if containing:
        query = query.where(func.lower(Colleague.name).contains(containing.lower(), autoescape=True))
    rows = session.execute(query.order_by(Colleague.name, Colleague.id).limit(LISTED + 1))
    return tuple(Choosable(row.id, row.name) for row in rows)


def _teams(session: Session, practice: Practice) -> tuple[Choosable, ...]:
    if practice.plan is not Plan.ADVANCED:
        return ()
    rows = session.execute(
        select(Team.id, Team.name).where(Team.practice_id == practice.id).order_by(Team.name).limit(LISTED)
    )
    return tuple(Choosable(row.id, row.name) for row in rows)


def _chosen(session: Session, practice: Practice, ids: tuple[uuid.UUID, ...]) -> tuple[Choosable, ...]:
    if not ids:
        return ()
    rows = session.execute(
        select(Colleague.id, Colleague.name)
        .where(Colleague.practice_id == practice.id, Colleague.active, Colleague.id.in_(ids))
        .order_by(Colleague.name)
    )
    return tuple(Choosable(row.id, row.name) for row in rows)


def _access_form(answers: Mapping[str, Any]) -> AccessForm:
    try:
        return read(AccessForm, answers.get(StepName.ACCESS, {}))
    except InvalidError:
        return AccessForm()


def _access_choices(session: Session, practice: Practice, actor: Actor, raw: Raw) -> AccessChoices:
    form = _access_form({StepName.ACCESS: raw})
    colleagues = _grantable(session, practice, actor, managers=False)
    advanced = practice.plan is Plan.ADVANCED
    managers = _grantable(session, practice, actor, managers=True) if advanced else ()
    teams = _teams(session, practice)
    manager = _chosen(session, practice, (form.account_manager,)) if form.account_manager and advanced else ()
    return AccessChoices(
        colleagues=colleagues[:LISTED],
        teams=teams,
        managers=managers[:LISTED],
        too_many=max(len(colleagues), len(managers)) > LISTED,
        chosen_colleagues=_chosen(session, practice, form.colleagues),
        chosen_teams=tuple(team for team in teams if team.id in form.teams),
        chosen_manager=manager[0] if manager else None,
    )


def _require_grantees(session: Session, practice: Practice, form: AccessForm) -> None:
    problems = {}
    if len(_chosen(session, practice, form.colleagues)) != len(set(form.colleagues)):
        problems["colleagues"] = "Somebody you chose is no longer a colleague. Choose again."
    if not set(form.teams) <= {team.id for team in _teams(session, practice)}:
        problems["teams"] = "A team you chose is no longer there. Choose again."
    if form.account_manager and not _chosen(session, practice, (form.account_manager,)):
        problems["account_manager"] = "This person is no longer a colleague. Choose again."
    if problems:
        raise InvalidError(problems)


def _review(session: Session, practice: Practice, actor: Actor, facts: Facts, answers: Mapping[str, Any]) -> Review:
    """What the draft comes to, by the steps that apply. Only for drafts whose steps have been checked."""
    names = {step.name for step in applying(facts, answers)}
    details = read(DetailsForm, answers.get(StepName.DETAILS, {}))
    invited = read(InviteForm, answers.get(StepName.INVITE, {}))
    inviting = invited.invite is InviteChoice.NOW
    raw_access = answers.get(StepName.ACCESS, {}) if StepName.ACCESS in names else {}
    access = _access_choices(session, practice, actor, raw_access)
    solutions = Solutions.BOOKKEEPING
    if StepName.SOLUTIONS in names:
        solutions = read(SolutionsForm, answers.get(StepName.SOLUTIONS, {})).solutions
    switched = details.self_employed and offers_self_employed(facts, answers)
    return Review(
        name=details.name,
        practice_code=details.practice_code,
        industry=details.industry,
        solutions=solutions,
        software=read(SoftwareForm, answers.get(StepName.SOFTWARE, {})).software,
        tax_categories=_TAX_CATEGORIES[facts.region] if switched else None,
        colleagues=tuple(c.name for c in access.chosen_colleagues),
        teams=tuple(t.name for t in access.chosen_teams),
        account_manager=access.chosen_manager.name if access.chosen_manager else None,
        invite=invited.invite,
        contact_name=invited.contact_name if inviting else None,
        contact_email=clean_email(str(invited.contact_email)) if inviting else None,
        existing=invited.existing if inviting else None,
    )


def _grant(
    session: Session,
    actor: Actor,
    colleague: Colleague,
    practice: Practice,
    client: Client,
    answers: Mapping[str, Any],
) -> None:
    access = _access_choices(session, practice, actor, answers.get(StepName.ACCESS, {}))
    people = {c.id for c in access.chosen_colleagues}
    if not policy.sees_all_clients(colleague):
        people.add(colleague.id)  # whoever adds a client can open it
    if access.chosen_manager:
        client.account_manager_id = access.chosen_manager.id
        people.add(access.chosen_manager.id)
    session.add_all(ClientAccess(client_id=client.id, colleague_id=person) for person in people)
    session.add_all(ClientAccess(client_id=client.id, team_id=team.id) for team in access.chosen_teams)


def _insert_with_extract_name(session: Session, client: Client) -> None:
    """Adds the client under the first Extract name that is free in the whole installation."""
    names = extract.candidates(client.name)
    client.extract_name = next(names)
    taken = set(
        session.scalars(
            select(Client.extract_name).where(
                or_(
                    Client.extract_name == client.extract_name,
                    Client.extract_name.startswith(f"{client.extract_name}-"),
                )
            )
        )
    )
    while True:
        while client.extract_name in taken:
            client.extract_name = next(names)
        try:
            with session.begin_nested():
                session.add(client)
        except IntegrityError as error:
            if "extract_name" not in str(error.orig):
                raise
            # Another practice took the name between the look and the insert.
            taken.add(client.extract_name)
        else:
            return
