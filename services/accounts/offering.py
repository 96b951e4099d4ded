"""What a client user does on their page: sees their accounts, offers one to a practice, takes the offer back."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientKind,
    ClientRole,
    ClientUser,
    Colleague,
    Login,
    OfferStatus,
    Practice,
    PracticeOffer,
    Region,
    Source,
)
from db.session import Database
from services import audit, policy
from services.accounts.records import Account, AccountPage, Offered, OfferPreview
from services.accounts.rows import ask, settle
from services.accounts.sessions import get_login
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError

LASTS = timedelta(days=14)
_LONGEST_ADDRESS = 100
_UNKNOWN = "No practice has this Clientdesk address. Check it with the practice."


@dataclass(frozen=True, slots=True)
class _Own:
    """An account of the person. Stays inside its transaction."""

    user: ClientUser
    client: Client
    practice: Practice


class AccountService:
    """Each asks for the token of a session, and raises SignedOutError when that is over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, token: str) -> AccountPage:
        now = self._database.now()
        with self._database.read() as session:
            login = get_login(session, token, now)
            found = session.execute(
                select(ClientUser, Client, Practice)
                .join(Client, Client.id == ClientUser.client_id)
                .join(Practice, Practice.id == Client.practice_id)
                .where(*_open_to(login))
                .order_by(Client.name_key, Client.id)
            ).all()
            offers = _newest(session, [client.id for _, client, _ in found], now)
            return AccountPage(
                email=login.email,
                accounts=tuple(_account(_Own(*row), offers.get(row[1].id)) for row in found),
            )

    def preview(self, token: str, client_user_id: uuid.UUID, address: str) -> OfferPreview:
        """What offering the account to the practice with this address means. Raises what `offer` raises."""
        with self._database.read() as session:
            now = self._database.now()
            own = _own(session, get_login(session, token, now), client_user_id)
            pending = session.scalar(_pending(own.client.id))
            if pending is not None and now < pending.expires_at:
                raise _offered_already(session, pending)
            wanted = "".join(address.split()).casefold().replace("\0", "")
            if not wanted:
                raise InvalidError({"address": "Enter the practice's Clientdesk address."})
            practice = None
            if len(wanted) <= _LONGEST_ADDRESS:
                practice = session.scalar(select(Practice).where(Practice.address == wanted))
            practice = _require_offerable(session, own, practice)
            return OfferPreview(
                client_user_id=own.user.id,
                client_name=own.client.name,
                present_practice_name=own.practice.name,
                practice_id=practice.id,
                practice_name=practice.name,
                address=practice.address,
            )

    def offer(self, token: str, client_user_id: uuid.UUID, practice_id: uuid.UUID) -> None:
        """Asks the practice's admins to take the account; until one accepts, nothing changes for it.

        Raises NotFoundError for an account that is not the person's, NotPermittedError unless they are a Business Admin
        in it, ConflictError while it is offered to a practice or deactivated, InvalidError at `address`.
        """
        now = self._database.now()
        with self._database.begin() as session:
            login = get_login(session, token, now)
            own = _own(session, login, client_user_id)
            # The offer before the user: the order of whoever accepts one.
            pending = session.scalar(_pending(own.client.id).with_for_update())
            if pending is not None:
                if now < pending.expires_at:
                    raise _offered_already(session, pending)
                settle(session, pending, OfferStatus.EXPIRED, Source.WEB, now)
                session.flush()
            own = _own(session, login, client_user_id, lock=True)
            practice = _require_offerable(session, own, session.get(Practice, practice_id))
            offer = PracticeOffer(
                practice_id=practice.id,
                from_practice_id=own.practice.id,
                client_id=own.client.id,
                client_user_id=own.user.id,
                status=OfferStatus.PENDING,
                created_at=now,
                expires_at=now + LASTS,
            )
            try:
                with session.begin_nested():
                    session.add(offer)
            except IntegrityError:
                raise ConflictError(f"{own.client.name} was offered to a practice at the same moment.") from None
            audit.record_without_colleague(
                session,
                practice.id,
                Source.WEB,
                "offer.made",
                offer.id,
                at=now,
                after={"name": own.client.name, "person": own.user.name, "email": own.user.email},
            )
            ask(session, offer)

    def withdraw(self, token: str, offer_id: uuid.UUID) -> None:
        """Twice is once. Raises NotFoundError, and ConflictError once the practice has decided."""
        now = self._database.now()
        with self._database.begin() as session:
            login = get_login(session, token, now)
            found = session.scalar(
                select(PracticeOffer.client_id).where(
                    PracticeOffer.id == offer_id,
                    PracticeOffer.client_id.in_(select(ClientUser.client_id).where(*_open_to(login))),
                )
            )
            if found is None:
                raise NotFoundError("This offer is not there any more.")
            offer = session.scalars(select(PracticeOffer).where(PracticeOffer.id == offer_id).with_for_update()).one()
            user = session.scalars(
                select(ClientUser).where(ClientUser.client_id == offer.client_id, *_open_to(login))
            ).one()
            _require_business_admin(user, session.get_one(Client, offer.client_id))
            match offer.status:
                case OfferStatus.PENDING:
                    settle(session, offer, OfferStatus.WITHDRAWN, Source.WEB, now)
                case OfferStatus.WITHDRAWN:
                    return
                case _:
                    name = session.get_one(Practice, offer.practice_id).name
                    said = {"accepted": f"{name} has accepted it", "declined": f"{name} has declined it"}
                    raise ConflictError(
                        f"{said.get(offer.status, 'It has expired')} already, so the invitation can't be withdrawn."
                    )


