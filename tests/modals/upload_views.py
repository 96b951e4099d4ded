"""Views and messages of uploads, with the longest content that each can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import ImportState, Region
from modals.blocks import Message, View
from modals.uploads import opening, pages
from services.add_client.records import PermissionMissing
from services.permissions.records import Asked
from services.uploads.settling import Count
from services.uploads.shown import Opening, Problem, RunLine, RunView, UploadFile

LONG = "<!channel> & *_~" + "W" * 1_000
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MANY = tuple(f"U{number:010}" for number in range(300))
ASKED = Asked(request_id=uuid.uuid4(), admins=MANY, asked_at=NOW, repeated=True)
PROBLEMS = tuple(Problem(row=9_999, column="Contact first name", text=LONG) for _ in range(10))
OPENING = Opening(
    region=Region.UNITED_KINGDOM,
    is_partner=True,
    admins=MANY,
    missing=None,
    running=tuple(
        RunLine(run_id=uuid.uuid4(), file_name=LONG[:120], mine=False, uploader="U_ADA", total=9_999, done=9, at=NOW)
        for _ in range(5)
    ),
)
CHECKING = RunView(
    run_id=uuid.uuid4(),
    practice_id=uuid.uuid4(),
    slack_user_id="U_ADA",
    file_name=LONG[:120],
    state=ImportState.CHECKING,
    refusal=None,
    clients=0,
    sources=0,
    updates=0,
    unchanged=0,
    problems=0,
    over=0,
    noted=(),
    first=(),
    counts={},
    failed=(),
    started=False,
    errors=0,
    external_id=f"upload-{uuid.uuid4()}",
    place=None,
)
CHECKED = replace(
    CHECKING,
    state=ImportState.CHECKED,
    clients=9_000,
    sources=1_000,
    updates=9_000,
    unchanged=9_000,
    problems=9_000,
    over=9_000,
    noted=PROBLEMS[:5],
    first=PROBLEMS,
    errors=9_000,
)
IMPORTING = replace(CHECKED, state=ImportState.IMPORTING, started=True, counts=dict.fromkeys(Count, 1_000))
FINISHED = replace(
    IMPORTING, state=ImportState.FINISHED, counts=dict.fromkeys(Count, 9_000), failed=PROBLEMS, errors=18_000
)
RUNS = {
    "checking": CHECKING,
    "refused": replace(CHECKING, state=ImportState.REFUSED, refusal="x" * 4_000),
    "checked": CHECKED,
    "checked, nothing to import": replace(CHECKED, clients=0, sources=0, updates=0, problems=0, first=(), errors=0),
    "checked, nothing right": replace(CHECKED, clients=0, sources=0, updates=0),
    "importing": IMPORTING,
    "finished": FINISHED,
    "cancelled": replace(FINISHED, state=ImportState.CANCELLED, counts={Count.CREATED: 1}),
    "cancelled before": replace(CHECKED, state=ImportState.CANCELLED),
}
FILE = UploadFile(name="a.csv", title=LONG[:200], content=b"")

VIEWS: dict[str, View] = {
    "upload": opening.opening(OPENING),
    "upload, template sent": opening.opening(OPENING, template_sent=True),
    "upload, no partner": opening.opening(replace(OPENING, is_partner=False)),
    "upload, permission missing": opening.opening(replace(OPENING, missing=PermissionMissing(admins=MANY))),
    "upload, permission asked": opening.opening(replace(OPENING, missing=PermissionMissing(admins=MANY, asked=ASKED))),
    **{f"upload {name}": pages.window(run) for name, run in RUNS.items()},
}
MESSAGES: dict[str, Message] = {
    **{f"upload {name}": pages.message(run) for name, run in RUNS.items()},
    "upload template": pages.template_sent(),
    "upload errors": pages.errors_sent(FILE),
    "upload, message not read": pages.not_read(),
}
