"""What becomes of the rows of a chunk, in one transaction. They are checked again: much may have changed since."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from uuid_utils.compat import uuid7

from services.audit.masking import masked
from services.clients.names import code_key, name_key
from services.errors import NotPermittedError
from services.uploads import template as the
from services.uploads.access import require_may_upload
from services.uploads.adding import Import, add_clients, add_source
from services.uploads.changing import Change, Changes, keep_source
from services.uploads.checking import check
from services.uploads.chunks import Kept
from services.uploads.contacts import Invited, add_contacts, contact_of, invite_contacts, record_added, told
from services.uploads.known import as_much_as, refuse_unseen, unseen
from services.uploads.records import WHOLE_ROW, Action, ClientRow, Row, SourceRow, Table

Failed = Mapping[int, Mapping[str, str]]


class Count(StrEnum):
    """What is counted of an import. All but the last two are of rows: CREATED are clients, SOURCES further income
    sources. LEFT: contacts who were not invited, since they have a login or an invitation."""

    CREATED = "created"
    SOURCES = "sources"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    INVITED = "invited"
    LEFT = "left"


class Settled(NamedTuple):
    """`failed` is what was wrong with rows that were not taken, by number."""

    counts: Mapping[Count, int]
    failed: Failed


def settle(work: Import, columns: tuple[str, ...], kept: Sequence[Kept]) -> Settled:
    """Adds and changes clients. What fails is named, and changes nothing."""
    try:
        require_may_upload(work.practice, work.uploader)
    except NotPermittedError as refusal:
        return Settled({Count.FAILED: len(kept)}, {row.number: {WHOLE_ROW: refusal.message} for row in kept})
    found = _checked(work, columns, kept)
    failed: dict[int, Mapping[str, str]] = {row.number: row.problems for row in found if row.problems}
    counts = Counter({Count.FAILED: len(failed)})
    counts[Count.UNCHANGED] = sum(row.action is Action.SKIP for row in found)
    new, ids = dict[uuid.UUID, ClientRow](), dict[str, uuid.UUID]()
    changes: list[Change] = []
    sources: list[tuple[Row, SourceRow]] = []
    for row in found:
        parsed = row.parsed
        if row.action in {None, Action.SKIP} or parsed is None:
            continue
        if isinstance(parsed, SourceRow):
            sources.append((row, parsed))
        elif row.client_id is not None:
            changes.append(Change(row.number, row.client_id, parsed, frozenset(row.changes)))
        else:
            client_id = uuid7()
            new[client_id] = parsed
            if parsed.practice_code is not None:
                ids[code_key(parsed.practice_code)] = client_id
    work.plain = _is_plain(row.parsed for row in found)
    invited = _take(work, new, changes, failed)
    for row, parsed in sources:
        if row.client_id is not None:
            keep_source(work, row.client_id, parsed.source)
        else:
            add_source(work, ids[code_key(parsed.practice_code)], parsed.source)
    work.insert()
    late = len(failed) - counts[Count.FAILED]
    counts[Count.FAILED] += late
    counts[Count.CREATED] = len(new)
    counts[Count.SOURCES] = sum(row.action is Action.CREATE for row, _ in sources)
    counts[Count.UPDATED] = len(changes) - late + len(sources) - counts[Count.SOURCES]
    counts[Count.INVITED], counts[Count.LEFT] = invited
    return Settled(counts, failed)


def _take(
    work: Import, new: Mapping[uuid.UUID, ClientRow], changes: Sequence[Change], failed: dict[int, Mapping[str, str]]
) -> Invited:
    contacts = []
    if new:
        contacts = [each for client_id, row in new.items() if (each := contact_of(row, client_id)) is not None]
        add_clients(work, new, {each.client_id: told(each) for each in contacts})
    again = []
    if changes:
        changed = Changes(work, changes)
        for owner in changed.owners:
            record_added(work, owner)
        contacts += changed.owners
        again = changed.invited
        failed.update(changed.failed)
    first, second = add_contacts(work, contacts), invite_contacts(work, again)
    return Invited(first.invited + second.invited, first.left + second.left)


def _is_plain(parsed: Iterable[ClientRow | SourceRow | None]) -> bool:
    """Whether the audit trail may have the texts as they are: quicker to see for all at once."""
    texts: list[str | None] = []
    for each in parsed:
        if isinstance(each, ClientRow):
            texts += (each.name, each.practice_code, each.industry, each.contact_name, each.contact_email)
        source = None if each is None else each.source
        texts.append(source and source.name)
    said = "\n".join(filter(None, texts))
    return masked({"said": said}) == {"said": said}


def _checked(work: Import, columns: tuple[str, ...], kept: Sequence[Kept]) -> list[Row]:
    code_at, name_at = columns.index(the.CODE), columns.index(the.NAME)
    known = as_much_as(
        work.session,
        work.keys,
        work.practice,
        work.uploader,
        codes={code_key(row.cells[code_at]) for row in kept if row.cells[code_at].strip()},
        names={name_key(row.cells[name_at]) for row in kept if row.cells[name_at].strip()},
        texts=work.texts,
    )
    there = {client.id for clients in known.by_name.values() for client in clients}
    rows = check(Table(columns, iter([row.raw for row in kept])), known)
    return list(refuse_unseen(rows, unseen(work.session, work.uploader, there)))
