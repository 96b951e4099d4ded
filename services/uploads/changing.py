"""Clients that there are, brought up to what the rows of a file say of them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, exists, select

from db.models import (
    LIVE,
    Client,
    ClientAccess,
    ClientUser,
    IncomeSource,
    Invitation,
    InvitationStatus,
    Login,
    Software,
    SoloDetails,
)
from services.clients.index import index_clients
from services.clients.names import bare_code, code_key, name_key
from services.invitations.rows import change
from services.phones import mask_mobile
from services.uploads import rows as cells
from services.uploads import template as the
from services.uploads.adding import Import, add_source, give_access, masked
from services.uploads.contacts import Contact, contact_of
from services.uploads.known import opened
from services.uploads.records import ClientRow, Source

_DETAILS = frozenset({"name", "practice_code", "industry", "country", "base_currency", "solutions", "tax_categories"})
_NUMBERS = frozenset({"nino", "utr", "postcode"})
_SIGNS_IN = (
    "This e-mail belongs to somebody who signs in to Clientdesk. Ask them to invite your practice, or leave the e-mail "
    "as it was."
)
_OTHER_USER = "Another user of this client has this e-mail."


class Change(NamedTuple):
    """`fields` are as in Row.changes."""

    number: int
    client_id: uuid.UUID
    row: ClientRow
    fields: frozenset[str]


class Changes:
    """What the rows change. `owners` are contacts for clients that had none, `invited` those who are to be invited;
    `failed` has what was wrong with a row that is not taken over, by number."""

    def __init__(self, work: Import, changes: Sequence[Change]) -> None:
        self.owners: list[Contact] = []
        self.invited: list[Contact] = []
        self.failed: dict[int, Mapping[str, str]] = {}
        self._work = work
        ids = [each.client_id for each in changes]
        session = work.session
        self._clients = {
            client.id: client
            for client in session.scalars(
                select(Client).where(Client.id.in_(ids)).order_by(Client.id).with_for_update()
            )
        }
        owners = select(ClientUser).where(ClientUser.client_id.in_(ids), ClientUser.is_owner)
        self._owners = {
            owner.client_id: owner for owner in session.scalars(owners.order_by(ClientUser.id).with_for_update())
        }
        for each in changes:
            self._take_over(each)

    def _take_over(self, wanted: Change) -> None:
        client, parsed, changed = self._clients[wanted.client_id], wanted.row, wanted.fields
        owner = self._owners.get(client.id)
        if owner is not None and "contact_email" in changed and (refusal := self._refusal(owner, parsed)):
            self.failed[wanted.number] = {the.EMAIL: refusal}
            return
        if changed & _DETAILS:
            self._change_details(client, parsed, changed & _DETAILS)
        if owner is not None:
            self._change_owner(client, owner, parsed, changed)
        elif "contact_email" in changed and (contact := contact_of(parsed, client.id)) is not None:
            self.owners.append(contact)
        self._give_access(client, parsed, changed)
        if changed & _NUMBERS:
            self._change_numbers(client, parsed, changed & _NUMBERS)
        if "source" in changed and parsed.source is not None:
            keep_source(self._work, client.id, parsed.source)
        if changed & {"name", "practice_code", "contact_email"}:
            index_clients(self._work.session, [client.id])

    def _refusal(self, owner: ClientUser, parsed: ClientRow) -> str | None:
        key = cells.email(parsed.contact_email or "")[1]
        if key == owner.email_key:
            return None
        session = self._work.session
        if session.scalar(select(exists().where(Login.email_key == key))):
            return _SIGNS_IN
        same = exists().where(ClientUser.client_id == owner.client_id, ClientUser.email_key == key)
        return _OTHER_USER if session.scalar(select(same)) else None

    def _change_details(self, client: Client, parsed: ClientRow, changed: frozenset[str]) -> None:
        before = {field: getattr(client, field) for field in sorted(changed)}
        after = {field: getattr(parsed, field) for field in sorted(changed)}
        for field, value in after.items():
            setattr(client, field, value)
        client.name_key = name_key(client.name)
        if client.practice_code is not None:
            client.code_key, client.bare_code = code_key(client.practice_code), bare_code(client.practice_code)
        if "tax_categories" in changed and client.software is Software.LATER:
            before["software"], after["software"] = client.software, Software.NONE
            client.software = Software.NONE
        self._record("client.details_changed", client.id, before, after)

    def _change_owner(self, client: Client, owner: ClientUser, parsed: ClientRow, changed: frozenset[str]) -> None:
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if "contact_name" in changed and parsed.contact_name is not None:
            before["name"], after["name"] = owner.name, parsed.contact_name
            owner.name = parsed.contact_name
        if "contact_mobile" in changed and parsed.contact_mobile is not None:
            before["mobile"] = owner.mobile and mask_mobile(owner.mobile)
            after["mobile"] = mask_mobile(parsed.contact_mobile)
            owner.mobile = parsed.contact_mobile
        invited = None
        if "contact_email" in changed and parsed.contact_email is not None:
            before["email"] = owner.email
            owner.email, owner.email_key = cells.email(parsed.contact_email)
            after["email"] = owner.email
            invited = self._end_invitation(owner)
        if after:
            self._record("client_user.changed", owner.id, before, after)
        if "invite" in changed or invited is not None:
            by_sms = parsed.invite_by_sms if invited is None else invited.mobile is not None
            self.invited.append(
                Contact(
                    client.id,
                    owner.id,
                    owner.name,
                    owner.email,
                    owner.email_key,
                    owner.mobile,
                    parsed.invite_by_email or invited is not None,
                    by_sms,
                )
            )

    def _end_invitation(self, owner: ClientUser) -> Invitation | None:
        """Links that went to another address end; the person is invited anew."""
        session = self._work.session
        live = select(Invitation).where(Invitation.client_user_id == owner.id, Invitation.status.in_(LIVE))
        found = session.scalar(live.with_for_update())
        if found is not None:
            change(session, found, InvitationStatus.SUPERSEDED, self._work.actor, self._work.now)
        return found

    def _give_access(self, client: Client, parsed: ClientRow, changed: frozenset[str]) -> None:
        given: dict[str, Any] = {}
        session = self._work.session
        if "colleagues" in changed:
            # What was given for a time is given for good.
            session.execute(
                delete(ClientAccess).where(
                    ClientAccess.client_id == client.id,
                    ClientAccess.colleague_id.in_(parsed.colleagues),
                    ClientAccess.until.is_not(None),
                )
            )
            held = select(ClientAccess.colleague_id).where(ClientAccess.client_id == client.id)
            new = set(parsed.colleagues) - set(session.scalars(held))
            for colleague_id in new:
                give_access(self._work, client.id, colleague_id=colleague_id)
            given["colleagues"] = sorted(map(str, new))
        if "team" in changed and parsed.team is not None:
            session.execute(
                delete(ClientAccess).where(ClientAccess.client_id == client.id, ClientAccess.team_id == parsed.team)
            )
            give_access(self._work, client.id, team_id=parsed.team)
            given["team_id"] = str(parsed.team)
        if given:
            self._record("client.access_given", client.id, None, given)

    def _change_numbers(self, client: Client, parsed: ClientRow, changed: frozenset[str]) -> None:
        work = self._work
        row = work.session.get(SoloDetails, client.id)
        if row is None:
            row = SoloDetails(client_id=client.id)
            work.session.add(row)
        before = masked(opened(work.keys, row.nino), opened(work.keys, row.utr), row.postcode)
        if "nino" in changed and parsed.nino is not None:
            row.nino = work.keys.encrypt(parsed.nino)
        if "utr" in changed and parsed.utr is not None:
            row.utr = work.keys.encrypt(parsed.utr)
        if "postcode" in changed:
            row.postcode = parsed.postcode
        after = masked(opened(work.keys, row.nino), opened(work.keys, row.utr), row.postcode)
        self._record("client.numbers_changed", client.id, before, after)

    def _record(self, action: str, subject_id: uuid.UUID, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        self._work.record(action, subject_id, {**after, "import": str(self._work.run_id)}, before)


def keep_source(work: Import, client_id: uuid.UUID, source: Source) -> None:
    """Adds the income source, or brings the client's one of that name up to it."""
    session = work.session
    row = session.scalar(
        select(IncomeSource).where(IncomeSource.client_id == client_id, IncomeSource.name_key == name_key(source.name))
    )
    if row is None:
        add_source(work, client_id, source)
        return
    before = {"income_source": row.name, "accounting_method": row.accounting_method, "period_type": row.period_type}
    row.accounting_method = source.accounting_method or row.accounting_method
    row.period_type = source.period_type or row.period_type
    after = {"income_source": row.name, "accounting_method": row.accounting_method, "period_type": row.period_type}
    work.record("client.income_source_changed", client_id, after, before)
