"""From the cells of a row to what it says of a client, by the rules that need no other row."""

import uuid
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from db.models import ClientKind, Plan, Region, Software, Solutions, TaxCategories
from services.add_client.steps import CODE_LENGTH, NAME_LENGTH
from services.clients.names import fold
from services.emails import email_key
from services.solo.identifiers import clean_nino, clean_postcode, clean_utr
from services.uploads import rows
from services.uploads import template as the
from services.uploads.records import ClientRow, Known, KnownClient, Source

_LONGEST_NAME_PART = 120
_TAX_CATEGORIES = {Region.UNITED_STATES: TaxCategories.SCHEDULE_C, Region.CANADA: TaxCategories.T2125}
_CHOSEN = (
    the.CLIENT_TYPE,
    the.INDUSTRY,
    the.COUNTRY,
    the.CURRENCY,
    the.SOLUTIONS,
    the.SELF_EMPLOYED,
    the.EMAIL_INVITE,
    the.SMS_INVITE,
    the.COLLEAGUES,
    the.TEAM,
)
"""What many rows have in common."""
_TYPED = (the.NAME, the.CODE, the.FIRST_NAME, the.LAST_NAME, the.EMAIL, the.MOBILE)
_ORDER = (*_CHOSEN, *_TYPED, *the.SOLO_COLUMNS)
_PLACE = {column: place for place, column in enumerate(_ORDER)}
_FIRST_TYPED = len(_CHOSEN)
_FIRST_SOLO = _FIRST_TYPED + len(_TYPED)
_FIRST_SOURCE = _PLACE[the.SOURCE_NAME]
_TYPE_AT, _TEAM_AT, _NAME_AT, _CODE_AT, _MOBILE_AT = (
    _PLACE[each] for each in (the.CLIENT_TYPE, the.TEAM, the.NAME, the.CODE, the.MOBILE)
)
_NO_SOLO = ("",) * len(the.SOLO_COLUMNS)
_NO_SOURCE = _NO_SOLO[_FIRST_SOURCE - _FIRST_SOLO :]
_MOST_KEPT = 1_000
_PLAIN = 120
"""Characters that name, code and contact have together, mostly."""

Cells = tuple[str, ...]
"""Of a row, in the order in which it is read here, whatever the file's."""
Problems = dict[str, str]


