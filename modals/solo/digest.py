"""The morning's message about quarterly updates that are due."""

from modals import blocks as b
from modals.clients import ids as clients
from modals.reminders import SETTINGS
from modals.solo import words
from modals.text import clip, count
from services.solo.deadlines import DeadlineDigest, DueClient

_NAME = 100
_SOURCES = 150
_NAMED = 5


def digest(shown: DeadlineDigest) -> b.Message:
    of = count(shown.clients, "client", "clients")
    said = f"Quarterly updates of {of} {'were' if shown.overdue else 'are'} due"
    blocks = [b.header(said)]
    for day in shown.days:
        blocks.append(b.rich([b.bold(f"Due {day.due:%A} {words.day(day.due)}")]))
        blocks += [_client(each) for each in day.clients]
    if shown.more:
        blocks.append(b.section(f"And {count(shown.more, 'more client', 'more clients')}."))
    blocks.append(b.actions(b.button("All clients", clients.LIST), b.button("Reminder settings", SETTINGS)))
    return b.message(f"{said}: {_summary(shown)}", blocks)


def _client(each: DueClient) -> b.Block:
    said = f"{clip(each.name, _NAME)}\n{clip(', '.join(each.sources), _SOURCES)}"
    return b.section(said, accessory=b.button("Open", clients.OPEN, value=str(each.client_id)))


def _summary(shown: DeadlineDigest) -> str:
    named = [clip(each.name, 60) for day in shown.days for each in day.clients]
    days = " and ".join(words.day(day.due) for day in shown.days)
    rest = shown.clients - len(named[:_NAMED])
    return f"{days}; {', '.join(named[:_NAMED])}{f' and {rest:,} more' if rest else ''}"
