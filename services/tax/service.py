"""Costs and sales of self-employed clients in the US and Canada: uploaded, added up, sent as a Tax summary."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import Client, Colleague, TaxItem
from db.session import Database
from services import audit, files
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import ConflictError, NotFoundError
from services.files import Asked
from services.practice import get_colleague
from services.tax import exporting
from services.tax.exporting import Form
from services.tax.items import Item
from services.tax.reading import Entries, read
from services.tax.records import MOST_ITEMS, TaxClient, TaxFile, Upload, YearPage
from services.tax.summary import summary
from services.tax.totals import items_of, items_of_year, kept_items, summary_of, years_of
from services.zones import zone

TEMPLATE = "slack.tax_template"
SUMMARY = "slack.tax_summary"
_AT_ONCE = 500
_MOST_YEARS = 50


class TaxService:
    """Whoever can open a client may do all of it. All raise NotFoundError for a client that the actor does not see,
    and ConflictError for one that has no tax categories, or, for a change, is deactivated."""

    def __init__(self, database: Database, *, most_items: int = MOST_ITEMS) -> None:
        self._database = database
        self._most_items = most_items

    def client(self, actor: Actor, client_id: uuid.UUID) -> TaxClient:
        with self._database.read() as session:
            return _shown(_client(session, get_colleague(session, actor), client_id))

    def to_upload(self, actor: Actor, client_id: uuid.UUID) -> TaxClient:
        """The client, if items can be added to it."""
        with self._database.read() as session:
            return _shown(_to_change(session, actor, client_id))

    def preview(self, actor: Actor, client_id: uuid.UUID, text: str) -> Upload:
        """What `add` would do. Raises InvalidError at `items` for what is no such table."""
        entries = read(text, self.to_upload(actor, client_id).listed)
        with self._database.read() as session:
            client = _to_change(session, actor, client_id)
            return self._plan(session, client, entries)[1]

    def add(self, actor: Actor, client_id: uuid.UUID, text: str, *, file_name: str | None = None) -> Upload:
        """Adds the good rows that are not there yet, and says what that was. The same again adds nothing.

        Raises InvalidError at `items`, or ConflictError when the client would have too many.
        """
        entries = read(text, self.to_upload(actor, client_id).listed)
        now = self._database.now()
        with self._database.begin() as session:
            client = _to_change(session, actor, client_id, lock=True)
            new, done = self._plan(session, client, entries)
            if not new:
                return done
            rows = [
                {
                    "id": uuid7(),
                    "practice_id": client.practice_id,
                    "client_id": client.id,
                    "dated_on": item.dated_on,
                    "description": item.description,
                    "side": item.side,
                    "line": item.category.code,
                    "amount": item.amount,
                    "entry_key": key,
                    "created_by": actor.colleague_id,
                    "created_at": now,
                }
                for key, item in new.items()
            ]
            session.execute(insert(TaxItem), rows)
            told = {"file": file_name, "added": len(rows), "there_already": done.known, "left_out": done.bad_rows}
            audit.record(session, actor, "client.tax_items_added", client.id, at=now, after=told)
            return done

    def year(self, actor: Actor, client_id: uuid.UUID, year: int | None = None) -> YearPage:
        """Without a year, the newest that has items, up to the current one. Raises NotFoundError for no year."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            client = _client(session, colleague, client_id)
            shown = _shown(client)
            years = years_of(session, client)
            this_year = today(self._database.now(), colleague).year
            if year is None:
                year = next((each for each, _ in years if each <= this_year), years[0][0] if years else this_year)
            found = summary_of(session, client, shown.listed, year)
        return YearPage(shown, years[:_MOST_YEARS], found)

    def delete_year(self, actor: Actor, client_id: uuid.UUID, year: int) -> int:
        """How many items were deleted."""
        with self._database.begin() as session:
            client = _to_change(session, actor, client_id, lock=True)
            of_year = items_of_year(client, year)
            count = session.scalar(select(func.count()).where(of_year)) or 0
            if count:
                session.execute(delete(TaxItem).where(of_year), execution_options={"synchronize_session": False})
                before = {"year": str(year), "items": count}
                now = self._database.now()
                audit.record(session, actor, "client.tax_items_deleted", client.id, at=now, before=before)
            return count

    def request_template(self, actor: Actor, client_id: uuid.UUID) -> None:
        """Has the empty table sent to the actor."""
        with self._database.begin() as session:
            client = _client(session, get_colleague(session, actor), client_id, lock=True)
            files.ask(
                session,
                actor,
                TEMPLATE,
                action="client.tax_template_sent",
                subject_id=client.id,
                args={"client_id": str(client.id)},
                now=self._database.now(),
            )

    def request_summary(self, actor: Actor, client_id: uuid.UUID, year: int) -> None:
        """Has the year's summary sent to the actor, in each form. Asked again within a minute, it is sent once.

        Raises NotFoundError when nothing is in that year.
        """
        with self._database.begin() as session:
            client = _client(session, get_colleague(session, actor), client_id, lock=True)
            _require_items(session, client, year)
            for form in Form:
                files.ask(
                    session,
                    actor,
                    SUMMARY,
                    action="client.tax_summary_sent",
                    subject_id=client.id,
                    told={"year": str(year), "form": form},
                    args={"client_id": str(client.id), "year": year, "form": form},
                    now=self._database.now(),
                )

    def template(self, asked: Asked, client_id: uuid.UUID) -> TaxFile:
        """Raises NotFoundError or NotPermittedError when the colleague may not have it any more; so does `summary`."""
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            client = _shown(_client(session, colleague, client_id))
        return exporting.template(client, asked.at.astimezone(zone(colleague.timezone)))

    def summary(self, asked: Asked, client_id: uuid.UUID, year: int, form: Form) -> TaxFile:
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            row = _client(session, colleague, client_id)
            client = _shown(row)
            _require_items(session, row, year)
            items = kept_items(session, row, client.listed, year)
        made = summary(items, client.listed, year)
        return exporting.summary_file(client, made, items, form, asked.at.astimezone(zone(colleague.timezone)))

    def _plan(self, session: Session, client: Client, entries: Entries) -> tuple[dict[bytes, Item], Upload]:
        """What is new, by its key, and what is said of it."""
        keys = [key for key, _ in entries.items]
        known = {
            key
            for some in _parts(keys)
            for key in session.scalars(select(TaxItem.entry_key).where(items_of(client), TaxItem.entry_key.in_(some)))
        }
        new = {key: item for key, item in entries.items if key not in known}
        held = session.scalar(select(func.count()).where(items_of(client))) or 0
        if new and held + len(new) > self._most_items:
            raise ConflictError(
                f"This client has {held:,} items, and {len(new):,} more would be too many: {self._most_items:,} is the "
                "most. Delete those of a year that is done."
            )
        upload = Upload(
            client=_shown(client),
            items=tuple(new.values()),
            known=len(known),
            problems=entries.problems,
            digest=entries.digest,
        )
        return new, upload


def today(now: datetime, colleague: Colleague) -> date:
    """The day where the colleague is."""
    return now.astimezone(zone(colleague.timezone)).date()


def _client(session: Session, colleague: Colleague, client_id: uuid.UUID, *, lock: bool = False) -> Client:
    client = get_client(session, colleague, client_id, lock=lock)
    _shown(client)
    return client


def _to_change(session: Session, actor: Actor, client_id: uuid.UUID, *, lock: bool = False) -> Client:
    client = _client(session, get_colleague(session, actor), client_id, lock=lock)
    if client.deactivated_at is not None:
        raise ConflictError("This client is deactivated. Reactivate it to change it.")
    return client


def _shown(client: Client) -> TaxClient:
    if client.tax_categories is None:
        raise ConflictError("This client has no tax categories.")
    return TaxClient(client.id, client.name, client.tax_categories, client.deactivated_at is None)


def _require_items(session: Session, client: Client, year: int) -> None:
    if session.scalar(select(TaxItem.id).where(items_of_year(client, year)).limit(1)) is None:
        raise NotFoundError(f"There are no items in {year}, so there is nothing to add up.")


def _parts(keys: list[bytes]) -> Iterator[list[bytes]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