class Parser:
    """Reads the rows of one file. `Cells` come from `arrange`. Problems are put in by column."""

    def __init__(self, columns: tuple[str, ...], known: Known) -> None:
        self._known = known
        # A column that the file has not is the cell put behind each row.
        places = [columns.index(column) if column in columns else -1 for column in _ORDER]
        self._arranged: Callable[[list[str]], Cells] = itemgetter(*places)
        readers = _readers(known)
        self._readers = tuple((column, readers[column]) for column in _ORDER)
        self._is_plain_mobile = rows.plain_mobile(known.region).fullmatch
        self._chosen: dict[Cells, tuple[list[Any], Problems]] = {}

    def arrange(self, cells: list[str]) -> Cells:
        return self._arranged([*cells, ""])

    def client(self, cells: Cells, problems: Problems) -> tuple[ClientRow, str | None]:
        """What the row says, with None for what is not right, and what its e-mail is compared by. Without a `Client
        type`, it is a business."""
        chosen = cells[:_FIRST_TYPED]
        if chosen not in self._chosen:
            self._choose(chosen)
        said, wrong = self._chosen[chosen]
        if wrong:
            problems.update(wrong)
        kind, industry, country, currency, solutions, is_self_employed, by_email, by_sms, colleagues, team = said
        name, code, first, last, address, mobile = cells[_FIRST_TYPED:_FIRST_SOLO]
        if not _are_plain(name, code, first, last):
            name, code, first, last = self._read(cells, _NAME_AT, _NAME_AT + 4, problems)
        email = key = None
        if address:
            try:
                email, key = rows.email(address)
            except ValueError as error:
                if not address.isspace():
                    problems[the.EMAIL] = str(error)
        if mobile and not self._is_plain_mobile(mobile):
            (mobile,) = self._read(cells, _MOBILE_AT, _MOBILE_AT + 1, problems)
        nino = utr = postcode = source = None
        if cells[_FIRST_SOLO:] != _NO_SOLO:
            nino, utr, postcode, *sources = self._read(cells, _FIRST_SOLO, len(cells), problems)
            source = _source(sources, problems) if has_source(cells) else None
        row = ClientRow(
            kind or ClientKind.BUSINESS,
            name or "",
            code or None,
            industry or None,
            country,
            currency,
            solutions,
            Software.NONE if is_self_employed or kind is ClientKind.SOLO else Software.LATER,
            _TAX_CATEGORIES.get(self._known.region) if is_self_employed else None,
            f"{first} {last}" if first and last else first or last or None,
            email,
            mobile or None,
            by_email or False,
            by_sms or False,
            colleagues or (),
            team,
            nino,
            utr,
            postcode,
            source,
        )
        return row, key

    def _choose(self, cells: Cells) -> None:
        if len(self._chosen) >= _MOST_KEPT:
            self._chosen.clear()
        problems: Problems = {}
        self._chosen[cells] = self._read(cells, 0, _FIRST_TYPED, problems), problems

    def _read(self, cells: Cells, start: int, end: int, problems: Problems) -> list[Any]:
        said: list[Any] = []
        for place in range(start, end):
            column, read = self._readers[place]
            value = None
            if cells[place]:
                try:
                    value = read(cells[place])
                except ValueError as error:
                    if not cells[place].isspace():
                        problems[column] = str(error)
            said.append(value)
        return said

    def source(self, cells: Cells, problems: Problems) -> tuple[str | None, Source | None]:
        """A row that only adds an income source: the practice code, and the source."""
        (code,) = self._read(cells, _CODE_AT, _CODE_AT + 1, problems)
        return code or None, _source(self._read(cells, _FIRST_SOURCE, len(cells), problems), problems)

    def require_fit(self, row: ClientRow, cells: Cells, client: KnownClient | None, problems: Problems) -> None:
        """The rules of the region, the plan, and the kind of client. `client` is the one that the row stands for."""
        known = self._known
        if not row.name and the.NAME not in problems:
            problems[the.NAME] = "Enter the client's name."
        if row.kind is ClientKind.SOLO or cells[_FIRST_SOLO:] != _NO_SOLO:
            self._require_solo(row, cells, client, problems)
        if client is not None and cells[_TYPE_AT].strip() and row.kind is not client.kind:
            problems.setdefault(
                the.CLIENT_TYPE,
                f"{client.name} is a {_KINDS[client.kind]} client, which can't be changed. Leave this empty, or give "
                "the row a practice code of its own.",
            )
        if row.solutions is Solutions.BOOKKEEPING_DHI and not known.has_dhi:
            problems[the.SOLUTIONS] = "Your practice does not have Data Health & Insights. Write Bookkeeping."
        if row.software is Software.NONE and row.kind is ClientKind.BUSINESS:
            if row.tax_categories is None:
                problems[the.SELF_EMPLOYED] = "Only for practices in the US and Canada. Leave it empty."
            elif client is not None and client.software in {Software.XERO, Software.SAGE}:
                problems[the.SELF_EMPLOYED] = f"{client.name} is connected to accounting software. Write No."
        if cells[_TEAM_AT].strip() and known.plan is not Plan.ADVANCED:
            problems[the.TEAM] = "Teams are part of the Advanced plan. Leave this empty."
        if row.contact_email is None or not row.contact_name or row.invite_by_sms:
            self._require_contact(row, client, problems)

    def _require_solo(self, row: ClientRow, cells: Cells, client: KnownClient | None, problems: Problems) -> None:
        region = self._known.region
        if row.kind is ClientKind.SOLO and region is not Region.UNITED_KINGDOM:
            hint = " and Yes under Self-employed" if region in the.SELF_EMPLOYED_REGIONS else ""
            problems[the.CLIENT_TYPE] = f"Self-employed clients are for practices in the UK. Write Business{hint}."
        if row.kind is ClientKind.SOLO:
            if client is None and not has_source(cells):
                problems[the.SOURCE_NAME] = "Enter at least one income source."
        elif client is None or client.kind is not ClientKind.SOLO:
            where = "under Client type" if region is Region.UNITED_KINGDOM else "at a practice in the UK"
            for place in range(_FIRST_SOLO, len(cells)):
                if cells[place].strip():
                    problems[_ORDER[place]] = f"Only for clients who are Self-employed {where}. Leave it empty."

    def _require_contact(self, row: ClientRow, client: KnownClient | None, problems: Problems) -> None:
        has_contact = client is not None and client.contact_email is not None
        if row.contact_email is None:
            if not has_contact and the.EMAIL not in problems:
                if row.invite_by_email or row.invite_by_sms:
                    problems[the.EMAIL] = "Enter the e-mail address to invite."
                elif row.contact_name or row.contact_mobile:
                    problems[the.EMAIL] = "Enter the contact's e-mail address, or leave all of the contact empty."
        elif not row.contact_name and not has_contact and row.kind is not ClientKind.SOLO:
            problems.setdefault(the.FIRST_NAME, "Enter the contact's name.")
        if row.invite_by_sms:
            if not self._known.texts:
                problems[the.SMS_INVITE] = "Text messages are not set up here. Write No."
            elif row.contact_mobile is None and (client is None or client.contact_mobile is None):
                problems.setdefault(the.MOBILE, "Enter the mobile number to text.")


