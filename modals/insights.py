"""The practice's insights: the figures in a form, the picture, and what it says to those who do not see it."""

from collections.abc import Sequence
from datetime import date, timedelta

from modals import blocks as b
from modals import invitations
from modals.add_client import ids as add_client
from modals.client_sync import ids as client_sync
from modals.clients.words import STATES
from modals.text import count
from services.accounting.connections import ConnectionState
from services.insights import Insights, InsightsPicture, TimeToAccept
from services.pictures import Bar, Colour, Panel, Picture

OPEN = "insights.open"
SEND = "insights.send"
TITLE = "Insights"
_COLOURS = {
    ConnectionState.CONNECTED: Colour.GREEN,
    ConnectionState.NAME_MISMATCH: Colour.AMBER,
    ConnectionState.EXPIRED: Colour.RED,
    ConnectionState.DISCONNECTED: Colour.PURPLE,
    ConnectionState.NOT_CONNECTED: Colour.GREY,
}
_ORDER = (
    ConnectionState.CONNECTED,
    ConnectionState.NAME_MISMATCH,
    ConnectionState.EXPIRED,
    ConnectionState.DISCONNECTED,
    ConnectionState.NOT_CONNECTED,
)
_NOBODY = "Nobody has been invited yet."
_NOT_ACCEPTED = "Nobody has accepted yet."


def page(shown: Insights, *, sent: bool = False) -> b.View:
    """`sent`: the picture was asked for just now."""
    if not shown.clients:
        return b.modal(TITLE, _empty(shown))
    blocks = [b.section("The picture is on its way to your messages with Clientdesk.")] if sent else []
    blocks += [
        b.section(_about(shown), accessory=b.button("Send picture", SEND, style=None if sent else "primary")),
        b.header("Invitations"),
        *_invitations(shown),
        b.header("Connections"),
        _table([(STATES[each], f"{shown.connections[each]:,}", _share(shown, each)) for each in _ORDER]),
    ]
    if broken := _broken(shown):
        said = count(broken, "connection needs", "connections need")
        blocks.append(b.section(f"{said} somebody to look.", accessory=b.button("Reconnect", client_sync.OPEN)))
    blocks += [
        b.header("Clients added"),
        _table([(f"Week of {_day(each.begins)}", f"{each.added:,}", "") for each in shown.weeks]),
    ]
    return b.modal(TITLE, blocks)


def _empty(shown: Insights) -> list[b.Block]:
    if not shown.may_add_clients:
        return [
            b.section(
                "There is nothing to show yet, because there are no clients that you can open. "
                "Ask a Practice Admin or a Client Admin for access to yours."
            )
        ]
    return [
        b.section(
            "There is nothing to show yet. Add your first clients and invite them: who accepted, "
            "which connections work and how many clients you added each week is shown here then."
        ),
        b.actions(
            b.button("Add a client", add_client.OPEN, style="primary"), b.button("Client Sync", client_sync.OPEN)
        ),
    ]


def _invitations(shown: Insights) -> list[b.Block]:
    button = b.button("Invitations", invitations.LIST)
    if not shown.funnel.invited:
        return [b.section(f"{_NOBODY} The list of invitations shows whom you can invite.", accessory=button)]
    table = _table([(label, f"{number:,}", part) for label, number, part in _steps(shown)])
    return [table, b.section(_speed(shown.time_to_accept), accessory=button)]


def _steps(shown: Insights) -> list[tuple[str, int, str]]:
    """Each with its part of those who were invited."""
    funnel = shown.funnel
    steps = (
        ("Invited", funnel.invited),
        ("Delivered", funnel.delivered),
        ("Opened", funnel.opened),
        ("Accepted", funnel.accepted),
    )
    return [(label, number, _part(number, funnel.invited)) for label, number in steps]


def _table(rows: Sequence[tuple[str, str, str]]) -> b.Block:
    """Lines with figures under each other. Slack has no tables in forms."""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = (
        f"{label:<{widths[0]}}  {number:>{widths[1]}}  {part:>{widths[2]}}".rstrip() for label, number, part in rows
    )
    words = b.words("\n".join(lines))
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [words]}]}


