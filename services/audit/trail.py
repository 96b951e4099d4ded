"""Searching the audit trail: a page of it in plain words, and what it can be searched by."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.models import Colleague, Source
from db.session import Database
from services import policy
from services.actor import Actor
from services.audit import finding, subjects, words
from services.audit.finding import AuditWish, Entry, Mark, Search
from services.audit.words import Change
from services.clients.search import QUERY_LENGTH
from services.practice import get_colleague

PAGE = 8
MOST_CHOICES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """`subject` is None where the action says it all, or what it was about has no name any more."""

    entry_id: uuid.UUID
    at: datetime
    who: str
    source: str
    action: str
    what: str
    subject: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """A wish with the names of what is wished for."""

    wish: AuditWish
    client_name: str | None
    person_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`newer` and `older` are the marks to go on from, None at an end of what was found."""

    filter: AuditFilter
    lines: tuple[AuditLine, ...]
    newer: Mark | None
    older: Mark | None


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    text: str


class AuditTrailService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, actor: Actor, wish: AuditWish, *, older_than: Mark | None = None, newer_than: Mark | None = None
    ) -> AuditPage:
        """The newest entries that fit, or those on one side of a mark.

        Raises NotPermittedError, NotFoundError for a client or colleague of another practice, InvalidError.
        """
        with self._database.read() as session:
            wanted = finding.search(session, get_colleague(session, actor), wish)
            found, more_newer, more_older = _around(session, wanted, older_than, newer_than)
            return AuditPage(
                filter=named(wanted),
                lines=lines(session, wanted, found),
                newer=found[0].mark if more_newer else None,
                older=found[-1].mark if more_older else None,
            )

    def filter(self, actor: Actor, wish: AuditWish) -> AuditFilter:
        """Raises as `page`."""
        with self._database.read() as session:
            return named(finding.search(session, get_colleague(session, actor), wish))

    def search_people(self, actor: Actor, text: str) -> tuple[Choice, ...]:
        """Colleagues, also those who left, and what acts by itself."""
        query = " ".join(text.split())[:QUERY_LENGTH].lower()
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_see_audit(colleague)
            others = (
                Choice(source, words.NOBODY[source]) for source in Source if query in words.NOBODY[source].lower()
            )
            fits = select(Colleague.id, Colleague.name, Colleague.active).where(
                Colleague.practice_id == actor.practice_id,
                or_(
                    func.lower(Colleague.name).contains(query, autoescape=True),
                    func.lower(Colleague.email).contains(query, autoescape=True),
                ),
            )
            rows = session.execute(
                fits.order_by(Colleague.active.desc(), Colleague.name, Colleague.id).limit(MOST_CHOICES)
            )
            people = (Choice(str(row.id), row.name if row.active else f"{row.name} (left)") for row in rows)
            return (*others, *people)


def _around(
    session: Session, wanted: Search, older_than: Mark | None, newer_than: Mark | None
) -> tuple[Sequence[Entry], bool, bool]:
    """A page's entries, and whether there are newer ones and older ones."""
    if newer_than is not None:
        found = finding.newer(session, wanted, newer_than, PAGE + 1)
        if len(found) > PAGE:
            return found[1:], True, True
        # The beginning is near: shown as a whole page, not as the few that are new.
    found = finding.older(session, wanted, None if newer_than is not None else older_than, PAGE + 1)
    if not found and older_than is not None:
        found, older_than = finding.older(session, wanted, None, PAGE + 1), None
    return found[:PAGE], older_than is not None and newer_than is None, len(found) > PAGE


def named(wanted: Search) -> AuditFilter:
    return AuditFilter(wish=wanted.wish, client_name=wanted.client_name, person_name=wanted.person_name)


def lines(session: Session, wanted: Search, entries: Sequence[Entry]) -> tuple[AuditLine, ...]:
    """Each entry in plain words, with one look for the names of each kind."""
    people = finding.who(session, wanted.practice_id, entries)
    about = subjects.names(session, wanted.practice_id, entries)
    return tuple(
        AuditLine(
            entry_id=entry.id,
            at=entry.at,
            who=words.NOBODY[entry.source]
            if entry.colleague_id is None
            else people.get(entry.colleague_id, "A former colleague"),
            source=words.SOURCES[entry.source],
            action=entry.action,
            what=words.action(entry.action),
            subject=about.get(entry.subject_id),
            changes=words.changes(entry.before, entry.after, wanted.local),
        )
        for entry in entries
    )
