"""Sending to all that are listed: one job, which tells in the end who was left out and why."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Client, Colleague, Lane
from db.session import Database
from services import jobs, notices, policy
from services.actor import Actor
from services.clients.visibility import seen_by
from services.errors import ConflictError, ServiceError
from services.invitations.listing import RESENDABLE, InvitationWish, Standing, Target, targets
from services.invitations.records import REFUSALS, NotInvitableError, Refusal
from services.invitations.renewing import AT_ONCE, invite_user, resend
from services.jobs import Claim, Kind, NewJob
from services.keys import Keyring
from services.practice import get_colleague

BULK = "invitation.bulk"
BULK_DONE = "slack.invitations_sent"
NAMED = 20
"""As many of those left out as the message names."""


@dataclass(frozen=True, slots=True)
class Skipped:
    client_name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReport:
    """`more` were left out beside those named. `unfinished`: something broke, and the rest was not looked at."""

    practice_id: uuid.UUID
    slack_user_id: str
    sent: int
    skipped: tuple[Skipped, ...]
    more: int
    unfinished: bool


class BulkInviting:
    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    def kinds(self) -> list[Kind]:
        return [
            Kind(
                name=BULK,
                lane=Lane.LOCAL,
                run=self.run,
                max_attempts=5,
                backoff=timedelta(seconds=5),
                on_failure=_gave_up,
            )
        ]

    def start(self, actor: Actor, wish: InvitationWish) -> int:
        """How many of those listed are taken up. Raises ConflictError while the actor's last ones are still being
        sent, and where nothing can be sent."""
        now = self._database.now()
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            session.execute(select(Colleague.id).where(Colleague.id == colleague.id).with_for_update())
            policy.require_active(colleague)
            if jobs.progress(session, colleague.id).open:
                raise ConflictError("Your last ones are still being sent. You get a message when that is done.")
            wanted = targets(session, colleague, wish, now)
            number = sum(each.client_user_id is not None or each.invitation_id is not None for each in wanted)
            if not number or wish.standing not in RESENDABLE | {Standing.NEVER}:
                raise ConflictError("There is nothing here that can be sent any more. Open the list again.")
            jobs.put(
                session,
                NewJob(
                    lane=Lane.LOCAL,
                    kind=BULK,
                    key=f"{BULK}:{uuid.uuid4()}",
                    practice_id=actor.practice_id,
                    args={
                        "colleague_id": str(colleague.id),
                        "started_at": now.isoformat(),
                        "targets": [_dumped(each) for each in wanted],
                    },
                    batch=colleague.id,
                ),
            )
            return number

    def run(self, claim: Claim) -> None:
        """Each by itself. A second try passes over those that the first one has reached."""
        actor = _actor(claim)
        since = datetime.fromisoformat(claim.args["started_at"]) - AT_ONCE
        sent, skipped = 0, list[list[str]]()
        for target in map(_loaded, claim.args["targets"]):
            try:
                self._send(actor, target, since)
                sent += 1
            except NotInvitableError as refusal:
                skipped.append([str(target.client_id), refusal.why])
            except ServiceError:
                skipped.append([str(target.client_id), Refusal.GONE])
        with self._database.begin() as session:
            jobs.finish(session, claim)
            _tell(session, claim, {"sent": sent, "skipped": skipped[:NAMED], "more": len(skipped[NAMED:])})

    def report(self, practice_id: uuid.UUID, args: Mapping[str, Any]) -> BulkReport:
        """What the message says of a finished job."""
        skipped = [(uuid.UUID(client_id), Refusal(why)) for client_id, why in args["skipped"]]
        with self._database.read() as session:
            colleague = session.get_one(Colleague, uuid.UUID(args["colleague_id"]))
            known = select(Client.id, Client.name).where(
                seen_by(colleague), Client.id.in_([client_id for client_id, _ in skipped])
            )
            names = dict(session.execute(known).all())
            return BulkReport(
                practice_id=practice_id,
                slack_user_id=colleague.slack_user_id,
                sent=args["sent"],
                skipped=tuple(_skipped(names.get(client_id), why) for client_id, why in skipped),
                more=args["more"],
                unfinished=bool(args.get("unfinished")),
            )

    def _send(self, actor: Actor, target: Target, since: datetime) -> None:
        now = self._database.now()
        with self._database.begin() as session:
            if target.invitation_id is not None:
                resend(session, self._keys, actor, target.invitation_id, now, since=since)
            elif target.client_user_id is not None:
                invite_user(session, self._keys, actor, target.client_user_id, now, since=since)
            else:
                raise NotInvitableError(Refusal.NOBODY, person="", client="")


def _gave_up(session: Session, claim: Claim, _: str) -> None:
    """For the transaction that marks the job failed."""
    _tell(session, claim, {"sent": 0, "skipped": [], "more": 0, "unfinished": True})


def _tell(session: Session, claim: Claim, args: Mapping[str, Any]) -> None:
    actor = _actor(claim)
    notices.tell(
        session,
        BULK_DONE,
        claim.id,
        practice_id=actor.practice_id,
        colleague_id=actor.colleague_id,
        args={"colleague_id": str(actor.colleague_id), **args},
    )


def _skipped(name: str | None, why: Refusal) -> Skipped:
    if name is None:
        return Skipped("A client", "You can't open it any more.")
    return Skipped(name, REFUSALS[why].format(person="The person", client="The client"))


def _actor(claim: Claim) -> Actor:
    if claim.practice_id is None:
        raise jobs.GiveUp("The job names no practice")
    return Actor(claim.practice_id, uuid.UUID(claim.args["colleague_id"]))


def _dumped(target: Target) -> list[str | None]:
    found = (target.client_id, target.invitation_id, target.client_user_id)
    return [None if each is None else str(each) for each in found]


def _loaded(dumped: list[str]) -> Target:
    client_id, invitation_id, client_user_id = dumped
    return Target(
        uuid.UUID(client_id),
        uuid.UUID(invitation_id) if invitation_id else None,
        uuid.UUID(client_user_id) if client_user_id else None,
    )
