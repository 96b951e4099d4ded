"""The practice's settings: what they are, who may change which of them, and the changes."""

import hashlib
import re
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from db.models import (
    Authorisation,
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    PartnerProgramme,
    Plan,
    Practice,
    Provider,
    Region,
    Role,
    Team,
)
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.errors import ConflictError, InvalidError, NotPermittedError
from services.invitations.reminder_settings import ShownSettings, settings_of
from services.people import LONGEST_DUE_DATE, ClientDefaults
from services.practice import LARGEST_BUNDLE, admins, clean_name, count_bundle, get_colleague, lock_practice

HOLDERS_SHOWN = 10
_CHANNEL = re.compile(r"[CG][A-Z0-9_]{1,30}")
_ON_BILLING_PAGE = "The subscription is changed on the billing page."


class Area(StrEnum):
    """What is changed together. The reminders of invitations have a service of their own."""

    DETAILS = "details"
    SUBSCRIPTION = "subscription"
    CLIENT_DEFAULTS = "client_defaults"
    APPROVALS = "approvals"


_REQUIRES: dict[Area, Callable[[Colleague], None]] = {
    Area.DETAILS: policy.require_change_practice,
    Area.SUBSCRIPTION: policy.require_change_subscription,
    Area.CLIENT_DEFAULTS: policy.require_change_client_defaults,
    Area.APPROVALS: policy.require_change_approvals_channel,
}


