"""Files of clients for tests, and what becomes of their rows."""

import csv
import io
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from db.models import Plan, Region
from services.clients.names import code_key, name_key
from services.uploads import template as the
from services.uploads.checking import check
from services.uploads.reading import read
from services.uploads.records import ClientRow, Known, KnownClient, Row, SourceRow, Table

Cells = Mapping[str, str]


def known(*clients: KnownClient, **changed: Any) -> Known:
    by_name: dict[str, tuple[KnownClient, ...]] = {}
    for client in clients:
        by_name[name_key(client.name)] = (*by_name.get(name_key(client.name), ()), client)
    practice: dict[str, Any] = {
        "region": Region.UNITED_KINGDOM,
        "plan": Plan.ADVANCED,
        "has_dhi": False,
        "texts": True,
        "places": 100,
        "by_code": {code_key(client.practice_code): client for client in clients if client.practice_code},
        "by_name": by_name,
    }
    return Known(**(practice | changed))


def content(*rows: Cells, region: Region = Region.UNITED_KINGDOM, plan: Plan = Plan.ADVANCED) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in the.columns(region, plan)])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def table(data: bytes, region: Region = Region.UNITED_KINGDOM, *, size: int = 1 << 16) -> Table:
    return read((data[at : at + size] for at in range(0, len(data), size)), region)


def checked(*rows: Cells, at: Known | None = None) -> list[Row]:
    practice = at or known()
    return list(check(table(content(*rows, region=practice.region), practice.region), practice))


def one(cells: Cells, at: Known | None = None) -> Row:
    (row,) = checked(cells, at=at)
    return row


def problems(*rows: Cells, at: Known | None = None) -> list[dict[str, str]]:
    return [dict(row.problems) for row in checked(*rows, at=at)]


def client(row: Row) -> ClientRow:
    if not isinstance(row.parsed, ClientRow):
        raise TypeError(f"row {row.number} is no client's: {row.problems}")
    return row.parsed


def imported(rows: Iterable[Row], before: Known) -> Known:
    """What is known once all rows are taken over, as the import takes them."""
    clients: dict[uuid.UUID, KnownClient] = {each.id: each for each in before.by_code.values()}
    clients |= {each.id: each for several in before.by_name.values() for each in several}
    by_code = {code_key(each.practice_code): each.id for each in clients.values() if each.practice_code}
    for row in rows:
        match row.parsed:
            case ClientRow() as parsed:
                found = clients[row.client_id] if row.client_id else _new(parsed)
                changed = row.changes if row.client_id else ()
                clients[found.id] = _changed(found, parsed, changed)
                if parsed.practice_code:
                    by_code[code_key(parsed.practice_code)] = found.id
            case SourceRow(practice_code=code, source=source):
                found = clients[by_code[code_key(code)]]
                sources = {**found.sources, name_key(source.name): source}
                clients[found.id] = found._replace(sources=sources)
            case None:
                pass
    return known(
        *clients.values(),
        region=before.region,
        plan=before.plan,
        has_dhi=before.has_dhi,
        texts=before.texts,
        colleagues=before.colleagues,
        teams=before.teams,
    )


def _new(parsed: ClientRow) -> KnownClient:
    created = KnownClient(uuid.uuid4(), parsed.name, parsed.kind, software=parsed.software)
    everything = [field for field in ClientRow._fields if getattr(parsed, field) is not None]
    if parsed.contact_email and parsed.contact_name is None:
        created = created._replace(contact_name=parsed.name)
    return _changed(created, parsed, [*everything, "invite"])


def _changed(found: KnownClient, parsed: ClientRow, changes: Iterable[str]) -> KnownClient:
    for field in changes:
        match field:
            case "colleagues":
                found = found._replace(colleagues=found.colleagues | set(parsed.colleagues))
            case "team":
                found = found._replace(teams=found.teams | {parsed.team} if parsed.team else found.teams)
            case "source":
                if parsed.source is not None:
                    sources = {**found.sources, name_key(parsed.source.name): parsed.source}
                    found = found._replace(sources=sources)
            case "invite":
                found = found._replace(invited=parsed.invite_by_email or parsed.invite_by_sms)
            case "kind" | "software" | "invite_by_email" | "invite_by_sms":
                pass
            case _:
                found = found._replace(**{field: getattr(parsed, field)})
    return found
