"""What is to become of each row of a file, beside the rows above it and what the practice has."""

from collections.abc import Iterator

from db.models import BusinessType, ClientKind
from services.clients.names import code_key, fold, name_key
from services.uploads import template as the
from services.uploads.comparing import changes
from services.uploads.matching import Matcher
from services.uploads.parsing import Cells, Parser, Problems, code_in, has_more_than_source, has_source, name_in
from services.uploads.records import (
    WHOLE_ROW,
    Action,
    ClientRow,
    Known,
    KnownClient,
    RawRow,
    Row,
    Source,
    SourceRow,
    Table,
)
from services.uploads.rows import BUSINESS_TYPES

MOST_SOURCES = 20
"""Of one client."""
_UNCHANGED = "Nothing in it differs from what there is."
_OVER = "Over the bundle: your subscription has no place left for this client."


def check(table: Table, known: Known) -> Iterator[Row]:
    """The rows in order, each as soon as it is read. Raises UnreadableFileError where the table does."""
    checker = _Checker(table.columns, known)
    return map(checker.row, table.rows)


class _Solo:
    """A client and its income sources by `name_key`: those there were, and the rows that have given one.

    `row` is the number of the client's own row, None while there was none. `refused`: the client is not to be created,
    `over_bundle` for want of a place.
    """

    __slots__ = ("client", "has_property", "name", "over_bundle", "refused", "row", "sources")

    def __init__(self, name: str, client: KnownClient | None) -> None:
        self.name = name
        self.client = client
        self.row: int | None = None
        self.refused = self.over_bundle = False
        self.sources: dict[str, Source | int] = {} if client is None else dict(client.sources)
        self.has_property = client is not None and any(map(_is_property, client.sources.values()))

    def take(self, number: int, source: Source, problems: Problems, warnings: Problems) -> Action | None:
        """What is to become of a source that a row gives; None where it has a problem."""
        key = name_key(source.name)
        held = self.sources.get(key)
        if isinstance(held, int):
            problems[the.SOURCE_NAME] = f"Row {held:,} has this income source already."
            return None
        if held is None and len(self.sources) >= MOST_SOURCES:
            problems[the.SOURCE_NAME] = f"A client has at most {MOST_SOURCES} income sources."
            return None
        self.sources[key] = number
        if held is not None:
            return _compared(source, held, problems)
        if _is_property(source):
            if self.has_property:
                warnings[the.SOURCE_TYPE] = "HMRC treats all UK property of a person as one business."
            self.has_property = True
        return Action.CREATE


def _is_property(source: Source) -> bool:
    return source.business_type is BusinessType.UK_PROPERTY


def _compared(source: Source, held: Source, problems: Problems) -> Action | None:
    if source.business_type is not held.business_type:
        kind = next(words for words, each in BUSINESS_TYPES.items() if each is held.business_type)
        problems[the.SOURCE_TYPE] = f"{held.name} is {kind}, which can't be changed."
        return None
    same_method = source.accounting_method in {None, held.accounting_method}
    same_periods = source.period_type in {None, held.period_type}
    return Action.SKIP if same_method and same_periods else Action.UPDATE