def _about(shown: Insights) -> str:
    clients = count(shown.active, "client", "clients")
    away = shown.clients - shown.active
    more = f" and {away:,} deactivated" if away else ""
    return f"{clients}{more} that you can open · {_day(shown.at)} {shown.at:%Y, %H:%M}"


def _day(at: date) -> str:
    return f"{at.day} {at:%b}"


def _part(number: int, whole: int) -> str:
    """In whole per cent; neither all nor none is said of what is only nearly so."""
    if not whole:
        return ""
    percent = round(100 * number / whole)
    if 0 < number < whole:
        percent = min(max(percent, 1), 99)
    return f"{percent}%"


def _share(shown: Insights, state: ConnectionState) -> str:
    return _part(shown.connections[state], shown.active)


def _broken(shown: Insights) -> int:
    return shown.connections[ConnectionState.EXPIRED] + shown.connections[ConnectionState.DISCONNECTED]


def _speed(took: TimeToAccept | None) -> str:
    if took is None:
        return _NOT_ACCEPTED
    if took.people == 1:
        return f"The one who accepted did so within {_span(took.half)}."
    return f"Half of those who accepted did so within {_span(took.half)}, nine in ten within {_span(took.most)}."


def _speed_of_these(took: TimeToAccept | None) -> str:
    """The same in two short lines, below how many accepted."""
    if took is None:
        return _NOT_ACCEPTED
    if took.people == 1:
        return f"Within {_span(took.half)}."
    return f"Half of these within {_span(took.half)},\nnine in ten within {_span(took.most)}."


def _span(time: timedelta) -> str:
    """Rounded up to what a person would say."""
    minutes = max(-(-time // timedelta(minutes=1)), 1)
    if minutes < 60:
        return count(minutes, "minute", "minutes")
    hours = -(-minutes // 60)
    return count(hours, "hour", "hours") if hours < 48 else count(-(-hours // 24), "day", "days")


def picture(shown: Insights) -> Picture:
    funnel = tuple(
        Bar(label=label, value=number, text=f"{number:,} · {part}", colour=Colour.BLUE)
        for label, number, part in _steps(shown)
        if part
    )
    return Picture(
        title=TITLE,
        subtitle=_about(shown).replace("that you can open ", ""),
        left=Panel(
            title="Invitations",
            bars=funnel,
            whole=shown.funnel.invited,
            note=_speed_of_these(shown.time_to_accept) if funnel else _NOBODY,
        ),
        right=Panel(
            title="Connections",
            bars=tuple(
                Bar(
                    label=STATES[each],
                    value=shown.connections[each],
                    text=" · ".join(part for part in (f"{shown.connections[each]:,}", _share(shown, each)) if part),
                    colour=_COLOURS[each],
                )
                for each in _ORDER
            ),
            whole=shown.active,
        ),
        below=Panel(
            title="Clients added per week",
            bars=tuple(
                Bar(
                    label=f"{each.begins.day}\n{each.begins:%b}",
                    value=each.added,
                    text=f"{each.added:,}",
                    colour=Colour.BLUE,
                )
                for each in shown.weeks
            ),
            whole=max(each.added for each in shown.weeks),
            note="Weeks by the Monday they begin on.",
        ),
    )


def described(shown: Insights) -> str:
    """The picture in words, all its figures with them. Slack takes 1,000 characters."""
    steps = ", ".join(f"{number:,} {label.lower()}" for label, number, _ in _steps(shown))
    states = ", ".join(f"{shown.connections[each]:,} {STATES[each].lower()}" for each in _ORDER)
    weeks = ", ".join(f"{_day(each.begins)}: {each.added:,}" for each in shown.weeks)
    invited = f"{steps}. {_speed(shown.time_to_accept)}" if shown.funnel.invited else _NOBODY
    return (
        f"Insights of {_about(shown)}. Invitations: {invited} Connections: {states}. "
        f"Clients added in the weeks that began on {weeks}."
    )


def message(made: InsightsPicture) -> b.Message:
    """What stands above the picture."""
    return b.message(
        "The picture of your insights.",
        [
            b.rich([b.bold("Insights"), b.words(f" of {_about(made.insights)}.")]),
            b.actions(b.button("Open the figures", OPEN), block_id="figures"),
        ],
    )
