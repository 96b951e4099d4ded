"""What a CSV of 10,000 clients costs to check and preview, beside a bare `csv` and pydantic over the same file, and how
much memory it takes.
"""

import csv
import gc
import io
import statistics
import time
import tracemalloc
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from benchmarks import upload_import
from benchmarks.report import Result, line
from db.models import Plan, Region
from services.clients.names import code_key, name_key
from services.uploads import template as the
from services.uploads.checking import check
from services.uploads.reading import MOST_ROWS, read
from services.uploads.records import ClientRow, Known, KnownClient, Row

ROUNDS = 9
IMPORTS = 3
GOAL = 1.5
MEMORY_GOAL = 2.0
CONSTANT = 4 * 1024 * 1024
"""Bytes that a preview may take beside the file: the words of all columns, a chunk, and csv's own."""
CHUNK = 64 * 1024
KNOWN = Known(
    region=Region.UNITED_KINGDOM, plan=Plan.ADVANCED, has_dhi=True, texts=True, places=MOST_ROWS, by_code={}, by_name={}
)
_INDUSTRIES = ("Construction and trades", "Retail and e-commerce", "Legal services", "Accommodation and food")
_WORDS = ("Amber", "Birch", "Cedar", "Dover", "Elm", "Fern", "Grove", "Heath", "Iris", "Juniper")
_SOLO = {the.CLIENT_TYPE: "Self-employed", the.SOURCE_NAME: "Taxi", the.SOURCE_TYPE: "Self-employment"}

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
YesNo = Literal["Yes", "No", ""]


