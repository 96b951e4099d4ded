"""What came of Client Sync: a sync's organisations by outcome, and of Reconnect all and Reassign clients."""

import uuid

from db.models import ItemState, Provider
from modals import blocks as b
from modals.client_sync import ids
from modals.client_sync.opening import TITLE
from modals.client_sync.progress import outcome_line
from modals.form import Metadata
from modals.text import clip, count
from services.accounting.port import NAMES
from services.client_sync.records import (
    Confirmation,
    Goal,
    OutcomePage,
    Reassigned,
    Reconnected,
)

_LONGEST_NAME = 100
_STATES = {
    ItemState.CREATED: "Created",
    ItemState.LINKED: "Linked",
    ItemState.SKIPPED: "Skipped",
    ItemState.FAILED: "Failed",
    ItemState.CANCELLED: "Not started",
}
_GO_ON = {
    Goal.ADD: ("Go on to choose the organisations that become clients.", "Choose organisations"),
    Goal.RECONNECT: ("Go on to connect again what this sign-in reaches.", "Reconnect all"),
    Goal.REASSIGN: ("Go on to choose the connections that you take over.", "Choose clients"),
}


class OutcomesMetadata(Metadata):
    run: uuid.UUID
    state: ItemState


class ConfirmationMetadata(Metadata):
    run: uuid.UUID


def outcomes(shown: OutcomePage) -> b.View:
    options = [b.option(label, state) for state, label in _STATES.items()]
    blocks = [b.actions(b.select(options, shown.state) | {"action_id": ids.OUTCOME}, block_id="outcome")]
    if shown.lines:
        blocks.append(b.rich(*(outcome_line(each) for each in shown.lines)))
    else:
        blocks.append(b.section("None."))
    turning = []
    if shown.page > 0:
        turning.append(b.button("Previous", ids.OUTCOMES_PREVIOUS, value=str(shown.page - 1)))
    if shown.page + 1 < shown.pages:
        label = f"Next (page {shown.page + 2:,} of {shown.pages:,})"
        turning.append(b.button(label, ids.OUTCOMES_NEXT, value=str(shown.page + 1)))
    if turning:
        blocks.append(b.actions(*turning))
    blocks += [
        b.actions(b.button("Back", ids.SHOW, value=str(shown.run_id)), block_id="back"),
        b.context(count(shown.found, "organisation", "organisations")),
    ]
    metadata = OutcomesMetadata(run=shown.run_id, state=shown.state)
    return b.modal(TITLE, blocks, private_metadata=metadata.dump())


def outcomes_asked(value: str) -> tuple[uuid.UUID, ItemState]:
    """What a button that leads to the outcomes is for."""
    run_id, _, state = value.partition(":")
    return uuid.UUID(run_id), ItemState(state)


def reconnected(done: Reconnected) -> b.View:
    name = NAMES[done.provider]
    if not done.reconnected_count and not done.unreached_count:
        said = f"No connection to {name} has ended: there is nothing to connect again."
        return b.modal(TITLE, [b.section(said), b.actions(_back())])
    blocks = []
    if done.reconnected_count:
        head = (
            f"{count(done.reconnected_count, 'client is', 'clients are')} connected to {name} again, by your sign-in:"
        )
        blocks.append(b.rich(*_listed(head, done.reconnected, done.reconnected_count)))
    if done.unreached_count:
        head = f"{count(done.unreached_count, 'client is', 'clients are')} not within reach of your sign-in:"
        lines = [
            [
                b.words("• "),
                b.bold(clip(each.client_name, _LONGEST_NAME)),
                b.words(" · last held by "),
                b.mention(each.holder),
            ]
            for each in done.unreached
        ]
        more = (
            [[b.words(f"and {done.unreached_count - len(lines):,} more")]] if done.unreached_count > len(lines) else []
        )
        blocks += [
            b.rich([b.emoji("warning"), b.bold(f" {head}")], *lines, *more),
            b.section(
                f"Ask whoever held it to press Reconnect all, or sign in at {name} as somebody who can see these "
                "organisations."
            ),
            b.actions(b.button("Sign in again", ids.RECONNECT), block_id="again"),
        ]
    return b.modal(TITLE, [*blocks, b.actions(_back())])


def confirmation(asked: Confirmation) -> b.View:
    what = count(asked.count, "connection", "connections")
    head = f"{what} will rest on your sign-in at {NAMES[asked.provider]}:"
    lines: list[list[b.Element]] = []
    for line in asked.lines:
        parts = [b.words("• "), b.bold(clip(line.match or line.name, _LONGEST_NAME))]
        lines.append([*parts, b.words(" · now held by "), b.mention(line.holder)] if line.holder else parts)
    if asked.count > len(lines):
        lines.append([b.words(f"and {asked.count - len(lines):,} more")])
    return b.modal(
        TITLE,
        [
            b.rich([b.bold(head)], *lines),
            b.context("If your sign-in ends, so do these connections. Nothing else about the clients changes."),
            b.actions(b.button("Back", ids.CHOOSE_AGAIN)),
        ],
        callback_id=ids.REASSIGN_NOW,
        submit="Reassign",
        private_metadata=ConfirmationMetadata(run=asked.run_id).dump(),
    )


def reassigned(done: Reassigned) -> b.View:
    blocks = []
    if done.moved_count:
        what = count(done.moved_count, "connection rests", "connections rest")
        head = f"{what} on your sign-in at {NAMES[done.provider]} now:"
        blocks.append(b.rich(*_listed(head, done.moved, done.moved_count)))
    if done.skipped:
        blocks.append(b.rich([b.bold("Left as it was:")], *(outcome_line(each) for each in done.skipped)))
    return b.modal(TITLE, [*blocks, b.actions(_back())])


def arrived(goal: Goal) -> b.Message:
    """In place of the window that waited for the return from the consent page, and was closed."""
    text, label = _GO_ON[goal]
    heading = f"You signed in at {NAMES[Provider.XERO]}."
    return b.message(
        f"{heading} {text}",
        [
            b.rich([b.bold(heading), b.words(f" {text}")]),
            b.actions(b.button(label, ids.USE_SIGN_IN, value=goal, style="primary")),
        ],
    )


def _back() -> b.Element:
    return b.button("Back to Client Sync", ids.OPEN)


def _listed(head: str, names: tuple[str, ...], counted: int) -> list[list[b.Element]]:
    lines = [[b.bold(head)], *([b.words(f"• {clip(name, _LONGEST_NAME)}")] for name in names)]
    if counted > len(names):
        lines.append([b.words(f"and {counted - len(names):,} more")])
    return lines
