"""The rows of a self-employed client: its numbers, and its income sources. Every change is in the audit trail.

Whoever changes a client that there was holds the lock on its row.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import BusinessType, Client, IncomeSource, SoloDetails
from services import audit
from services.actor import Actor
from services.clients.names import name_key
from services.errors import ConflictError, InvalidError
from services.keys import Keyring
from services.solo.forms import MOST_SOURCES, ONLY_ACTIVE, NumbersForm, SourceForm
from services.solo.identifiers import mask_nino, mask_utr
from services.solo.records import SoloCard, SourceLine
from services.solo.sealing import NUMBERS
from services.solo.standing import mandate_of, next_update, today

_NAMES = {"nino": "National Insurance number", "utr": "UTR"}


def lay_down(
    session: Session,
    actor: Actor,
    keys: Keyring,
    client: Client,
    numbers: NumbersForm,
    sources: Iterable[SourceForm],
    now: datetime,
) -> None:
    """What a new self-employed client has beside a business."""
    session.add(SoloDetails(client_id=client.id, **_sealed(keys, numbers)))
    session.flush()
    if numbers != NumbersForm():
        audit.record(session, actor, "client.numbers_changed", client.id, at=now, before={}, after=_masked(numbers))
    for source in sources:
        add_source(session, actor, client, source, now)


def numbers_of(session: Session, keys: Keyring, client: Client) -> NumbersForm:
    """In the clear. One whose key is gone is as if it was never entered."""
    row = session.get(SoloDetails, client.id)
    if row is None:
        return NumbersForm()
    return NumbersForm.model_construct(
        nino=_opened(keys, row.nino),
        utr=_opened(keys, row.utr),
        postcode=row.postcode,
        qualifying_income=row.qualifying_income,
    )


def change_numbers(
    session: Session, actor: Actor, keys: Keyring, client: Client, numbers: NumbersForm, now: datetime
) -> None:
    before = numbers_of(session, keys, client)
    if numbers == before:
        return
    row = session.get(SoloDetails, client.id)
    if row is None:
        row = SoloDetails(client_id=client.id)
        session.add(row)
    for name, value in _sealed(keys, numbers).items():
        setattr(row, name, value)
    # The trail masks the numbers themselves, and so would say nothing of one that replaces another.
    changed = [_NAMES[name] for name in NUMBERS if getattr(numbers, name) != getattr(before, name)]
    after = {**_masked(numbers), **({"changed": changed} if changed else {})}
    audit.record(session, actor, "client.numbers_changed", client.id, at=now, before=_masked(before), after=after)


def sources_of(session: Session, client: Client) -> Sequence[IncomeSource]:
    return session.scalars(
        select(IncomeSource).where(IncomeSource.client_id == client.id).order_by(IncomeSource.id)
    ).all()


def add_source(
    session: Session,
    actor: Actor,
    client: Client,
    source: SourceForm,
    now: datetime,
    *,
    source_id: uuid.UUID | None = None,
) -> IncomeSource:
    """Raises InvalidError at `name`, ConflictError."""
    others = sources_of(session, client)
    if len(others) >= MOST_SOURCES:
        raise ConflictError(f"A client has at most {MOST_SOURCES} income sources.")
    _require_free_name(others, source.name)
    _require_active(others, source)
    row = IncomeSource(
        practice_id=client.practice_id,
        client_id=client.id,
        name=source.name,
        name_key=name_key(source.name),
        business_type=source.business_type,
        accounting_method=source.accounting_method,
        period_type=source.period_type,
        active=source.active,
        created_at=now,
    )
    if source_id is not None:
        row.id = source_id
    session.add(row)
    session.flush()
    audit.record(session, actor, "client.income_source_added", client.id, at=now, after=_told(row))
    return row


def change_source(
    session: Session, actor: Actor, client: Client, row: IncomeSource, source: SourceForm, now: datetime
) -> None:
    """All but its business type. Raises InvalidError at `name` and `active`."""
    others = [other for other in sources_of(session, client) if other.id != row.id]
    _require_free_name(others, source.name)
    _require_active(others, source)
    before = _told(row)
    row.name, row.name_key = source.name, name_key(source.name)
    row.accounting_method, row.period_type, row.active = source.accounting_method, source.period_type, source.active
    after = _told(row)
    if after != before:
        if after["income_source"] == before["income_source"]:
            del before["income_source"]  # so that the trail says which one it was
        audit.record(session, actor, "client.income_source_changed", client.id, at=now, before=before, after=after)


def has_other_property(others: Iterable[IncomeSource | SourceForm], source: SourceForm) -> bool:
    """Whether it would be a second UK property source: HMRC takes all UK property for one business."""
    return source.business_type is BusinessType.UK_PROPERTY and any(
        other.business_type is BusinessType.UK_PROPERTY for other in others
    )


def solo_card(session: Session, keys: Keyring, client: Client, now: datetime) -> SoloCard:
    numbers, on = numbers_of(session, keys, client), today(now)
    return SoloCard(
        nino=numbers.nino and mask_nino(numbers.nino),
        utr=numbers.utr and mask_utr(numbers.utr),
        postcode=numbers.postcode,
        qualifying_income=numbers.qualifying_income,
        mandate=mandate_of(numbers.qualifying_income, has_nino=numbers.nino is not None),
        sources=tuple(
            SourceLine(
                source_id=row.id,
                name=row.name,
                business_type=row.business_type,
                accounting_method=row.accounting_method,
                period_type=row.period_type,
                active=row.active,
                next=next_update(on, row.period_type, numbers.qualifying_income) if row.active else None,
            )
            for row in sources_of(session, client)
        ),
    )


def _require_free_name(others: Iterable[IncomeSource], name: str) -> None:
    key = name_key(name)
    for other in others:
        if other.name_key == key:
            raise InvalidError({"name": f"This client has an income source {other.name} already. Choose another name."})


def _require_active(others: Iterable[IncomeSource], source: SourceForm) -> None:
    if not source.active and not any(other.active for other in others):
        raise InvalidError({"active": ONLY_ACTIVE})


def _sealed(keys: Keyring, numbers: NumbersForm) -> dict[str, bytes | str | Decimal | None]:
    return {
        "nino": None if numbers.nino is None else keys.encrypt(numbers.nino),
        "utr": None if numbers.utr is None else keys.encrypt(numbers.utr),
        "postcode": numbers.postcode,
        "qualifying_income": numbers.qualifying_income,
    }


def _opened(keys: Keyring, value: bytes | None) -> str | None:
    try:
        return None if value is None else keys.decrypt(value)
    except ValueError:
        return None


def _masked(numbers: NumbersForm) -> dict[str, Any]:
    income = numbers.qualifying_income
    return {
        "nino": numbers.nino and mask_nino(numbers.nino),
        "utr": numbers.utr and mask_utr(numbers.utr),
        "postcode": numbers.postcode,
        "qualifying_income": None if income is None else str(income),
    }


def _told(row: IncomeSource) -> dict[str, Any]:
    return {
        "income_source": row.name,
        "business_type": row.business_type,
        "accounting_method": row.accounting_method,
        "period_type": row.period_type,
        "active": row.active,
    }
