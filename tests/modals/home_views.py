"""App Home, with the longest content that it can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import InvitationStatus, PermissionKind, RequestStatus, Role, SyncState
from modals import home
from modals.blocks import View
from services.add_client.steps import CODE_LENGTH, NAME_LENGTH
from services.client_sync.records import RunLine
from services.invitations.listing import Standing
from services.overview.records import (
    MOST_COUNTED,
    Broken,
    ClientLine,
    DraftLine,
    Home,
    Overview,
    Requests,
    Room,
    Syncs,
)
from services.overview.service import NAMED, RECENT
from services.permissions.records import Request
from services.practice import Bundle

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH - 16)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
RUN = RunLine(
    run_id=uuid.uuid4(),
    state=SyncState.RUNNING,
    mine=False,
    starter="U_ADA",
    total=10_000,
    settled=4_567,
    at=NOW,
)
REQUEST = Request(
    id=uuid.uuid4(),
    kind=PermissionKind.CLIENT,
    status=RequestStatus.PENDING,
    requester_name=LONG,
    requester_slack_user_id="U_SAM",
    created_at=NOW,
    client_id=uuid.uuid4(),
    client_name=LONG,
    days=365,
)
FULL = Overview(
    practice_name="P" * 100,
    role=Role.PRACTICE_ADMIN,
    may_add_clients=True,
    may_see_insights=True,
    may_take_over=True,
    bundle=Bundle(used=100_000, included=100_000),
    room=Room.NONE,
    draft=DraftLine(id=uuid.uuid4(), client_name=LONG + "W" * 3000, updated_at=NOW),
    syncs=Syncs(choosing=RUN, running=tuple(replace(RUN, run_id=uuid.uuid4()) for _ in range(5)), more=10_000),
    requests=Requests(
        waiting=10_000,
        first=(
            REQUEST,
            replace(REQUEST, kind=PermissionKind.ADD_CLIENTS),
            replace(REQUEST, kind=PermissionKind.BUNDLE, bundle=100_000),
        ),
        mine=(REQUEST,) * NAMED,
    ),
    invitations=dict.fromkeys(Standing, MOST_COUNTED + 1),
    broken=Broken(count=MOST_COUNTED + 1, names=(LONG,) * NAMED),
    recent=tuple(
        ClientLine(
            client_id=uuid.uuid4(),
            name=LONG,
            practice_code="&" * CODE_LENGTH,
            invitation=InvitationStatus.FAILED,
            created_at=NOW,
        )
        for _ in range(RECENT)
    ),
)
EMPTY = replace(
    FULL,
    may_take_over=False,
    bundle=Bundle(used=0, included=50),
    room=Room.PLENTY,
    draft=None,
    syncs=Syncs(choosing=None, running=(), more=0),
    requests=Requests(waiting=0, first=(), mine=()),
    invitations={},
    broken=Broken(count=0, names=()),
    recent=(),
)
STANDARD = replace(EMPTY, role=Role.STANDARD, may_add_clients=False, may_see_insights=False, bundle=None, room=None)
HOMES: dict[str, View] = {
    "home": home.overview(FULL, explains=True),
    "home, nearly full": home.overview(replace(FULL, room=Room.LITTLE)),
    "home, empty": home.overview(EMPTY, explains=True),
    "home, nothing to do": home.overview(replace(EMPTY, recent=FULL.recent)),
    "home, standard": home.overview(STANDARD, explains=True),
    "home, may add": home.overview(replace(STANDARD, may_add_clients=True, room=Room.LITTLE)),
    "home, no longer a colleague": home.page(
        Home(
            practice_id=uuid.uuid4(),
            colleague_id=uuid.uuid4(),
            slack_user_id="U_SAM",
            built_at=NOW,
            digest=None,
            explains=False,
            overview=None,
            refusal="x" * 4000,
        )
    ),
    "home, not set up": home.not_set_up(may_set_up=True),
    "home, waiting": home.not_set_up(may_set_up=False),
    "home, refused": home.refused("x" * 4000),
}