class Bare(BaseModel):
    """A row, by what pydantic itself can say of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Literal["Business", "Self-employed", ""], Field(alias=the.CLIENT_TYPE)]
    name: Annotated[Text, Field(alias=the.NAME, min_length=1)]
    code: Annotated[Text, Field(alias=the.CODE)]
    industry: Annotated[Text, Field(alias=the.INDUSTRY)]
    country: Annotated[Text, Field(alias=the.COUNTRY)]
    currency: Annotated[str, Field(alias=the.CURRENCY, pattern=r"^([A-Z]{3})?$")]
    solutions: Annotated[Literal["Bookkeeping", "Bookkeeping + Data Health & Insights", ""], Field(alias=the.SOLUTIONS)]
    first_name: Annotated[Text, Field(alias=the.FIRST_NAME)]
    last_name: Annotated[Text, Field(alias=the.LAST_NAME)]
    email: Annotated[str, Field(alias=the.EMAIL, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")]
    mobile: Annotated[str, Field(alias=the.MOBILE, pattern=r"^(\+[1-9][0-9]{6,14})?$")]
    email_invite: Annotated[YesNo, Field(alias=the.EMAIL_INVITE)]
    sms_invite: Annotated[YesNo, Field(alias=the.SMS_INVITE)]
    colleagues: Annotated[Text, Field(alias=the.COLLEAGUES)]
    team: Annotated[Text, Field(alias=the.TEAM)]
    nino: Annotated[Text, Field(alias=the.NINO)]
    utr: Annotated[Text, Field(alias=the.UTR)]
    postcode: Annotated[Text, Field(alias=the.POSTCODE)]
    source_name: Annotated[Text, Field(alias=the.SOURCE_NAME)]
    source_type: Annotated[Literal["Self-employment", "UK property", ""], Field(alias=the.SOURCE_TYPE)]
    method: Annotated[Literal["Cash basis", "Accruals", ""], Field(alias=the.METHOD)]
    periods: Annotated[Literal["Standard", "Calendar", ""], Field(alias=the.PERIODS)]


def run(*, rows: int = MOST_ROWS, rounds: int = ROUNDS) -> dict[str, Result]:
    """The floor of the time is a bare reading and validation, that of the memory the file itself."""
    data = content(rows)
    results = {
        "uploads_preview": _times(data, KNOWN, rounds),
        "uploads_preview_known": _times(data, _all_known(data), rounds),
        "uploads_preview_memory": _memory(content(rows, solo=True)),
    }
    print(line(f"A preview of {rows:,} new clients", results["uploads_preview"]))
    print(line(f"A preview of {rows:,} clients that are there", results["uploads_preview_known"]))
    print(line(f"The memory for a preview of {rows:,}", results["uploads_preview_memory"], "MB"))
    return results | upload_import.run(data, chunks, Bare, min(rounds, IMPORTS))


def content(rows: int, *, solo: bool = False) -> bytes:
    """A file of business clients, most columns filled in; or of self-employed ones, of whom more is kept meanwhile."""
    columns = [column.name for column in the.columns(KNOWN.region, KNOWN.plan)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_cells(number) | (_SOLO if solo else {}) for number in range(rows))
    return text.getvalue().encode("utf-8-sig")


def chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]


def preview(data: bytes, known: Known) -> Counter[str]:
    """As the product does it: what becomes of the rows, counted."""
    return Counter(row.action or "problem" for row in check(read(chunks(data), known.region), known))


def bare_preview(data: bytes) -> Counter[str]:
    reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""))
    return Counter(Bare.model_validate(row).kind for row in reader)


def _cells(number: int) -> dict[str, str]:
    word, other = _WORDS[number % 10], _WORDS[number // 10 % 10]
    filled = {
        the.CLIENT_TYPE: "Business",
        the.NAME: f"{word} & {other} Trading {number} Ltd",
        the.CODE: f"C{number:05}",
        the.INDUSTRY: _INDUSTRIES[number % len(_INDUSTRIES)],
        the.COUNTRY: "United Kingdom",
        the.CURRENCY: "GBP",
        the.SOLUTIONS: "Bookkeeping",
        the.FIRST_NAME: word,
        the.LAST_NAME: f"{other}son",
        the.EMAIL: f"{word.lower()}.{number}@{other.lower()}-trading.example",
        the.MOBILE: f"+447911{number:06}",
        the.EMAIL_INVITE: "Yes",
        the.SMS_INVITE: "No",
    }
    return {column: filled.get(column, "") for column in the.COLUMNS}


def _all_known(data: bytes) -> Known:
    clients = [_known_client(row) for row in check(read(chunks(data), KNOWN.region), KNOWN)]
    by_name: dict[str, tuple[KnownClient, ...]] = {}
    for client in clients:
        by_name[name_key(client.name)] = (client,)
    by_code = {code_key(client.practice_code or ""): client for client in clients}
    return Known(
        region=KNOWN.region, plan=KNOWN.plan, has_dhi=True, texts=True, places=0, by_code=by_code, by_name=by_name
    )


def _known_client(row: Row) -> KnownClient:
    parsed = row.parsed
    if not isinstance(parsed, ClientRow):
        raise TypeError(f"row {row.number} is no client's: {row.problems}")
    return KnownClient(
        id=uuid.uuid4(),
        name=parsed.name,
        kind=parsed.kind,
        practice_code=parsed.practice_code,
        industry=parsed.industry,
        country=parsed.country,
        base_currency=parsed.base_currency,
        contact_name=parsed.contact_name,
        contact_email=parsed.contact_email,
        contact_mobile=parsed.contact_mobile,
        invited=True,
    )


def _times(data: bytes, known: Known, rounds: int) -> Result:
    """Milliseconds of the processor, of both in turn: what else the machine does counts for neither."""
    took: list[tuple[float, float]] = []
    for number in range(-1, rounds):
        pair = _milliseconds(lambda: preview(data, known)), _milliseconds(lambda: bare_preview(data))
        if number >= 0:  # the one before the first fills the caches
            took.append(pair)
    figure, floor = (statistics.median(times) for times in zip(*took, strict=True))
    ratio = statistics.median(product / bare for product, bare in took)
    return {"figure": figure, "floor": floor, "ratio": ratio, "goal": GOAL}


def _milliseconds(do: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    do()
    return (time.process_time() - start) * 1000


def _memory(data: bytes) -> Result:
    """The most that is held at once, less the constant, in megabytes. The file itself is counted in: it comes from
    outside, and is not held."""
    preview(data, KNOWN)
    tracemalloc.start()
    try:
        preview(data, KNOWN)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    megabyte = 1024 * 1024
    figure, floor = max(most - CONSTANT, 0) / megabyte, len(data) / megabyte
    return {"figure": figure, "floor": floor, "ratio": figure / floor, "goal": MEMORY_GOAL, "most": most / megabyte}


if __name__ == "__main__":
    run()
