import csv
import io

from services.uploads import template as the
from services.uploads.checking import check
from services.uploads.error_file import error_file
from services.uploads.records import Action, Row, Table
from tests.services.uploads.files import checked, client, content, imported, known, table

COLUMNS = [column.name for column in the.columns(known().region, known().plan)]


def back(rows: list[Row]) -> bytes:
    return b"".join(error_file(COLUMNS, rows))


def read(data: bytes) -> Table:
    return table(data)


def test_the_rows_with_problems_come_back_as_they_were_with_what_is_wrong() -> None:
    bad = {the.NAME: "Zoë & Co", the.EMAIL: "zoe", the.COUNTRY: "Atlantis"}
    found = back(checked({the.NAME: "Acme"}, bad))

    lines = found.decode("utf-8-sig").splitlines()
    assert lines[0] == f"{','.join(COLUMNS)},Errors"
    assert lines[1:] == [
        ",Zoë & Co,,,Atlantis,,,,,zoe" + "," * (len(COLUMNS) - 9) + '"Country: “Atlantis” is not known here. '
        "Write its name in English, or its two letters.",
        'Contact email: Enter a whole e-mail address, such as name@example.com."',
    ]
    assert found.startswith(b"\xef\xbb\xbf")


def test_corrected_and_sent_again_it_gives_exactly_the_rest() -> None:
    rows = [{the.NAME: f"Client {number}", the.CODE: f"C{number}"} for number in range(500)]
    for number in range(0, 500, 25):
        rows[number] |= {the.FIRST_NAME: "Kim", the.EMAIL: "kim at client.example"}
    before = known(places=500)

    first = checked(*rows, at=before)
    corrected = back(first).replace(b"kim at ", b"kim@")
    second = list(check(read(corrected), imported(first, before)))
    third = list(check(read(content(*rows).replace(b"kim at ", b"kim@")), imported([*first, *second], before)))

    assert [sum(row.action is Action.CREATE for row in each) for each in (first, second, third)] == [480, 20, 0]
    assert {row.action for row in third} == {Action.SKIP}
    assert {client(row).practice_code for row in second} == {f"C{number}" for number in range(0, 500, 25)}


def test_cells_that_a_spreadsheet_would_run_are_neutralised_and_read_as_they_were() -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "'=1"]
    rows = checked(*({the.NAME: name, the.EMAIL: "?"} for name in names))

    again = [row.cells[1] for row in read(back(rows)).rows]
    written = [row[1] for row in csv.reader(io.StringIO(back(rows).decode(), newline=""))][1:]

    assert all(cell.startswith("'") for cell in written)
    assert again == ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "=1"]


def test_cells_beyond_the_headers_are_told_beside_the_problem() -> None:
    data = content({the.NAME: "Acme"}).rstrip() + b",Ltd,x\n"
    rows = list(check(read(data), known()))

    assert back(rows).decode().endswith("Left out here: Ltd, x\n".replace("\n", '"\r\n'))


def test_many_problems_still_fit_a_cell_that_can_be_sent_again() -> None:
    rows = [row._replace(problems=dict.fromkeys(COLUMNS, "x" * 200)) for row in checked({the.NAME: "Acme"})]

    assert [row.cells[1] for row in read(back(rows)).rows] == ["Acme"]
