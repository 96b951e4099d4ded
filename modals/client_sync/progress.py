"""How a sync stands: in its message, which is edited as it goes on, and in a window."""

from collections.abc import Sequence

from db.models import ItemState, SyncState
from modals import blocks as b
from modals.client_sync import ids
from modals.client_sync.opening import TITLE
from modals.text import clip, count
from services.accounting.port import NAMES
from services.client_sync.records import Outcome, RunView

_BAR = 20
_LONGEST_NAME = 80
_LONGEST_REASON = 200
_LABELS = {
    ItemState.CREATED: "created",
    ItemState.LINKED: "linked",
    ItemState.SKIPPED: "skipped",
    ItemState.FAILED: "failed",
    ItemState.CANCELLED: "not started",
}
_BY_INTEREST = (
    ItemState.FAILED,
    ItemState.SKIPPED,
    ItemState.CREATED,
    ItemState.LINKED,
    ItemState.CANCELLED,
)


def message(run: RunView) -> b.Message:
    return b.message(f"{_heading(run)}. {_counted(run)}", _content(run))


def window(run: RunView) -> b.View:
    blocks = _content(run)
    if run.state is SyncState.RUNNING:
        blocks += [
            b.actions(b.button("Refresh", ids.SHOW, value=str(run.run_id)), block_id="refresh"),
            b.context("A message from Clientdesk shows how it goes on: you can close this window."),
        ]
    return b.modal(TITLE, blocks)


def outcome_line(outcome: Outcome) -> list[b.Element]:
    parts = [b.words("• "), b.bold(clip(outcome.name, _LONGEST_NAME))]
    return [*parts, b.words(f" · {clip(outcome.reason, _LONGEST_REASON)}")] if outcome.reason else parts


def _content(run: RunView) -> list[b.Block]:
    blocks = [b.header(_heading(run)), b.rich(*_standing(run))]
    if run.settled < run.total:
        blocks.append(b.actions(_cancel(run)))
        return blocks
    for state, outcomes in ((ItemState.FAILED, run.failed), (ItemState.SKIPPED, run.skipped)):
        if outcomes:
            blocks.append(b.rich(*_named(state, outcomes, run.counts.get(state, 0))))
    if buttons := _next_steps(run):
        blocks.append(b.actions(*buttons))
    return blocks


def _heading(run: RunView) -> str:
    name = NAMES[run.provider]
    if run.settled < run.total:
        return f"Adding clients from {name}: {run.settled:,} of {run.total:,}"
    if run.cancelled:
        return f"Adding clients from {name} was cancelled"
    if run.state is SyncState.RUNNING:
        return f"Clients from {name} are added, their lists follow"
    return f"Clients from {name} are added"


def _standing(run: RunView) -> list[list[b.Element]]:
    lines = [[b.code(_bar(run.settled, run.total)), b.words(f"  {run.settled:,} of {run.total:,}")]]
    lines.append([b.words(_counted(run))])
    if run.information_total:
        name = NAMES[run.provider]
        follow = " They come after the clients." if run.settled < run.total else ""
        lines.append(
            [
                b.words(
                    f"Accounts, tax rates, contacts and other lists from {name}: {run.information_done:,} of "
                    f"{count(run.information_total, 'client', 'clients')}.{follow}"
                )
            ]
        )
        if run.information_failed:
            failed = count(run.information_failed, "client", "clients")
            lines.append([b.emoji("warning"), b.words(f" The lists of {failed} could not be read; Show all says why.")])
    if left := run.counts.get(ItemState.CANCELLED, 0):
        lines.append([b.words(f"{count(left, 'organisation was', 'organisations were')} not started.")])
    if run.state is SyncState.RUNNING and run.waits_until is not None:
        lines.append(
            [
                b.emoji("hourglass_flowing_sand"),
                b.words(f" {NAMES[run.provider]} asks us to wait. It goes on by itself "),
                b.moment(run.waits_until),
                b.words("."),
            ]
        )
    return lines


def _bar(done: int, total: int) -> str:
    filled = _BAR * done // max(total, 1)
    return "█" * filled + "░" * (_BAR - filled)


def _counted(run: RunView) -> str:
    parts = [f"{run.counts[state]:,} {label}" for state, label in _LABELS.items() if run.counts.get(state)]
    if waiting := run.total - run.settled:
        parts.append(f"{waiting:,} waiting")
    return f"{' · '.join(parts) or 'nothing to do'}."


def _named(state: ItemState, outcomes: Sequence[Outcome], counted: int) -> list[list[b.Element]]:
    lines = [[b.bold(f"{_LABELS[state].capitalize()}:")], *(outcome_line(each) for each in outcomes)]
    if counted > len(outcomes):
        lines.append([b.words(f"and {counted - len(outcomes):,} more")])
    return lines


def _cancel(run: RunView) -> b.Element:
    return b.button("Cancel", ids.CANCEL, value=str(run.run_id), style="danger") | {
        "confirm": b.confirm(
            "Cancel this sync?",
            "Organisations that were not started are left out. Clients that are there already stay.",
            "Cancel the sync",
            "Go on",
        )
    }


def _next_steps(run: RunView) -> list[b.Element]:
    value = str(run.run_id)
    found = []
    if run.invitable:
        found.append(b.button("Invite these clients", ids.INVITE, value=value, style="primary"))
    if run.state is SyncState.FINISHED and (run.counts.get(ItemState.FAILED) or run.information_failed):
        found.append(b.button("Retry failed", ids.RETRY_FAILED, value=value))
    first = next((state for state in _BY_INTEREST if run.counts.get(state)), None)
    if first is not None:
        found.append(b.button("Show all", ids.OUTCOMES, value=f"{value}:{first}"))
    if run.state is SyncState.FINISHED:
        found.append(b.button("Connect another organisation", ids.ADD))
    return found
