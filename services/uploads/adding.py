"""New clients from the rows of a file: all that belongs to each, in a few statements for many."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.base import Base
from db.insert import insert_many
from db.models import (
    AccountingMethod,
    AuditEntry,
    Client,
    ClientAccess,
    ClientKind,
    Colleague,
    IncomeSource,
    PeriodType,
    Practice,
    SoloDetails,
    Solutions,
)
from services import policy
from services.actor import Actor
from services.audit import masking
from services.clients import extract
from services.clients.index import Findable, index_new
from services.clients.names import bare_code, code_key, name_key
from services.keys import Keyring
from services.solo.identifiers import mask_nino, mask_utr
from services.uploads.records import ClientRow, Source

_LOOKED_UP_AT_ONCE = 5_000


@dataclass(slots=True)
class Import:
    """The transaction in which rows become clients, and what is added in it: rows by table, in the order in which they
    go in. The practice's row is locked. `plain`: the texts of the rows have nothing that the audit trail would mask."""

    session: Session
    run_id: uuid.UUID
    actor: Actor
    uploader: Colleague
    practice: Practice
    keys: Keyring
    now: datetime
    texts: bool
    plain: bool = False
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, model: type[Base], **values: Any) -> None:
        """All rows of a model name the same columns."""
        self.rows.setdefault(model, []).append(values)

    def record(
        self,
        action: str,
        subject_id: uuid.UUID,
        after: dict[str, Any] | None,
        before: dict[str, Any] | None = None,
    ) -> None:
        self.add(
            AuditEntry,
            id=uuid7(),
            practice_id=self.actor.practice_id,
            at=self.now,
            colleague_id=self.actor.colleague_id,
            source=self.actor.source,
            action=action,
            subject_id=subject_id,
            before=before if self.plain or before is None else masking.masked(before),
            after=after if self.plain or after is None else masking.masked(after),
        )

    def insert(self) -> None:
        for model, rows in self.rows.items():
            insert_many(self.session, model, rows)
        self.rows.clear()

    def insert_first(self, model: type[Base]) -> None:
        """Only the rows of this model, which others refer to."""
        insert_many(self.session, model, self.rows.pop(model, ()))


def add_clients(
    work: Import, rows: Mapping[uuid.UUID, ClientRow], contacts: Mapping[uuid.UUID, Mapping[str, Any]]
) -> None:
    """Adds clients by the ids that they are to have. Their contacts and further income sources come afterwards;
    `contacts` is what the audit trail tells of these."""
    names = free_extract_names(work.session, [row.name for row in rows.values()])
    granted = () if policy.sees_all_clients(work.uploader) else (work.uploader.id,)
    found = []
    for (client_id, row), extract_name in zip(rows.items(), names, strict=True):
        code = row.practice_code
        work.add(
            Client,
            id=client_id,
            practice_id=work.practice.id,
            name=row.name,
            name_key=name_key(row.name),
            practice_code=code,
            code_key=code and code_key(code),
            bare_code=code and bare_code(code),
            industry=row.industry,
            country=row.country,
            base_currency=row.base_currency,
            kind=row.kind,
            solutions=row.solutions or Solutions.BOOKKEEPING,
            software=row.software,
            tax_categories=row.tax_categories,
            extract_name=extract_name,
            applied_defaults=work.practice.client_defaults,
            created_by=work.actor.colleague_id,
            created_at=work.now,
        )
        _record_created(work, client_id, row, extract_name, contacts.get(client_id, {}))
        for colleague_id in {*row.colleagues, *granted}:
            give_access(work, client_id, colleague_id=colleague_id)
        if row.team is not None:
            give_access(work, client_id, team_id=row.team)
        if row.kind is ClientKind.SOLO:
            _add_numbers(work, client_id, row)
        emails = () if row.contact_email is None else (row.contact_email,)
        found.append(
            Findable(
                client_id=client_id, practice_id=work.practice.id, name=row.name, practice_code=code, emails=emails
            )
        )
    work.insert_first(Client)
    index_new(work.session, found)


