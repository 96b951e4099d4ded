import re
from collections.abc import Iterator

import pytest

from db.models import Region
from services.uploads import template as the
from services.uploads.decoding import LARGEST
from services.uploads.reading import LONGEST_CELL, MOST_ROWS, read
from services.uploads.records import RawRow, UnreadableFileError
from services.uploads.template import COLUMNS
from tests.services.uploads.files import content, table

HEADERS = ",".join(the.required(Region.OTHER))
WIDTH = len(the.required(Region.OTHER))
OTHER = Region.OTHER


def named(name: str, delimiter: str = ",") -> str:
    """A row with this name."""
    return delimiter.join(["", name, *[""] * (WIDTH - 2)])


def names(data: bytes, *, size: int = 1 << 16) -> list[tuple[int, str]]:
    return [(row.number, row.cells[1]) for row in table(data, OTHER, size=size).rows]


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableFileError) as refused:
        list(table(data, OTHER).rows)
    return refused.value.message


def test_rows_keep_the_numbers_that_they_have_in_the_file() -> None:
    data = f"{HEADERS}\n# What goes where\n\n{named('Acme')}\n,,,\n  , \n{named('Birch')}".encode()

    assert names(data) == [(4, "Acme"), (7, "Birch")]


def test_a_quoted_line_break_is_part_of_a_row() -> None:
    quoted = named('"Acme\r\nLtd"')

    assert names(f"{HEADERS}\r\n{quoted}\r\n{named('Birch')}\r\n".encode()) == [(2, "Acme\nLtd"), (3, "Birch")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 16])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_and_line_end_of_a_spreadsheet_is_read_in_pieces_of_any_size(
    encoding: str, end: str, size: int
) -> None:
    data = end.join([HEADERS, named("Zoë’s Café"), named("“Ångström” €5")]).encode(encoding)

    assert names(data, size=size) == [(2, "Zoë’s Café"), (3, "“Ångström” €5")]


def test_utf_16_is_read_with_its_larger_end_first_too() -> None:
    assert names(b"\xfe\xff" + f"{HEADERS}\n{named('Zoë')}".encode("utf-16-be")) == [(2, "Zoë")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_of_the_headers(delimiter: str) -> None:
    quoted = named(f'"Smith{delimiter} Jones"', delimiter)

    assert names(f"{HEADERS.replace(',', delimiter)}\n{quoted}".encode()) == [(2, f"Smith{delimiter} Jones")]


def test_a_line_that_names_the_delimiter_is_passed_over() -> None:
    data = f"sep=;\r\n{HEADERS.replace(',', ';')}\r\n{named('Acme', ';')}".encode()

    assert names(data) == [(3, "Acme")]


def test_columns_may_stand_in_any_order_and_have_spaces_around_them() -> None:
    turned = [f" {name} " for name in reversed(the.required(OTHER))]
    found = table(f"{','.join(turned)},,\n{named('Acme')}".encode(), OTHER)

    assert found.columns == tuple(reversed(the.required(OTHER)))
    assert [row.number for row in found.rows] == [2]


def test_the_line_of_instructions_is_known_wherever_its_columns_have_gone() -> None:
    turned = list(reversed(the.required(OTHER)))
    notes = ["Note"] * (WIDTH - 1) + ["# Business, or leave empty"]
    acme = ["", *["x"] * (WIDTH - 1)]

    found = table("\n".join(",".join(row) for row in (turned, notes, acme)).encode(), OTHER)

    assert list(found.rows) == [RawRow(3, acme)]


def test_only_the_line_below_the_headers_holds_instructions() -> None:
    assert [row.number for row in table(f"{HEADERS}\n{named('A')}\n#{named('B')}".encode(), OTHER).rows] == [2, 3]


def test_the_errors_of_a_file_given_back_are_passed_over() -> None:
    first, rest = HEADERS.split(",", 1)
    data = f"{first},Errors,{rest},Errors too\n".replace(",Errors too", "").encode()
    data += b"Business,Enter a name,Acme,A1\n"

    found = table(data, OTHER)

    assert "Errors" not in found.columns
    assert list(found.rows) == [RawRow(2, ["Business", "Acme", "A1", *[""] * (WIDTH - 3)])]


def test_an_apostrophe_that_keeps_a_cell_from_running_is_taken_off_and_no_other() -> None:
    cells = ["'=1+1", "'+4479", "'-", "'@x", "' =1", "'＝1", "'tis", "''=1", "="]
    row = ",".join(cells + [""] * (WIDTH - len(cells)))

    (found,) = table(f"{HEADERS}\n{row}".encode(), OTHER).rows

    assert found.cells[: len(cells)] == ["=1+1", "+4479", "-", "@x", " =1", "＝1", "'tis", "''=1", "="]


def test_a_short_row_is_filled_up_and_a_long_one_keeps_what_is_too_much() -> None:
    short, empty, long = ",Acme", named("Birch") + ",,, ", named("Cedar") + ",more,"
    rows = list(table(f"{HEADERS}\n{short}\n{empty}\n{long}".encode(), OTHER).rows)

    assert [len(row.cells) for row in rows] == [WIDTH, WIDTH, WIDTH + 1]
    assert rows[2].cells[-1] == "more"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty."),
        (b"\xef\xbb\xbf", "This file is empty."),
        (b" \r\n;;;\n", "This file is empty."),
        (b"PK\x03\x04\x14\x00\x06\x00\x08", "This is a spreadsheet, not a CSV file."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is a spreadsheet, not a CSV file."),
        (b"%PDF-1.7\n", "This is a PDF, not a CSV file."),
        (b"\x89PNG\r\n\x1a\n", "This is a picture, not a CSV file."),
        (f"{HEADERS}\nA\0B".encode(), "it holds characters that no text has"),
        (f"{HEADERS}\nZoë\n".encode() + b"\xff\xfe", "Some characters in this file can't be read."),
        (f"{HEADERS}\n".encode() + b"\x81", "Some characters in this file can't be read."),
        (b"\xff\xfeA", "Some characters in this file can't be read."),
        (b"Name,Code\nAcme,1\n", "The first row has none of the template's headers."),
        (f"{HEADERS}\n\n".encode(), "This file has the headers and nothing below them."),
        (f'{HEADERS}\n{named("A")}\n"Acme\n'.encode(), "The quotation marks in row 3 don't match."),
        (f'{HEADERS}\n"Acme" Ltd,\n'.encode(), "The quotation marks in row 2 don't match."),
    ],
)
def test_what_is_no_file_of_clients_is_refused_in_plain_words(data: bytes, words: str) -> None:
    assert words in refusal(data)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (HEADERS.replace("Industry", "Sector"), "Not in the template: “Sector”. Missing: “Industry”."),
        (HEADERS.replace("Business name", "business  name"), "“business  name” (write “Business name”)"),
        (HEADERS + ",Industry", "More than once: “Industry”."),
        (HEADERS + ",,Team", f"Column {WIDTH + 1} has no header."),
        (HEADERS.replace(",Country", ""), "Missing: “Country”."),
        (HEADERS + ",a,b,c,d,e,f,g", "“a”, “b”, “c”, “d”, “e” and 2 more"),
    ],
)
def test_headers_that_are_not_the_templates_are_named(headers: str, words: str) -> None:
    assert words in refusal(f"{headers}\n{named('Acme')}".encode())


