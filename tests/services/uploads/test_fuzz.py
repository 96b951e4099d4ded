"""Whatever is sent gives a preview or a clear refusal; what was taken and is sent again changes nothing."""

import uuid
from collections.abc import Iterable, Mapping

from hypothesis import assume, given
from hypothesis import strategies as st

from db.models import Plan, Region
from services.uploads import template as the
from services.uploads.checking import check
from services.uploads.error_file import error_file
from services.uploads.reading import read
from services.uploads.records import Action, ClientRow, Known, KnownClient, Row, Source, UnreadableFileError
from services.uploads.rows import BUSINESS_TYPES, CLIENT_KINDS, METHODS, PERIODS, YES_OR_NO
from services.uploads.rows import SOLUTIONS as SOLUTION_WORDS
from services.uploads.written import written
from tests.services.uploads.files import content, imported, known, table

NORTH = uuid.UUID(int=1)
ADA = uuid.UUID(int=2)
SHARED = {"has_dhi": True, "colleagues": {"ada@firm.example": ADA}, "teams": {"north": NORTH}}
regions = st.sampled_from([Region.UNITED_KINGDOM, Region.UNITED_STATES, Region.IRELAND])

odd = st.sampled_from(
    [
        "",
        " ",
        "=1+1",
        "'=1",
        "+",
        "-",
        "@a",
        "\t",
        '"',
        "'",
        ";",
        ",",
        "\n",
        "4.47E+11",
        "ＡＢ",
        "é",
        "\u200b",
        "\x1f",
        "😀",
    ]
)
anything = st.one_of(odd, st.text(max_size=12), st.text("aA1 =+-@'\"\n;,", max_size=8))
names = st.one_of(st.sampled_from(["Acme", "ACME Ltd", "Acme Limited", "=Acme", "-Birch", "Birch & Co"]), anything)
codes = st.one_of(st.sampled_from(["", "", "A1", "a1", "A2", "007", "7", "=1", "+2"]), anything)


def word(words: Iterable[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(["", *words]), odd)


CELLS = {
    the.CLIENT_TYPE: word([*CLIENT_KINDS, "solo"]),
    the.NAME: names,
    the.CODE: codes,
    the.INDUSTRY: word(["legal services", "Dog walking"]),
    the.COUNTRY: word(["GB", "France", "-"]),
    the.CURRENCY: word(["gbp", "EUR"]),
    the.SOLUTIONS: word(SOLUTION_WORDS),
    the.SELF_EMPLOYED: word(YES_OR_NO),
    the.FIRST_NAME: word(["Kim", "=Kim"]),
    the.LAST_NAME: word(["Lee", "-Lee"]),
    the.EMAIL: word(["kim@acme.example", "KIM@acme.example", "=kim@acme.example", "pat@hill.example"]),
    the.MOBILE: word(["+447911123456", "'+447911123456", "07911123456"]),
    the.EMAIL_INVITE: word(YES_OR_NO),
    the.SMS_INVITE: word(YES_OR_NO),
    the.COLLEAGUES: word(["ada@firm.example", "ada@firm.example;zed@firm.example"]),
    the.TEAM: word(["north"]),
    the.NINO: word(["AB123456C"]),
    the.UTR: word(["3282497350"]),
    the.POSTCODE: word(["sw1a1aa"]),
    the.SOURCE_NAME: word(["Taxi", "Flat", "=Taxi"]),
    the.SOURCE_TYPE: word(BUSINESS_TYPES),
    the.METHOD: word(METHODS),
    the.PERIODS: word(PERIODS),
}
anything_typed = st.dictionaries(st.sampled_from(the.COLUMNS), st.just(None)).flatmap(
    lambda chosen: st.fixed_dictionaries({the.NAME: names, **{column: CELLS[column] for column in chosen}})
)
codes_given = st.sampled_from(["A1", "a1", "P1", "P2", "=1", "007", "7"])
names_given = st.sampled_from(["Acme", "ACME Ltd", "=Acme", "-Birch", "Birch & Co", "Pat", "Sam"])
sources = {
    the.SOURCE_NAME: st.sampled_from(["Taxi", "TAXI Ltd", "Flat", "=Flat", "House"]),
    the.SOURCE_TYPE: st.sampled_from([*BUSINESS_TYPES, "property"]),
}
options = {the.METHOD: st.sampled_from(["", *METHODS]), the.PERIODS: st.sampled_from(["", *PERIODS])}
contacts = {
    the.FIRST_NAME: st.sampled_from(["Kim", "=Kim"]),
    the.EMAIL: st.sampled_from(["kim@acme.example", "KIM@acme.example", "=kim@acme.example"]),
    the.MOBILE: st.sampled_from(["", "+447911123456"]),
    the.EMAIL_INVITE: st.sampled_from(["", "yes"]),
}
business = st.fixed_dictionaries(
    {the.NAME: names_given}, optional={the.CODE: codes_given, the.COUNTRY: st.just("gb"), the.TEAM: st.just("NORTH")}
)
with_contact = st.tuples(business, st.fixed_dictionaries(contacts)).map(lambda both: both[0] | both[1])
solo = st.fixed_dictionaries(
    {the.CLIENT_TYPE: st.just("solo"), the.NAME: names_given, **sources},
    optional={the.CODE: codes_given, the.UTR: st.just("K3282497350"), the.EMAIL: contacts[the.EMAIL], **options},
)
further = st.fixed_dictionaries({the.CODE: codes_given, **sources}, optional={the.NAME: names_given, **options})
rows = st.one_of(anything_typed, business, with_contact, solo, further)
families = st.tuples(codes_given, solo, st.lists(further, min_size=1, max_size=3)).map(
    lambda family: [{**row, the.CODE: family[0]} for row in (family[1], *family[2])]
)
files = st.lists(st.one_of(rows.map(lambda row: [row]), families), min_size=1, max_size=4).map(
    lambda parts: [row for part in parts for row in part]
)


def columns_of(region: Region) -> list[str]:
    return [column.name for column in the.columns(region, Plan.ADVANCED)]


def preview(data: bytes, practice: Known) -> list[Row] | str:
    try:
        return list(check(table(data, practice.region, size=64), practice))
    except UnreadableFileError as refusal:
        return refusal.message


def previewed(cells: list[dict[str, str]], practice: Known) -> list[Row]:
    columns = columns_of(practice.region)
    found = preview(b"".join(written(columns, ([row.get(each, "") for each in columns] for row in cells))), practice)
    assume(not isinstance(found, str))
    assert not isinstance(found, str)
    return found


@given(data=st.binary(max_size=400), region=regions)
def test_any_bytes_give_a_preview_or_a_refusal(data: bytes, region: Region) -> None:
    assert preview(data, known(region=region))


@given(
    tail=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        st.text(",;\"'\n\r\t=+aé", max_size=300).map(lambda text: text.encode("cp1252")),
    ),
    region=regions,
)
def test_any_bytes_below_the_headers_give_a_preview_or_a_refusal(tail: bytes, region: Region) -> None:
    assert preview(content(region=region) + tail, known(region=region))


