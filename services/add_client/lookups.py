"""What the wizard asks the database: who can be given access, what exists already, what a draft comes to."""

import uuid

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from db.models import (
    Client,
    Colleague,
    PermissionKind,
    Plan,
    Practice,
    Region,
    Role,
    Software,
    Solutions,
    TaxCategories,
    Team,
)
from services import policy
from services.actor import Actor
from services.add_client.connecting import chosen_connection, organisation_of
from services.add_client.records import (
    AccessChoices,
    BundleFull,
    Choosable,
    ChosenAccess,
    PermissionMissing,
    Review,
    SoloReview,
    Twin,
)
from services.add_client.steps import (
    AccessForm,
    Answers,
    DetailsForm,
    Facts,
    InviteChoice,
    InviteForm,
    NamedForm,
    SoftwareForm,
    SoloDetailsForm,
    SolutionsForm,
    StepName,
    applying,
    is_solo,
    offers_self_employed,
)
from services.clients.names import bare_code, code_key, name_key, near
from services.emails import clean_email
from services.errors import InvalidError
from services.forms import Raw, read
from services.keys import Keyring
from services.permissions.asking import pending
from services.practice import Bundle, admins, has_grantees
from services.solo.forms import NumbersForm, SourcesForm
from services.solo.sealing import unseal
from services.solo.standing import mandate_of

LISTED = 100
"""As many options as a Slack select can show; with more the form searches instead."""
_TAX_CATEGORIES = {Region.UNITED_STATES: TaxCategories.SCHEDULE_C, Region.CANADA: TaxCategories.T2125}


def facts_of(session: Session, practice: Practice, actor: Actor) -> Facts:
    colleagues, teams = has_grantees(session, practice, actor)
    return Facts(
        region=practice.region,
        plan=practice.plan,
        has_dhi=practice.has_dhi,
        has_colleagues=colleagues,
        has_teams=teams,
    )


def require_free_code(session: Session, practice: Practice, code: str | None, *, but: uuid.UUID | None = None) -> None:
    """No other client than `but` has it."""
    if code is None:
        return
    holder = session.scalar(
        select(Client.name).where(
            Client.practice_id == practice.id, Client.code_key == code_key(code), Client.id.is_distinct_from(but)
        )
    )
    if holder is not None:
        raise InvalidError({"practice_code": f"This code is already used by {holder}. Choose another."})


def twin_key(details: NamedForm) -> str:
    return f"{name_key(details.name)}|{details.practice_code and bare_code(details.practice_code)}"


def find_twins(
    session: Session, practice: Practice, details: NamedForm, *, but: uuid.UUID | None = None
) -> tuple[Twin, ...]:
    """Clients, other than `but`, whose name equals or nearly equals the typed one, or whose code differs in its
    punctuation only."""
    key = name_key(details.name)
    # Names that differ more in length can't be near: ratio >= 88 of 100 allows 24 in 176 of difference.
    spread = len(key) * 27 // 100 + 1
    length = func.length(Client.name_key)
    # One text instead of a row for each client takes a quarter of the time at 10,000. Keys hold no line breaks.
    keys = session.scalar(
        select(func.aggregate_strings(Client.name_key, "\n")).where(
            Client.practice_id == practice.id, length.between(len(key) - spread, len(key) + spread)
        )
    )
    alike = near(key, dict.fromkeys(keys.split("\n"))) if keys else []
    twins = select(Client.id, Client.name, Client.practice_code, Client.deactivated_at).where(
        Client.practice_id == practice.id, Client.id.is_distinct_from(but)
    )
    # Two searches, each by its own index: joined by OR they would read every client.
    searches = [twins.where(Client.name_key.in_(alike))]
    if (bare := bare_code(details.practice_code or "")) is not None:
        searches.append(twins.where(Client.bare_code == bare))
    rows = session.execute(union(*searches).order_by("name").limit(5))
    return tuple(
        Twin(name=row.name, practice_code=row.practice_code, deactivated=row.deactivated_at is not None) for row in rows
    )