def still_stands(session: Session, offer: PracticeOffer, client: Client, practice: Practice) -> bool:
    """Whether the offer could be made now: all that is asked for may have changed since."""
    user = session.get_one(ClientUser, offer.client_user_id)
    offers = user.deactivated_at is None and user.has_login_access and user.role is ClientRole.BUSINESS_ADMIN
    return offers and client.deactivated_at is None and _can_take(practice, client)


def _open_to(login: Login) -> tuple[ColumnElement[bool], ...]:
    return ClientUser.login_id == login.id, ClientUser.deactivated_at.is_(None), ClientUser.has_login_access.is_(True)


def _own(session: Session, login: Login, client_user_id: uuid.UUID, *, lock: bool = False) -> _Own:
    """An account that the person may offer, as it is once their lock on the user is theirs."""
    wanted = select(ClientUser).where(ClientUser.id == client_user_id, *_open_to(login))
    fresh = {"populate_existing": True}
    user = session.scalar(wanted.with_for_update() if lock else wanted, execution_options=fresh)
    if user is None:
        raise NotFoundError("This account is not there any more, or you are no longer in it.")
    client = session.scalars(select(Client).where(Client.id == user.client_id), execution_options=fresh).one()
    _require_business_admin(user, client)
    practice = session.get_one(Practice, client.practice_id)
    if client.deactivated_at is not None:
        raise ConflictError(f"{client.name} is deactivated. Ask {practice.name} to reactivate it first.")
    return _Own(user, client, practice)


def _require_business_admin(user: ClientUser, client: Client) -> None:
    if user.role is not ClientRole.BUSINESS_ADMIN:
        raise NotPermittedError(f"Only a Business Admin of {client.name} can do this. Ask one of them.")


def _require_offerable(session: Session, own: _Own, practice: Practice | None) -> Practice:
    """Only a practice that can take the account. Raises InvalidError at `address`."""
    if practice is None or practice.set_up_at is None or practice.uninstalled_at is not None:
        raise InvalidError({"address": _UNKNOWN})
    admins = exists().where(
        Colleague.practice_id == practice.id, Colleague.active, Colleague.role.in_(policy.ADMIN_ROLES)
    )
    if not session.scalar(select(admins)):
        raise InvalidError({"address": _UNKNOWN})
    if practice.id == own.client.practice_id:
        raise InvalidError({"address": f"{practice.name} has this account already."})
    if not _can_take(practice, own.client):
        raise InvalidError({"address": f"{practice.name} can't take self-employed clients: it works outside the UK."})
    return practice


def _can_take(practice: Practice, client: Client) -> bool:
    return client.kind is not ClientKind.SOLO or practice.region is Region.UNITED_KINGDOM


def _pending(client_id: uuid.UUID) -> Select[PracticeOffer]:
    return select(PracticeOffer).where(
        PracticeOffer.client_id == client_id, PracticeOffer.status == OfferStatus.PENDING
    )


def _offered_already(session: Session, pending: PracticeOffer) -> ConflictError:
    name = session.get_one(Practice, pending.practice_id).name
    return ConflictError(f"{name} is invited already, and has not decided yet. Withdraw that first to invite another.")


def _newest(session: Session, client_ids: Collection[uuid.UUID], now: datetime) -> dict[uuid.UUID, Offered]:
    """By client. One past its time has expired, whether or not the sweep has come by."""
    rows = session.execute(
        select(PracticeOffer, Practice.name)
        .join(Practice, Practice.id == PracticeOffer.practice_id)
        .where(PracticeOffer.client_id.in_(client_ids))
        .order_by(PracticeOffer.id)
    )
    found = {}
    for offer, name in rows:
        status = offer.status
        if status is OfferStatus.PENDING and offer.expires_at <= now:
            status = OfferStatus.EXPIRED
        found[offer.client_id] = Offered(
            offer_id=offer.id,
            status=status,
            practice_name=name,
            expires_at=offer.expires_at,
            decided_at=offer.decided_at or (None if status is OfferStatus.PENDING else offer.expires_at),
        )
    return {client_id: offered for client_id, offered in found.items() if offered.status is not OfferStatus.WITHDRAWN}


def _account(own: _Own, offered: Offered | None) -> Account:
    is_active, is_pending = own.client.deactivated_at is None, offered and offered.status is OfferStatus.PENDING
    return Account(
        client_user_id=own.user.id,
        client_name=own.client.name,
        role=own.user.role,
        is_owner=own.user.is_owner,
        practice_name=own.practice.name,
        is_active=is_active,
        invites=is_active and own.user.role is ClientRole.BUSINESS_ADMIN and not is_pending,
        offered=offered if own.user.role is ClientRole.BUSINESS_ADMIN else None,
    )
