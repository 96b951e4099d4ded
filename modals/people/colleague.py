"""One colleague: what they may do, and the form that changes it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from db.models import Role
from modals import blocks as b
from modals import form
from modals.people import ids
from modals.people.metadata import ColleagueMetadata, PeoplePlace
from modals.people.words import ADD_CLIENTS, INSIGHTS, MEANINGS, ROLES, names, note, permissions
from modals.text import clip
from services.colleagues.records import ColleagueCard, EditForm
from services.colleagues.rights import Given, Rights
from services.errors import InvalidError

TITLE = "Colleague"
_INSIGHTS = "insights"
_GIVEN = {Given.NO: "No", Given.UNTIL: "Until a day", Given.PERMANENTLY: "Permanently"}


def card(shown: ColleagueCard, place: PeoplePlace, *, held: Sequence[b.Block] = (), said: str | None = None) -> b.View:
    """`held` says what rests on them, `said` what was just done."""
    blocks = [b.header(clip(shown.name, 150)), *note(said)]
    if not shown.active:
        left = [b.words("Left on "), b.moment(shown.left_at), b.words(".")] if shown.left_at else [b.words("Left.")]
        blocks.append(b.rich(left))
    blocks.append(b.facts(_facts(shown)))
    if held:
        blocks += [b.divider(), *held]
    buttons = list[b.Element]()
    value = str(shown.colleague_id)
    if not shown.active:
        if shown.may_edit:
            buttons.append(b.button("Add again…", ids.ADD, value=value, style="primary"))
    else:
        if shown.may_edit:
            buttons.append(b.button("Change…", ids.EDIT, value=value, style="primary"))
        buttons.append(b.button("Give clients…", ids.GIVE, value=value))
        if shown.may_edit:
            buttons.append(b.button("Remove from Clientdesk…", ids.REMOVE, value=value, style="danger"))
    if buttons:
        blocks.append(b.actions(*buttons, block_id="colleague"))
    blocks.append(b.actions(b.button("All colleagues", ids.BACK), block_id="navigation"))
    return b.modal(TITLE, blocks, private_metadata=ColleagueMetadata.of_colleague(shown.colleague_id, place).dump())


def edit(shown: EditForm, place: PeoplePlace) -> b.View:
    colleague = shown.card
    return b.modal(
        "Change a colleague",
        [
            b.rich([b.bold(colleague.name), *_address(colleague)]),
            *fields(shown.roles, colleague.rights),
            b.actions(b.button("Back", ids.OPEN, value=str(colleague.colleague_id)), block_id="navigation"),
        ],
        callback_id=ids.SAVE,
        submit="Save",
        close="Cancel",
        private_metadata=ColleagueMetadata.of_colleague(colleague.colleague_id, place, colleague.rights.stamp).dump(),
    )


def fields(roles: Sequence[Role], rights: Rights) -> list[b.Block]:
    """Role and additional permissions, for one or for several."""
    given = [b.option(text, value) for value, text in _GIVEN.items()]
    insights = [b.option(INSIGHTS, _INSIGHTS)]
    return [
        b.field("role", "Role", b.radios([b.option(ROLES[each], each, MEANINGS[each]) for each in roles], rights.role)),
        b.field(
            "add_clients",
            ADD_CLIENTS,
            b.radios(given, rights.add_clients),
            hint="For the role Standard: Practice Admins and Client Admins can add clients anyway.",
        ),
        b.field("until", "Until and including", b.day(rights.last_day), optional=True, hint="For “Until a day” only."),
        b.field(
            "insights",
            "Other permissions",
            b.checkboxes(insights, [_INSIGHTS] if rights.insights else []),
            optional=True,
        ),
    ]


def read_rights(view: Mapping[str, Any]) -> Rights:
    """Raises InvalidError at the fields."""
    raw = form.read(view)
    problems = {}
    role, given = str(raw.get("role")), str(raw.get("add_clients"))
    if role not in set(Role):
        problems["role"] = "Choose a role."
    if given not in set(Given):
        problems["add_clients"] = "Choose one."
    if problems:
        raise InvalidError(problems)
    return Rights(
        role=Role(role),
        add_clients=Given(given),
        last_day=_read_day(raw.get("until")) if given == Given.UNTIL else None,
        insights=_INSIGHTS in (raw.get("insights") or ()),
    )


def _read_day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        raise InvalidError({"until": "Choose a day."}) from None


def _facts(shown: ColleagueCard) -> list[tuple[str, str | Sequence[b.Element]]]:
    rows: list[tuple[str, str | Sequence[b.Element]]] = [("In Slack", [b.mention(shown.slack_user_id)])]
    if shown.email:
        rows.append(("E-mail", shown.email))
    rows.append(("Role", ROLES[shown.rights.role]))
    if shown.active:
        rows.append(("Permissions", permissions(shown.rights)))
    rows.append(("Teams", names(shown.teams, nobody="None")))
    return rows


def _address(shown: ColleagueCard) -> list[b.Element]:
    return [b.words(f" · {shown.email}")] if shown.email else []