class _Checker:
    def __init__(self, columns: tuple[str, ...], known: Known) -> None:
        self._columns = columns
        self._known = known
        self._parser = Parser(columns, known)
        self._matcher = Matcher(known)
        self._places = known.places
        self._solos: dict[str, _Solo] = {}

    def row(self, raw: RawRow) -> Row:
        problems: Problems = {}
        cells = self._parser.arrange(raw.cells)
        if len(raw.cells) > len(self._columns):
            more = len(raw.cells) - len(self._columns)
            problems[WHOLE_ROW] = (
                f"This row has {more} cell{'s' if more > 1 else ''} more than there are headers. "
                "Put quotation marks around a text with a comma in it."
            )
        if has_source(cells) and self._adds_source(cells):
            return self._source_row(raw, cells, problems)
        return self._client_row(raw, cells, problems)

    def _adds_source(self, cells: Cells) -> bool:
        """Whether the row is a further one of a client, not the client's own."""
        code = code_in(cells)
        if not name_in(cells):
            return bool(code) or not has_more_than_source(cells)
        solo = self._solos.get(code_key(code))
        return solo is not None and solo.row is not None and fold(solo.name) == fold(name_in(cells))

    def _client_row(self, raw: RawRow, cells: Cells, problems: Problems) -> Row:
        warnings: Problems = {}
        parsed, address = self._parser.client(cells, problems)
        client = self._matcher.client(raw.number, parsed, address, problems, warnings)
        self._parser.require_fit(parsed, cells, client, problems)
        is_solo = (parsed.kind if client is None else client.kind) is ClientKind.SOLO
        solo = self._solo_in(parsed, client) if is_solo else None
        source = None
        if solo is not None and parsed.source is not None:
            source = solo.take(raw.number, parsed.source, problems, warnings)
        if client is not None:
            changed = changes(parsed, address, client, source, problems, warnings)
            action = Action.UPDATE if changed else Action.SKIP
            row = _row(raw, problems, warnings, parsed, action, client, changed)
        else:
            row = self._created(raw, problems, warnings, parsed)
        if solo is not None and solo.row is None:
            solo.row, solo.name = raw.number, parsed.name
            solo.refused, solo.over_bundle = row.action is None and client is None, row.over_bundle
        return row

    def _solo_in(self, parsed: ClientRow, client: KnownClient | None) -> _Solo:
        fresh = _Solo(parsed.name, client)
        if parsed.practice_code is None:
            return fresh
        kept = self._solos.setdefault(code_key(parsed.practice_code), fresh)
        return fresh if kept.row is not None else kept

    def _created(self, raw: RawRow, problems: Problems, warnings: Problems, parsed: ClientRow) -> Row:
        if problems:
            return _row(raw, problems, warnings, parsed, Action.CREATE)
        if self._places <= 0:
            return _row(raw, {WHOLE_ROW: _OVER}, warnings, parsed, Action.CREATE)._replace(over_bundle=True)
        self._places -= 1
        return _row(raw, problems, warnings, parsed, Action.CREATE)

    def _source_row(self, raw: RawRow, cells: Cells, problems: Problems) -> Row:
        warnings: Problems = {}
        code, source = self._parser.source(cells, problems)
        if code is None:
            problems.setdefault(the.CODE, "Enter the practice code of the client that this income source is of.")
            return _row(raw, problems, warnings)
        solo = self._solo_of(code, problems)
        action = None
        if solo is not None and source is not None:
            action = solo.take(raw.number, source, problems, warnings)
        if source is None or action is None or solo is None:
            return _row(raw, problems, warnings)
        if has_more_than_source(cells):
            warnings[WHOLE_ROW] = "Of this row, only the income source is taken: the client is in a row above."
        changed = ("source",) if action is Action.UPDATE else ()
        parsed = SourceRow(code, source)
        if solo.refused:
            over_bundle = solo.over_bundle and not problems
            problems[the.CODE] = f"Row {solo.row:,} has this client, and a problem. Mend it there: both go together."
            return _row(raw, problems, warnings)._replace(over_bundle=over_bundle)
        return _row(raw, problems, warnings, parsed, action, solo.client, changed)

    def _solo_of(self, code: str, problems: Problems) -> _Solo | None:
        """The client of a further income source: of a row above, or one there was."""
        key = code_key(code)
        if key in self._solos:
            return self._solos[key]
        client = self._known.by_code.get(key)
        if (number := self._matcher.row_of(key)) is not None:
            problems[the.CODE] = f"Row {number:,} has this code. Only a Self-employed client has income sources."
        elif client is None:
            problems[the.CODE] = "No row above has this practice code, and no client. Put the client's row first."
        elif client.kind is not ClientKind.SOLO:
            problems[the.CODE] = f"{client.name} has this code. Only a Self-employed client has income sources."
        elif client.deactivated:
            problems[the.CODE] = f"{client.name} is deactivated. Reactivate it first, or leave this row out."
        else:
            return self._solos.setdefault(key, _Solo(client.name, client))
        return None


def _row(
    raw: RawRow,
    problems: Problems,
    warnings: Problems,
    parsed: ClientRow | SourceRow | None = None,
    action: Action | None = None,
    client: KnownClient | None = None,
    changed: tuple[str, ...] = (),
) -> Row:
    if problems:
        return Row(raw.number, raw.cells, problems, warnings, None, None, client and client.id, (), False, "")
    why = _UNCHANGED if action is Action.SKIP else ""
    return Row(raw.number, raw.cells, problems, warnings, parsed, action, client and client.id, changed, False, why)