class Details(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    region: Region
    partner_programme: PartnerProgramme


class Subscription(BaseModel):
    model_config = ConfigDict(frozen=True)

    plan: Plan
    bundle: int
    has_dhi: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A colleague who signed in at a provider, and how many connections rest on that. `ended`: the sign-in did."""

    name: str
    connections: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """`holders` are those with the most connections, `more` is how many others there are. What a provider is used for
    is counted for admins only: others don't see all clients."""

    provider: Provider
    configured: bool
    sign_ins: int = 0
    holders: tuple[Holder, ...] = ()
    more: int = 0
    connections: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSettings:
    """`may` are the areas that the person may change; `practice_admins` and `admins` are the Slack ids of those who
    may. `teams` and `managed` count teams, and clients with an account manager. With a `billing_url` the subscription
    is changed there. Clients invite the practice by its `address`."""

    details: Details
    address: str
    subscription: Subscription
    used: int
    teams: int
    managed: int
    billing_url: str | None
    client_defaults: ClientDefaults
    reminders: ShownSettings
    approvals_channel: str | None
    integrations: tuple[Integration, ...]
    may: frozenset[Area]
    may_see_audit: bool
    may_see_insights: bool
    practice_admins: tuple[str, ...]
    admins: tuple[str, ...]


def version_of(values: BaseModel) -> str:
    """Differs when any value does. A form carries it, so that what it shows is not written over what came since."""
    return hashlib.sha256(values.model_dump_json().encode()).hexdigest()[:16]


class PracticeSettingsService:
    def __init__(
        self, database: Database, *, billing_url: str | None = None, providers: Collection[Provider] = ()
    ) -> None:
        self._database = database
        self._billing_url = billing_url
        self._providers = providers

    def shown(self, actor: Actor, *, to_change: Area | None = None) -> PracticeSettings:
        """Raises NotPermittedError when the person may not change the area named."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            if to_change is not None:
                self._require(colleague, to_change)
            practice = session.scalars(select(Practice).where(Practice.id == actor.practice_id)).one()
            is_admin = policy.is_admin(colleague)
            return PracticeSettings(
                details=_details(practice),
                address=practice.address,
                subscription=_subscription(practice),
                used=count_bundle(session, practice).used,
                teams=_count(session, Team.practice_id == practice.id),
                managed=_count(session, Client.practice_id == practice.id, Client.account_manager_id.is_not(None)),
                billing_url=self._billing_url,
                client_defaults=ClientDefaults.model_validate(practice.client_defaults),
                reminders=ShownSettings(practice=settings_of(practice), mine=colleague.reminded, may_change=is_admin),
                approvals_channel=practice.approvals_channel,
                integrations=self._integrations(session, practice.id, counted=is_admin),
                may=frozenset(area for area in Area if self._may(colleague, area)),
                may_see_audit=is_admin,
                may_see_insights=policy.may_see_insights(colleague),
                practice_admins=admins(session, practice.id, frozenset({Role.PRACTICE_ADMIN})),
                admins=admins(session, practice.id, policy.ADMIN_ROLES),
            )

    def change_details(self, actor: Actor, wanted: Details, *, version: str) -> None:
        """Raises InvalidError at `name`, NotPermittedError, ConflictError."""
        with self._database.begin() as session:
            practice = self._locked(session, actor, Area.DETAILS)
            wanted = wanted.model_copy(update={"name": clean_name(wanted.name)})
            if self._differs(session, actor, practice, "practice.details_changed", _details(practice), wanted, version):
                practice.name, practice.region = wanted.name, wanted.region
                practice.partner_programme = wanted.partner_programme

    def change_subscription(self, actor: Actor, wanted: Subscription, *, version: str) -> None:
        """Raises InvalidError at `bundle`, NotPermittedError, ConflictError."""
        with self._database.begin() as session:
            practice = self._locked(session, actor, Area.SUBSCRIPTION)
            used = count_bundle(session, practice).used
            if wanted.bundle != practice.bundle and not max(1, used) <= wanted.bundle <= LARGEST_BUNDLE:
                in_use = f"{used:,} are in use. " if used else ""
                raise InvalidError(
                    {"bundle": f"{in_use}Enter a whole number from {max(1, used):,} to {LARGEST_BUNDLE:,}."}
                )
            before, action = _subscription(practice), "practice.subscription_changed"
            if self._differs(session, actor, practice, action, before, wanted, version):
                practice.plan, practice.bundle, practice.has_dhi = wanted.plan, wanted.bundle, wanted.has_dhi

    def change_client_defaults(self, actor: Actor, wanted: ClientDefaults, *, version: str) -> None:
        """For accounts created from now on.

        Raises InvalidError at `due_date_days`, NotPermittedError, ConflictError.
        """
        with self._database.begin() as session:
            practice = self._locked(session, actor, Area.CLIENT_DEFAULTS)
            if not 0 <= wanted.due_date_days <= LONGEST_DUE_DATE:
                raise InvalidError({"due_date_days": f"Enter a whole number from 0 to {LONGEST_DUE_DATE}."})
            before, action = ClientDefaults.model_validate(practice.client_defaults), "practice.client_defaults_changed"
            if self._differs(session, actor, practice, action, before, wanted, version):
                practice.client_defaults = wanted.model_dump(mode="json")

    def is_new_channel(self, actor: Actor, channel: str) -> bool:
        """Whether permission requests don't go there yet, so that the app has to try it first.

        Raises InvalidError at `channel`, NotPermittedError.
        """
        with self._database.read() as session:
            self._require(get_colleague(session, actor), Area.APPROVALS)
            _require_channel(channel)
            kept = session.scalar(select(Practice.approvals_channel).where(Practice.id == actor.practice_id))
            return channel != kept

    def change_approvals_channel(self, actor: Actor, channel: str | None) -> None:
        """Where permission requests go; None for direct messages. That the app can write there has been tried.

        Raises InvalidError at `channel`, NotPermittedError.
        """
        with self._database.begin() as session:
            practice = self._locked(session, actor, Area.APPROVALS)
            if channel is not None:
                _require_channel(channel)
            before = practice.approvals_channel
            if channel == before:
                return
            practice.approvals_channel = channel
            audit.record(
                session,
                actor,
                "practice.approvals_channel_changed",
                practice.id,
                at=self._database.now(),
                before={"approvals_channel": before},
                after={"approvals_channel": channel},
            )

    def _require(self, colleague: Colleague, area: Area) -> None:
        _REQUIRES[area](colleague)
        if area is Area.SUBSCRIPTION and self._billing_url is not None:
            raise NotPermittedError(_ON_BILLING_PAGE)

    def _may(self, colleague: Colleague, area: Area) -> bool:
        try:
            self._require(colleague, area)
        except NotPermittedError:
            return False
        return True

    def _locked(self, session: Session, actor: Actor, area: Area) -> Practice:
        practice = lock_practice(session, actor.practice_id)
        self._require(get_colleague(session, actor, lock=True), area)
        return practice

    def _differs(
        self,
        session: Session,
        actor: Actor,
        practice: Practice,
        action: str,
        before: BaseModel,
        wanted: BaseModel,
        version: str,
    ) -> bool:
        """Whether there is anything to change, which is then in the audit trail. Raises ConflictError when the values
        are no longer those of the `version` that the person saw."""
        if wanted == before:
            return False
        if version != version_of(before):
            raise ConflictError(
                "Somebody changed these settings while you had them open. Close this to see what you entered, "
                "press Back, and change what is still to be changed."
            )
        old, new = before.model_dump(mode="json"), wanted.model_dump(mode="json")
        changed = [name for name in new if old[name] != new[name]]
        audit.record(
            session,
            actor,
            action,
            practice.id,
            at=self._database.now(),
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed},
        )
        return True

    def _integrations(self, session: Session, practice_id: uuid.UUID, *, counted: bool) -> tuple[Integration, ...]:
        if not counted:
            return tuple(Integration(provider=each, configured=each in self._providers) for each in Provider)
        is_broken = case((Connection.status != ConnectionStatus.CONNECTED, 1), else_=0)
        resting = (
            select(
                Connection.authorisation_id,
                func.count().label("connections"),
                func.sum(is_broken).label("broken"),
            )
            .join(Client, Client.id == Connection.client_id)
            .where(Connection.practice_id == practice_id, Client.deactivated_at.is_(None))
            .group_by(Connection.authorisation_id)
            .subquery()
        )
        connections, broken = func.coalesce(resting.c.connections, 0), func.coalesce(resting.c.broken, 0)
        rows = session.execute(
            select(Authorisation.provider, Authorisation.dead_at, Colleague.name, connections, broken)
            .join(Colleague, Colleague.id == Authorisation.colleague_id)
            .outerjoin(resting, resting.c.authorisation_id == Authorisation.id)
            .where(Authorisation.practice_id == practice_id)
            .order_by(connections.desc(), Colleague.name, Authorisation.id)
        ).all()
        found = []
        for provider in Provider:
            own = [row for row in rows if row[0] is provider]
            shown = own[:HOLDERS_SHOWN]
            found.append(
                Integration(
                    provider=provider,
                    configured=provider in self._providers,
                    sign_ins=len(own),
                    holders=tuple(
                        Holder(name=name, connections=count, ended=dead_at is not None)
                        for _, dead_at, name, count, _ in shown
                    ),
                    more=len(own) - len(shown),
                    connections=sum(row[3] for row in own),
                    broken=sum(row[4] for row in own),
                )
            )
        return tuple(found)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _require_channel(channel: str) -> None:
    """Slack takes a person's id for a channel, too."""
    if not _CHANNEL.fullmatch(channel):
        raise InvalidError({"channel": "Choose a channel."})


def _details(practice: Practice) -> Details:
    return Details(name=practice.name, region=practice.region, partner_programme=practice.partner_programme)


def _subscription(practice: Practice) -> Subscription:
    return Subscription(plan=practice.plan, bundle=practice.bundle, has_dhi=practice.has_dhi)