def _record_created(
    work: Import, client_id: uuid.UUID, row: ClientRow, extract_name: str, contact: Mapping[str, Any]
) -> None:
    after: dict[str, Any] = {
        "name": row.name,
        "practice_code": row.practice_code,
        "kind": row.kind,
        "solutions": row.solutions or Solutions.BOOKKEEPING,
        "software": row.software,
        "extract_name": extract_name,
        "defaults": work.practice.client_defaults,
        "import": str(work.run_id),
        **contact,
    }
    if row.colleagues:
        after["colleagues"] = [str(each) for each in row.colleagues]
    if row.team is not None:
        after["team_id"] = str(row.team)
    work.record("client.created", client_id, after)


def give_access(
    work: Import, client_id: uuid.UUID, *, colleague_id: uuid.UUID | None = None, team_id: uuid.UUID | None = None
) -> None:
    work.add(ClientAccess, id=uuid7(), client_id=client_id, colleague_id=colleague_id, team_id=team_id, until=None)


def _add_numbers(work: Import, client_id: uuid.UUID, row: ClientRow) -> None:
    seal = work.keys.encrypt
    work.add(
        SoloDetails,
        client_id=client_id,
        nino=row.nino and seal(row.nino),
        utr=row.utr and seal(row.utr),
        postcode=row.postcode,
    )
    if row.nino or row.utr or row.postcode:
        work.record("client.numbers_changed", client_id, masked(row.nino, row.utr, row.postcode), {})
    if row.source is not None:
        add_source(work, client_id, row.source)


def masked(nino: str | None, utr: str | None, postcode: str | None) -> dict[str, Any]:
    """A person's numbers as the audit trail tells of them."""
    return masking.masked({"nino": nino and mask_nino(nino), "utr": utr and mask_utr(utr), "postcode": postcode})


def add_source(work: Import, client_id: uuid.UUID, source: Source) -> None:
    method = source.accounting_method or AccountingMethod.CASH
    periods = source.period_type or PeriodType.STANDARD
    work.add(
        IncomeSource,
        id=uuid7(),
        practice_id=work.practice.id,
        client_id=client_id,
        name=source.name,
        name_key=name_key(source.name),
        business_type=source.business_type,
        accounting_method=method,
        period_type=periods,
        active=True,
        created_at=work.now,
    )
    after = {
        "income_source": source.name,
        "business_type": source.business_type,
        "accounting_method": method,
        "period_type": periods,
        "active": True,
    }
    work.record("client.income_source_added", client_id, after)


def free_extract_names(session: Session, client_names: Sequence[str]) -> list[str]:
    """For each client the first name that is free in the whole installation, mostly in one lookup."""
    by_base: dict[str, list[int]] = {}
    candidates: dict[str, Iterator[str]] = {}
    for place, client_name in enumerate(client_names):
        more = extract.candidates(client_name)
        base = next(more)
        by_base.setdefault(base, []).append(place)
        candidates.setdefault(base, more)
    found = dict[int, str]()
    wanted = {base: [base] for base in by_base}
    more_names = 1
    while wanted:
        more_names *= 2  # mostly the next is free, but some names are had by hundreds
        taken = _taken(session, [name for names in wanted.values() for name in names])
        further = {}
        for base, names in wanted.items():
            places = by_base[base]
            for name in names:
                # A name that begins as another's number may have been given to that one just now.
                if places and name not in taken:
                    found[places.pop(0)] = name
                    taken.add(name)
            if places:
                further[base] = list(islice(candidates[base], more_names * len(places)))
        given = set(found.values())
        wanted = {base: [name for name in names if name not in given] for base, names in further.items()}
    return [found[place] for place in range(len(client_names))]


def _taken(session: Session, names: Sequence[str]) -> set[str]:
    found = set[str]()
    for start in range(0, len(names), _LOOKED_UP_AT_ONCE):
        some = names[start : start + _LOOKED_UP_AT_ONCE]
        found.update(session.scalars(select(Client.extract_name).where(Client.extract_name.in_(some))))
    return found
