"""What a file of clients is checked against: the whole practice, or as much of it as some rows need."""

import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import (
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    Colleague,
    IncomeSource,
    Invitation,
    Plan,
    Practice,
    SoloDetails,
    Team,
)
from services import policy
from services.clients.names import fold
from services.clients.visibility import seen_by
from services.emails import email_key
from services.keys import Keyring
from services.practice import count_bundle
from services.uploads import records
from services.uploads import template as the
from services.uploads.records import Known, KnownClient, Source

_UNSEEN = "This is a client that you can't open. Ask an admin for access to it, or leave this row out."


def whole_practice(session: Session, keys: Keyring, practice: Practice, uploader: Colleague, *, texts: bool) -> Known:
    """`texts`: invitations go out as text messages, too."""
    return _known(session, keys, practice, uploader, Client.practice_id == practice.id, texts=texts)


def as_much_as(
    session: Session,
    keys: Keyring,
    practice: Practice,
    uploader: Colleague,
    *,
    codes: Collection[str],
    names: Collection[str],
    texts: bool,
) -> Known:
    """The same with those clients only that have one of these `code_key`s or `name_key`s."""
    # Two searches, each by its own index: joined by OR they would read every client.
    found = {
        client_id
        for column, wanted in ((Client.code_key, codes), (Client.name_key, names))
        if wanted
        for client_id in session.scalars(select(Client.id).where(Client.practice_id == practice.id, column.in_(wanted)))
    }
    return _known(session, keys, practice, uploader, Client.id.in_(found) if found else None, texts=texts)