def grantable(
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


def permission_missing(session: Session, colleague: Colleague) -> PermissionMissing:
    """For a colleague who may not add clients."""
    return PermissionMissing(
        admins=admins(session, colleague.practice_id, policy.ADMIN_ROLES),
        asked=pending(session, colleague, PermissionKind.ADD_CLIENTS),
    )


def bundle_full(session: Session, colleague: Colleague, bundle: Bundle, billing_url: str | None) -> BundleFull:
    return BundleFull(
        bundle=bundle,
        may_raise=policy.may_change_subscription(colleague),
        billing_url=billing_url,
        admins=admins(session, colleague.practice_id, frozenset({Role.PRACTICE_ADMIN})),
        asked=pending(session, colleague, PermissionKind.BUNDLE),
    )


def team_choices(session: Session, practice: Practice) -> tuple[Choosable, ...]:
    """None unless the plan has them."""
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


def chosen_access(session: Session, practice: Practice, raw: Raw) -> ChosenAccess:
    """What was ticked at the access step, as far as it can still be given."""
    try:
        form = read(AccessForm, raw)
    except InvalidError:
        form = AccessForm()
    teams = tuple(team for team in team_choices(session, practice) if team.id in form.teams) if form.teams else ()
    manager = form.account_manager if practice.plan is Plan.ADVANCED else None
    managers = _chosen(session, practice, (manager,)) if manager else ()
    return ChosenAccess(
        colleagues=_chosen(session, practice, form.colleagues),
        teams=teams,
        account_manager=managers[0] if managers else None,
    )


def access_choices(session: Session, practice: Practice, actor: Actor, raw: Raw) -> AccessChoices:
    colleagues = grantable(session, practice, actor, managers=False)
    managers = grantable(session, practice, actor, managers=True) if practice.plan is Plan.ADVANCED else ()
    return AccessChoices(
        colleagues=colleagues[:LISTED],
        teams=team_choices(session, practice),
        managers=managers[:LISTED],
        too_many=max(len(colleagues), len(managers)) > LISTED,
        chosen=chosen_access(session, practice, raw),
    )


def require_grantees(session: Session, practice: Practice, form: AccessForm) -> None:
    problems = {}
    if len(_chosen(session, practice, form.colleagues)) != len(set(form.colleagues)):
        problems["colleagues"] = "Somebody you chose is no longer a colleague. Choose again."
    if not set(form.teams) <= {team.id for team in team_choices(session, practice)}:
        problems["teams"] = "A team you chose is no longer there. Choose again."
    if form.account_manager and not _chosen(session, practice, (form.account_manager,)):
        problems["account_manager"] = "This person is no longer a colleague. Choose again."
    if problems:
        raise InvalidError(problems)


def review_of(session: Session, practice: Practice, keys: Keyring, facts: Facts, answers: Answers) -> Review:
    """What the draft comes to, by the steps that apply. Only for drafts whose steps have been checked."""
    names = {step.name for step in applying(facts, answers)}
    details = read(DetailsForm, answers.get(StepName.DETAILS, {}))
    invited = read(InviteForm, answers.get(StepName.INVITE, {}), facts.mobile_region)
    inviting = invited.invite is InviteChoice.NOW
    raw_access = answers.get(StepName.ACCESS, {}) if StepName.ACCESS in names else {}
    solutions, software, connection = Solutions.BOOKKEEPING, Software.NONE, None
    if StepName.SOLUTIONS in names:
        solutions = read(SolutionsForm, answers.get(StepName.SOLUTIONS, {})).solutions
    if StepName.SOFTWARE in names:
        software = read(SoftwareForm, answers.get(StepName.SOFTWARE, {})).software
        connection = chosen_connection(answers)
    switched = details.self_employed and offers_self_employed(facts, answers)
    solo = is_solo(facts, answers)
    return Review(
        name=details.name,
        practice_code=details.practice_code,
        industry=None if solo else details.industry,
        solutions=solutions,
        software=software,
        organisation=None if connection is None else organisation_of(connection),
        tax_categories=_TAX_CATEGORIES[facts.region] if switched else None,
        access=chosen_access(session, practice, raw_access),
        invite=invited.invite,
        contact_name=invited.contact_name if inviting else None,
        contact_email=clean_email(str(invited.contact_email)) if inviting else None,
        contact_mobile=invited.mobile(facts.mobile_region) if inviting else None,
        existing=invited.existing if inviting else None,
        solo=_solo_review(keys, answers) if solo else None,
    )


def _solo_review(keys: Keyring, answers: Answers) -> SoloReview:
    details = read(SoloDetailsForm, unseal(keys, answers.get(StepName.DETAILS, {})))
    numbers = NumbersForm.model_construct(**{name: getattr(details, name) for name in NumbersForm.model_fields})
    return SoloReview(
        numbers=numbers,
        mandate=mandate_of(numbers.qualifying_income, has_nino=numbers.nino is not None),
        sources=read(SourcesForm, answers.get(StepName.SOURCES, {})).sources,
    )