@given(cells=files, region=regions, places=st.integers(0, 6))
def test_every_row_is_taken_or_has_a_problem_that_comes_back(
    cells: list[dict[str, str]], region: Region, places: int
) -> None:
    practice = known(region=region, places=places, **SHARED)
    found = previewed(cells, practice)

    assert all(bool(row.problems) == (row.action is None) == (row.parsed is None) for row in found)
    assert sum(row.action is Action.CREATE and isinstance(row.parsed, ClientRow) for row in found) <= places
    refused = [row.cells for row in found if row.problems]
    if refused:
        as_sent = read(written(columns_of(region), refused), region)
        back = read(error_file(columns_of(region), found), region)
        assert [row.cells for row in back.rows] == [row.cells for row in as_sent.rows]


@given(cells=files, region=regions)
def test_a_file_that_was_taken_and_is_sent_again_changes_nothing(cells: list[dict[str, str]], region: Region) -> None:
    practice = known(region=region, **SHARED)
    first = previewed(cells, practice)
    after = imported(first, practice)
    taken = [dict(zip(columns_of(region), row.cells, strict=False)) for row in first if row.action is not None]
    assume(taken)

    again = previewed(taken, after)

    assert [(row.action, row.problems) for row in again] == [(Action.SKIP, {})] * len(taken)


@given(cells=files, region=regions)
def test_the_clients_that_came_of_a_file_are_accepted_as_a_file_and_change_nothing(
    cells: list[dict[str, str]], region: Region
) -> None:
    practice = known(region=region, **SHARED)
    after = imported(previewed(cells, practice), practice)
    clients = [client for several in after.by_name.values() for client in several]
    assume(clients)

    exported = [row for client in clients for row in _exported(client)]
    again = previewed(exported, after)

    assert [(row.action, row.problems) for row in again] == [(Action.SKIP, {})] * len(exported)


def _exported(client: KnownClient) -> list[dict[str, str]]:
    first, *more = [_source(each) for each in client.sources.values()] or [{}]
    whole = {
        the.CLIENT_TYPE: _written(CLIENT_KINDS, client.kind),
        the.NAME: client.name,
        the.CODE: client.practice_code or "",
        the.INDUSTRY: client.industry or "",
        the.COUNTRY: client.country or "",
        the.CURRENCY: client.base_currency or "",
        the.SOLUTIONS: _written(SOLUTION_WORDS, client.solutions),
        the.SELF_EMPLOYED: "Yes" if client.tax_categories else "",
        the.FIRST_NAME: (client.contact_name or "")[:120],
        the.EMAIL: client.contact_email or "",
        the.MOBILE: client.contact_mobile or "",
        the.COLLEAGUES: "ada@firm.example" if client.colleagues else "",
        the.TEAM: "North" if client.teams else "",
        the.NINO: client.nino or "",
        the.UTR: client.utr or "",
        the.POSTCODE: client.postcode or "",
    }
    return [whole | first, *({the.CODE: client.practice_code or "", **each} for each in more)]


def _source(source: Source) -> dict[str, str]:
    return {
        the.SOURCE_NAME: source.name,
        the.SOURCE_TYPE: _written(BUSINESS_TYPES, source.business_type),
        the.METHOD: _written(METHODS, source.accounting_method),
        the.PERIODS: _written(PERIODS, source.period_type),
    }


def _written(words: Mapping[str, object], value: object) -> str:
    return next((text for text, each in words.items() if each is value), "")