def unseen(session: Session, uploader: Colleague, client_ids: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of them that the uploader can't open."""
    if policy.sees_all_clients(uploader) or not client_ids:
        return frozenset()
    return frozenset(client_ids) - set(
        session.scalars(select(Client.id).where(seen_by(uploader), Client.id.in_(client_ids)))
    )


def refuse_unseen(rows: Iterable[records.Row], hidden: Collection[uuid.UUID]) -> Iterator[records.Row]:
    """The rows, of which none changes a client that the uploader can't open."""
    if not hidden:
        return iter(rows)
    return (
        row._replace(problems={the.CODE if _has_code(row) else the.NAME: _UNSEEN}, parsed=None, action=None, changes=())
        if row.client_id in hidden and row.action is not None
        else row
        for row in rows
    )


def _has_code(row: records.Row) -> bool:
    return row.parsed is not None and row.parsed.practice_code is not None


def _known(
    session: Session,
    keys: Keyring,
    practice: Practice,
    uploader: Colleague,
    which: ColumnElement[bool] | None,
    *,
    texts: bool,
) -> Known:
    bundle = count_bundle(session, practice)
    by_code, by_name = {}, dict[str, tuple[KnownClient, ...]]()
    for code, name, client in () if which is None else _clients(session, keys, which):
        if code is not None:
            by_code[code] = client
        by_name[name] = (*by_name.get(name, ()), client)
    return Known(
        region=practice.region,
        plan=practice.plan,
        has_dhi=practice.has_dhi,
        texts=texts,
        places=max(bundle.included - bundle.used, 0),
        by_code=by_code,
        by_name=by_name,
        colleagues=_colleagues(session, uploader),
        teams=_teams(session, practice),
    )


def _colleagues(session: Session, uploader: Colleague) -> dict[str, uuid.UUID | None]:
    rows = session.execute(
        select(Colleague.id, Colleague.email, Colleague.role).where(
            Colleague.practice_id == uploader.practice_id, Colleague.active, Colleague.email.is_not(None)
        )
    )
    return {
        email_key(row.email): None if row.role in policy.ADMIN_ROLES or row.id == uploader.id else row.id
        for row in rows
    }


def _teams(session: Session, practice: Practice) -> dict[str, uuid.UUID]:
    if practice.plan is not Plan.ADVANCED:
        return {}
    rows = session.execute(select(Team.name, Team.id).where(Team.practice_id == practice.id))
    return {fold(row.name): row.id for row in rows}


def _clients(
    session: Session, keys: Keyring, which: ColumnElement[bool]
) -> Iterator[tuple[str | None, str, KnownClient]]:
    """Each with its `code_key` and `name_key`. Deactivated ones come last: a name means one that is in use."""
    rows = session.execute(
        select(
            Client.id,
            Client.name,
            Client.name_key,
            Client.kind,
            Client.practice_code,
            Client.code_key,
            Client.industry,
            Client.country,
            Client.base_currency,
            Client.solutions,
            Client.software,
            Client.tax_categories,
            Client.deactivated_at,
            ClientUser.name.label("contact_name"),
            ClientUser.email.label("contact_email"),
            ClientUser.mobile.label("contact_mobile"),
            ClientUser.login_id,
        )
        .outerjoin(ClientUser, and_(ClientUser.client_id == Client.id, ClientUser.is_owner))
        .where(which)
        .order_by(Client.deactivated_at.is_not(None), Client.id)
    ).all()
    if not rows:
        return
    access = _access(session, which)
    invited = _invited(session, which)
    solo = _solo(session, which) if any(row.kind is ClientKind.SOLO for row in rows) else {}
    for row in rows:
        details, sources = solo.get(row.id, (None, {}))
        colleagues, teams = access.get(row.id, ((), ()))
        yield (
            row.code_key,
            row.name_key,
            KnownClient(
                id=row.id,
                name=row.name,
                kind=row.kind,
                practice_code=row.practice_code,
                industry=row.industry,
                country=row.country,
                base_currency=row.base_currency,
                solutions=row.solutions,
                software=row.software,
                tax_categories=row.tax_categories,
                contact_name=row.contact_name,
                contact_email=row.contact_email,
                contact_mobile=row.contact_mobile,
                owner_accepted=row.login_id is not None,
                invited=row.id in invited,
                colleagues=frozenset(colleagues),
                teams=frozenset(teams),
                nino=None if details is None else opened(keys, details.nino),
                utr=None if details is None else opened(keys, details.utr),
                postcode=None if details is None else details.postcode,
                sources=sources,
                deactivated=row.deactivated_at is not None,
            ),
        )


def _access(session: Session, which: ColumnElement[bool]) -> dict[uuid.UUID, tuple[list[uuid.UUID], list[uuid.UUID]]]:
    """Colleagues and teams that have access for good, by client."""
    found: dict[uuid.UUID, tuple[list[uuid.UUID], list[uuid.UUID]]] = {}
    rows = session.execute(
        select(ClientAccess.client_id, ClientAccess.colleague_id, ClientAccess.team_id)
        .join(Client, Client.id == ClientAccess.client_id)
        .where(which, ClientAccess.until.is_(None))
    )
    for row in rows:
        colleagues, teams = found.setdefault(row.client_id, ([], []))
        if row.colleague_id is not None:
            colleagues.append(row.colleague_id)
        else:
            teams.append(row.team_id)
    return found


def _invited(session: Session, which: ColumnElement[bool]) -> set[uuid.UUID]:
    """Clients whose owner somebody has invited, here or to another client of the practice."""
    same = aliased(ClientUser)
    sent = exists().where(
        Invitation.client_user_id == same.id,
        same.practice_id == ClientUser.practice_id,
        same.email_key == ClientUser.email_key,
    )
    return set(
        session.scalars(
            select(ClientUser.client_id)
            .join(Client, Client.id == ClientUser.client_id)
            .where(which, ClientUser.is_owner, or_(ClientUser.login_id.is_not(None), sent))
        )
    )


def _solo(session: Session, which: ColumnElement[bool]) -> dict[uuid.UUID, tuple[Any, dict[str, Source]]]:
    """The numbers, still encrypted, and the income sources of self-employed clients."""
    details = session.execute(
        select(SoloDetails.client_id, SoloDetails.nino, SoloDetails.utr, SoloDetails.postcode)
        .join(Client, Client.id == SoloDetails.client_id)
        .where(which)
    )
    found: dict[uuid.UUID, tuple[Any, dict[str, Source]]] = {row.client_id: (row, {}) for row in details}
    sources = session.execute(
        select(
            IncomeSource.client_id,
            IncomeSource.name_key,
            IncomeSource.name,
            IncomeSource.business_type,
            IncomeSource.accounting_method,
            IncomeSource.period_type,
        )
        .join(Client, Client.id == IncomeSource.client_id)
        .where(which)
        .order_by(IncomeSource.id)
    )
    for row in sources:
        _, of_client = found.setdefault(row.client_id, (None, {}))
        of_client[row.name_key] = Source(row.name, row.business_type, row.accounting_method, row.period_type)
    return found


def opened(keys: Keyring, value: bytes | None) -> str | None:
    """In the clear. One whose key is gone is as if it was never entered."""
    try:
        return None if value is None else keys.decrypt(value)
    except ValueError:
        return None