def test_columns_of_other_regions_are_known_and_may_be_there() -> None:
    data = ",".join(COLUMNS) + "\nBusiness,Acme\n"

    assert [row.cells[1] for row in table(data.encode(), OTHER).rows] == ["Acme"]


def test_a_cell_has_a_thousand_characters_at_most() -> None:
    assert names(f"{HEADERS}\n{named('é' * LONGEST_CELL)}".encode()) == [(2, "é" * LONGEST_CELL)]
    assert "Row 3 has more than 1,000 characters in Business name." in refusal(
        f"{HEADERS}\n{named('A')}\n{named('é' * (LONGEST_CELL + 1))}".encode()
    )


@pytest.mark.parametrize("filling", ["x", ",", '\n","', "\n", "€"])
def test_a_quotation_that_nobody_closes_is_refused_before_it_fills_the_memory(filling: str) -> None:
    data = f'{HEADERS}\n{named("A")}\n"'.encode() + filling.encode() * (LARGEST // 4 // len(filling.encode()))

    assert re.search(r"Row 3 is too long|row 3 don't match", refusal(data))


def test_ten_thousand_rows_are_taken_and_one_more_is_named() -> None:
    most = f"{HEADERS}\n\n" + "".join(f"{named(f'Client {number}')}\n" for number in range(MOST_ROWS))

    assert len(names(most.encode())) == MOST_ROWS
    assert refusal(f"{most}{named('One Too Many')}\n".encode()) == (
        "This file has more than 10,000 rows. The first one too many is row 10,003, “One Too Many”. "
        "Split the file into several and send each."
    )


def test_ten_megabytes_are_read_and_a_byte_more_is_refused() -> None:
    start = f"{HEADERS}\n{named('Acme')}\n".encode()
    blank = b"," * 99_999 + b"\n"
    most = (start + blank * (LARGEST // len(blank) + 1))[:LARGEST]

    assert names(most) == [(2, "Acme")]
    assert refusal(most + b",") == "This file is larger than 10 MB. Split it into several and send each."


def test_rows_come_while_the_file_is_still_being_received() -> None:
    received = []

    def pieces() -> Iterator[bytes]:
        for piece in (HEADERS, named("Acme"), named("Birch")):
            received.append(piece)
            yield f"{piece}\n".encode()

    rows = read(pieces(), OTHER).rows

    assert next(rows).cells[1] == "Acme"
    assert len(received) == 2


def test_a_file_of_another_practices_plan_is_read() -> None:
    assert "Team" in table(content({the.NAME: "Acme"})).columns