_KINDS = {ClientKind.BUSINESS: "business", ClientKind.SOLO: "self-employed"}


def _are_plain(name: str, code: str, first: str, last: str) -> bool:
    """Whether they stay as they are when they are read, as nearly all do: that is quicker to see for all at once."""
    text = f"{name}|{code}|{first}|{last}"
    return (
        len(text) <= _PLAIN
        and len(code) <= CODE_LENGTH
        and text.isprintable()
        and "  " not in text
        and "| " not in text
        and " |" not in text
        and text[0] != " " != text[-1]
        and not rows.is_spoilt(code)
    )


def has_source(cells: Cells) -> bool:
    return cells[_FIRST_SOURCE:] != _NO_SOURCE and any(cell.strip() for cell in cells[_FIRST_SOURCE:])


def name_in(cells: Cells) -> str:
    return cells[_NAME_AT].strip()


def code_in(cells: Cells) -> str:
    return cells[_CODE_AT].strip()


def has_more_than_source(cells: Cells) -> bool:
    """Whether there is something in the row that adding an income source does not ask for."""
    asked = {_TYPE_AT, _NAME_AT, _CODE_AT}
    return any(cell.strip() for place, cell in enumerate(cells[:_FIRST_SOURCE]) if place not in asked)


def _source(said: list[Any], problems: Problems) -> Source | None:
    """None where it is not given whole."""
    name, business_type, method, periods = said
    if not name:
        problems.setdefault(the.SOURCE_NAME, "Enter the income source's name.")
        return None
    if business_type is None:
        problems.setdefault(the.SOURCE_TYPE, f"Write {' or '.join(rows.BUSINESS_TYPES)}.")
        return None
    return Source(name, business_type, method, periods)


def _readers(known: Known) -> dict[str, Callable[[str], Any]]:
    region = known.region
    yes_or_no = rows.word(rows.YES_OR_NO).__getitem__
    name_part = rows.text(_LONGEST_NAME_PART)
    return {
        the.CLIENT_TYPE: rows.word(rows.CLIENT_KINDS).__getitem__,
        the.NAME: rows.text(NAME_LENGTH),
        the.CODE: rows.code(CODE_LENGTH),
        the.INDUSTRY: rows.industry().__getitem__,
        the.COUNTRY: rows.country().__getitem__,
        the.CURRENCY: rows.currency().__getitem__,
        the.SOLUTIONS: rows.word(rows.SOLUTIONS).__getitem__,
        the.SELF_EMPLOYED: yes_or_no,
        the.FIRST_NAME: name_part,
        the.LAST_NAME: name_part,
        the.EMAIL: rows.email,
        the.MOBILE: lambda cell: rows.mobile(cell, region),
        the.EMAIL_INVITE: yes_or_no,
        the.SMS_INVITE: yes_or_no,
        the.COLLEAGUES: rows.Remembered(lambda cell: _colleagues(cell, known)).__getitem__,
        the.TEAM: rows.Remembered(lambda cell: _team(cell, known)).__getitem__,
        the.NINO: clean_nino,
        the.UTR: _utr,
        the.POSTCODE: clean_postcode,
        the.SOURCE_NAME: rows.text(NAME_LENGTH),
        the.SOURCE_TYPE: rows.word(rows.BUSINESS_TYPES).__getitem__,
        the.METHOD: rows.word(rows.METHODS).__getitem__,
        the.PERIODS: rows.word(rows.PERIODS).__getitem__,
    }


def _utr(cell: str) -> str:
    if rows.is_spoilt(cell.strip()):
        raise ValueError(f"Excel changed this number to {cell.strip()}. {rows.AS_TEXT}")
    if cell.strip().isdigit() and len(cell.strip()) == 9:
        raise ValueError("A UTR has 10 digits; this has 9. If it begins with 0, format the column as text.")
    return clean_utr(cell)


def _colleagues(cell: str, known: Known) -> tuple[uuid.UUID, ...]:
    """Those who are to be given access: who has it anyway is left out."""
    found = {}
    unknown = []
    for address in rows.addresses(cell):
        key = email_key(address)
        if key in known.colleagues:
            found[known.colleagues[key]] = True
        else:
            unknown.append(rows.shown(address))
    if unknown:
        raise ValueError(f"No colleague here has this e-mail: {', '.join(unknown[:3])}.")
    return tuple(colleague for colleague in found if colleague is not None)


def _team(cell: str, known: Known) -> uuid.UUID | None:
    folded = fold(cell)
    if not folded:
        return None
    if folded not in known.teams:
        raise ValueError(f"No team is called “{rows.shown(cell)}”. Write the name of one, or leave this empty.")
    return known.teams[folded]
