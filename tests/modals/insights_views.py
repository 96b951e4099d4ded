"""The views and messages of the insights, with the longest content that they can get."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from modals import insights
from modals.blocks import Message, View
from services.accounting.connections import ConnectionState
from services.insights import WEEKS, Funnel, Insights, InsightsPicture, TimeToAccept, Week

MONDAY = date(2026, 12, 14)
FULL = Insights(
    at=datetime(2026, 12, 28, 23, 59, tzinfo=UTC),
    clients=200_000,
    active=100_000,
    may_add_clients=True,
    funnel=Funnel(invited=100_000, delivered=100_000, opened=100_000, accepted=100_000),
    time_to_accept=TimeToAccept(people=5_000, half=timedelta(days=3_000), most=timedelta(days=3_000)),
    connections=dict.fromkeys(ConnectionState, 100_000),
    weeks=tuple(Week(begins=MONDAY - timedelta(weeks=WEEKS - 1 - week), added=100_000) for week in range(WEEKS)),
)
FRESH = replace(
    FULL,
    clients=1,
    active=1,
    funnel=Funnel(invited=0, delivered=0, opened=0, accepted=0),
    time_to_accept=None,
    connections=dict.fromkeys(ConnectionState, 0) | {ConnectionState.NOT_CONNECTED: 1},
    weeks=tuple(replace(week, added=0) for week in FULL.weeks),
)
EMPTY = replace(FRESH, clients=0, active=0, connections=dict.fromkeys(ConnectionState, 0))
MADE = InsightsPicture(file_name="Insights 2026-12-28 23-59-59.png", insights=FULL)
VIEWS: dict[str, View] = {
    "insights": insights.page(FULL),
    "insights, picture sent": insights.page(FULL, sent=True),
    "insights, nobody invited": insights.page(FRESH),
    "insights, no client": insights.page(EMPTY),
    "insights, no client and none to add": insights.page(replace(EMPTY, may_add_clients=False)),
}
MESSAGES: dict[str, Message] = {
    "insights picture": insights.message(MADE),
}
