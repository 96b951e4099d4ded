"""Self-employed clients that there are: their numbers and income sources, changed from the client card."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from db.models import Client, ClientKind, IncomeSource, PeriodType
from db.session import Database
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import ConflictError, NotFoundError
from services.forms import Raw, read
from services.keys import Keyring
from services.practice import get_colleague
from services.solo.forms import MOST_SOURCES, NEW_SOURCE, NumbersForm, SourceForm
from services.solo.periods import Quarter, TaxYear, may_change_freely, quarters
from services.solo.records import NumbersPage, SourcePage
from services.solo.sealing import NUMBERS, kept_nino, kept_utr
from services.solo.sources import (
    add_source,
    change_numbers,
    change_source,
    has_other_property,
    numbers_of,
    sources_of,
)
from services.solo.standing import mandate_of, today, updates_since


class SoloService:
    """Whoever can open a client may change it. All raise NotFoundError for a client that the actor does not see, and
    ConflictError for one that is no self-employed one or is deactivated."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    def numbers(
        self, actor: Actor, client_id: uuid.UUID, *, typed: Raw | None = None, changing: Collection[str] = ()
    ) -> NumbersPage:
        """The form, filled in with what is kept and, over that, with what was typed in it already."""
        with self._database.read() as session:
            client = _solo_client(session, actor, client_id)
            kept = numbers_of(session, self._keys, client)
        income = kept.qualifying_income
        raw = {
            "postcode": kept.postcode,
            "qualifying_income": None if income is None else f"{income:,.2f}".removesuffix(".00"),
        }
        typed = typed or {}
        return NumbersPage(
            client_id=client_id,
            client_name=client.name,
            raw={**raw, **{name: value for name, value in typed.items() if name in raw}},
            nino=kept_nino(kept.nino or typed.get("nino")),
            utr=kept_utr(kept.utr or typed.get("utr")),
            changing=tuple(name for name in NUMBERS if name in changing),
            mandate=mandate_of(income, has_nino=kept.nino is not None),
        )

    def change_numbers(self, actor: Actor, client_id: uuid.UUID, raw: Raw) -> None:
        """A number that is not in `raw` stays, one that is empty is removed. Raises InvalidError at the fields."""
        with self._database.begin() as session:
            client = _solo_client(session, actor, client_id, lock=True)
            kept = numbers_of(session, self._keys, client)
            whole = {**{name: getattr(kept, name) for name in NUMBERS}, **raw}
            change_numbers(session, actor, self._keys, client, read(NumbersForm, whole), self._database.now())

    def source(self, actor: Actor, client_id: uuid.UUID, source_id: uuid.UUID | None) -> SourcePage:
        """The form for a source, or for a new one. Raises NotFoundError."""
        with self._database.read() as session:
            client = _solo_client(session, actor, client_id)
            if source_id is None:
                if len(sources_of(session, client)) >= MOST_SOURCES:
                    raise ConflictError(f"A client has at most {MOST_SOURCES} income sources.")
                return _page(client, uuid.uuid4(), None)
            row = _source(session, client, source_id)
            if row is None:
                raise NotFoundError("This income source is no longer there.")
            return _page(client, source_id, row)

    def keep_source(
        self, actor: Actor, client_id: uuid.UUID, source_id: uuid.UUID, raw: Raw, *, anyway: bool = False
    ) -> SourcePage | None:
        """Changes this source, or adds it under this id: once, however often the form is sent.

        Gives the form again where there is something to warn of, unless `anyway`. Raises InvalidError at the fields.
        """
        with self._database.begin() as session:
            client = _solo_client(session, actor, client_id, lock=True)
            row = _source(session, client, source_id)
            source = read(SourceForm, raw if row is None else {**raw, "business_type": row.business_type})
            warning = self._warning(session, client, row, source_id, source)
            if warning.is_warned and not anyway:
                return replace(warning, raw={**warning.raw, **raw})
            now = self._database.now()
            if row is None:
                add_source(session, actor, client, source, now, source_id=source_id)
            else:
                change_source(session, actor, client, row, source, now)
            return None

    def _warning(
        self, session: Session, client: Client, row: IncomeSource | None, source_id: uuid.UUID, source: SourceForm
    ) -> SourcePage:
        page = _page(client, source_id, row)
        if row is None:
            return replace(page, second_property=has_other_property(sources_of(session, client), source))
        income = numbers_of(session, self._keys, client).qualifying_income
        late = _late_change(row.period_type, source.period_type, income, today(self._database.now()))
        return replace(page, late_change=late)


def _late_change(held: PeriodType, wanted: PeriodType, income: Decimal | None, on: date) -> Quarter | None:
    """The first quarter of this tax year, if its update was due before the period type changes."""
    year, since = TaxYear.of(on), updates_since(income)
    if held is wanted or since is None or since > on or may_change_freely(year, on):
        return None
    return quarters(year, held)[0]


def _page(client: Client, source_id: uuid.UUID, row: IncomeSource | None) -> SourcePage:
    return SourcePage(
        source_id=source_id,
        raw=NEW_SOURCE if row is None else SourceForm.model_validate(row, from_attributes=True).model_dump(mode="json"),
        is_new=row is None,
        fixed_type=None if row is None else row.business_type,
        client_id=client.id,
        client_name=client.name,
    )


def _solo_client(session: Session, actor: Actor, client_id: uuid.UUID, *, lock: bool = False) -> Client:
    client = get_client(session, get_colleague(session, actor), client_id, lock=lock)
    if client.kind is not ClientKind.SOLO:
        raise ConflictError("This is not a self-employed client.")
    if client.deactivated_at is not None:
        raise ConflictError("This client is deactivated. Reactivate it to change it.")
    return client


def _source(session: Session, client: Client, source_id: uuid.UUID) -> IncomeSource | None:
    """None for one that is not there yet."""
    row = session.get(IncomeSource, source_id)
    if row is not None and row.client_id != client.id:
        raise NotFoundError("This income source is no longer there.")
    return row
