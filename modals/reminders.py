"""Reminders of invitations: the message of a morning, and the settings."""

import uuid
from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals import form, invitations
from modals.settings import ids as settings_ids
from modals.text import clip
from services.errors import InvalidError
from services.invitations.reminder_settings import MOST_DAYS_AHEAD, ReminderSettings, ShownSettings
from services.invitations.reminders import Digest, ReminderLine
from services.invitations.schedule import Snooze

SNOOZE = "reminders.snooze"
STOP = "reminders.stop"
SETTINGS = "reminders.settings"
SAVE = "reminders.save"
TITLE = "Reminders"

_NAME = 150
_SNOOZES = {Snooze.ONE_DAY: "1 day", Snooze.THREE_DAYS: "3 days", Snooze.MONDAY: "Until Monday"}
_DAYS = {0: "On the last day", 1: "1 day before"} | {days: f"{days} days before" for days in range(2, 7)}
_ON = "on"
_NUDGED = "Clients are reminded by e-mail, too, 3 and 6 days after the invitation."


def digest(shown: Digest) -> b.Message:
    count = len(shown.lines) + shown.more
    said = "An invitation needs a look" if count == 1 else f"{count:,} invitations need a look"
    blocks = [b.header(said)]
    for line in shown.lines:
        blocks += [b.rich(*_line(line)), _actions(line)]
    if shown.more:
        blocks.append(b.section(f"And {shown.more:,} more: type /clients invitations to see them all."))
    blocks.append(b.actions(b.button("Reminder settings", SETTINGS)))
    return b.message(f"{said}: {_names(shown)}", blocks)


def _names(shown: Digest) -> str:
    names = ", ".join(clip(line.client_name, 60) for line in shown.lines)
    return f"{names} and {shown.more:,} more" if shown.more else names


def _line(line: ReminderLine) -> list[list[b.Element]]:
    who = [b.bold(clip(line.client_name, _NAME)), b.words(f" · {clip(line.person_name, _NAME)} ({line.email})")]
    if line.expired:
        when = [b.emoji("hourglass"), b.words(" The invitation expired on "), b.moment(line.expires_at), b.words(".")]
    else:
        when = [b.emoji("hourglass_flowing_sand"), b.words(" Not accepted yet; it expires on ")]
        when += [b.moment(line.expires_at), b.words(".")]
    lines = [who, when]
    if line.failure:
        lines.append([b.emoji("warning"), b.words(f" {clip(line.failure, 500)}")])
    return lines


def _actions(line: ReminderLine) -> b.Block:
    value = str(line.invitation_id)
    snooze = b.select(
        [b.option(text, f"{snooze}:{value}") for snooze, text in _SNOOZES.items()], placeholder="Snooze"
    ) | {"action_id": SNOOZE}
    return b.actions(
        b.button("Resend", invitations.RESEND, value=value, style="primary"),
        b.button("Change e-mail", invitations.CHANGE_EMAIL, value=value),
        snooze,
        b.button("Stop reminders", STOP, value=value),
        block_id=block_id(line.invitation_id),
    )


def block_id(invitation_id: uuid.UUID) -> str:
    return f"reminder.{invitation_id}"


def read_snooze(value: str) -> tuple[Snooze, uuid.UUID]:
    snooze, _, invitation_id = value.partition(":")
    return Snooze(snooze), uuid.UUID(invitation_id)


def settings(shown: ShownSettings) -> b.View:
    mine = b.checkboxes([b.option("Remind me of my invitations", _ON)], [_ON] if shown.mine else [])
    blocks = [b.field("mine", "For you", mine, optional=True)]
    practice = shown.practice
    if not shown.may_change:
        changed_by = [b.words("A Practice Admin or Client Admin can change that.")]
        blocks.append(b.rich(*described(practice), changed_by))
    else:
        reminds = b.checkboxes([b.option("Remind whoever invited", _ON)], [_ON] if practice.reminds else [])
        days = [b.option(text, str(each)) for each, text in _DAYS.items()]
        hours = [b.option(f"{hour:02}:00", str(hour)) for hour in range(24)]
        nudges = b.checkboxes(
            [b.option("Remind the client by e-mail, too", _ON, "3 and 6 days after the invitation")],
            [_ON] if practice.nudges_clients else [],
        )
        blocks += [
            b.field("reminds", "For the whole practice", reminds, optional=True),
            b.field(
                "days",
                "Before an invitation expires",
                b.multi_select(days, [str(each) for each in practice.days]),
                optional=True,
                hint="And once it has expired. A day at the weekend is moved to the working day before.",
            ),
            b.field("hour", "At this hour of each person's own morning", b.select(hours, str(practice.hour))),
            b.field("nudges", "Clients", nudges, optional=True),
        ]
    blocks.append(b.actions(b.button("Back", settings_ids.OPEN), block_id="navigation"))
    return b.modal(TITLE, blocks, callback_id=SAVE, submit="Save", close="Cancel")


def described(practice: ReminderSettings) -> list[list[b.Element]]:
    days = ", ".join(_DAYS[each].lower() for each in practice.days) or "no day before"
    said = f"Your practice reminds at {practice.hour:02}:00, {days}, and once an invitation has expired."
    lines = [[b.words(said if practice.reminds else "Your practice has reminders of invitations turned off.")]]
    return [*lines, [b.words(_NUDGED)]] if practice.nudges_clients else lines


def read_settings(view: Mapping[str, Any]) -> tuple[bool, ReminderSettings | None]:
    """What the person wants for themselves, and for the practice where the form asks for it.

    Raises InvalidError at `days` and `hour`.
    """
    raw = form.read(view)
    mine = bool(raw.get("mine"))
    if "hour" not in raw:
        return mine, None
    days, hour = raw.get("days") or [], str(raw.get("hour") or "")
    if not all(str(day) in {str(each) for each in range(MOST_DAYS_AHEAD + 1)} for day in days):
        raise InvalidError({"days": "Choose from the list."})
    if hour not in {str(each) for each in range(24)}:
        raise InvalidError({"hour": "Choose an hour."})
    return mine, ReminderSettings(
        reminds=bool(raw.get("reminds")),
        days=tuple(sorted((int(day) for day in days), reverse=True)),
        hour=int(hour),
        nudges_clients=bool(raw.get("nudges")),
    )
