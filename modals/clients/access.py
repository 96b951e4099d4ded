"""Who can open a client: the list, and the forms to give access and to name the account manager."""

from datetime import datetime, time, timedelta

from modals import blocks as b
from modals.add_client import ids as add_client
from modals.clients import ids
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.text import clip
from services.add_client.records import Choosable
from services.clients.access_of import AccessPage, GivingForm, Grant, ManagerForm

TITLE = "Access"
MANAGER_SAVED = "The account manager is saved."
_LONGEST = 200
_MEMBERS = 10


def access(shown: AccessPage, at: ListMetadata, note: str | None = None) -> b.View:
    """`note` is what was just done."""
    blocks = [
        b.rich([b.words("Who can open "), b.bold(shown.client_name)]),
        b.context("Practice Admins and Client Admins can open every client, and so are not listed."),
    ]
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {clip(note, 1000)}")]))
    if shown.has_managers:
        named = shown.manager.name if shown.manager else "nobody"
        text = f"Account manager\n{clip(named, _LONGEST)}"
        blocks.append(b.section(text, accessory=b.button("Change", ids.MANAGER)))
    if not shown.grants:
        blocks.append(b.section("Nobody else has access."))
    blocks += [_grant(each) for each in shown.grants]
    turning = []
    if shown.page > 0:
        turning.append(b.button("Previous", ids.ACCESS_PREVIOUS, value=str(shown.page - 1)))
    if shown.page < shown.pages - 1:
        turning.append(b.button("Next", ids.ACCESS_NEXT, value=str(shown.page + 1)))
    if turning:
        blocks += [b.context(f"Page {shown.page + 1:,} of {shown.pages:,}"), b.actions(*turning, block_id="pages")]
    blocks.append(
        b.actions(b.button("Give access", ids.GIVE_ACCESS), b.button("Back", ids.BACK), block_id="navigation")
    )
    metadata = ClientMetadata.of_client(at, shown.client_id, part=shown.page)
    return b.modal(TITLE, blocks, private_metadata=metadata.dump())


def _grant(grant: Grant) -> b.Block:
    name = clip(grant.name, _LONGEST)
    if grant.is_team:
        members = ", ".join(clip(each, 60) for each in grant.members[:_MEMBERS]) or "nobody yet"
        more = len(grant.members) - _MEMBERS
        text = f"Team {name}\nBy this team: {members}" + (f" and {more:,} more" if more > 0 else "")
    elif grant.until is not None:
        text = f"{name}\n{_until(grant.until)}"
    else:
        text = f"{name}\nFor good"
    if grant.is_own:
        return b.section(f"{text} · this is you")
    told = "This team's members" if grant.is_team else clip(grant.name, 80)
    confirm = b.confirm("Take this access back?", f"{told} can no longer open the client by it.", "Take back", "Keep")
    return b.section(
        text, accessory=b.button("Take back", ids.TAKE_ACCESS, value=str(grant.access_id)) | {"confirm": confirm}
    )


def _until(end: datetime) -> str:
    """In the reader's own time."""
    if end.time() == time():
        return f"Until the end of {end - timedelta(days=1):%-d %b %Y}"
    return f"Until {end:%-d %b %Y} at {end:%H:%M}"


def giving(shown: GivingForm, at: ListMetadata) -> b.View:
    blocks = [b.rich([b.words("Let others work with "), b.bold(shown.client_name)])]
    if not shown.colleagues and not shown.teams:
        blocks.append(b.section("There is nobody to give it to: everybody at your practice can open every client."))
    if shown.colleagues:
        people = b.multi_select(_options(shown.colleagues))
        if shown.too_many:
            people = b.multi_search(add_client.SEARCH_COLLEAGUES)
        blocks.append(b.field("colleagues", "Colleagues", people, optional=True))
        blocks.append(
            b.field("until", "Until", b.day(), optional=True, hint="For colleagues. Left empty, they have it for good.")
        )
    if shown.teams:
        blocks.append(b.field("teams", "Teams", b.multi_select(_options(shown.teams)), optional=True))
    blocks.append(b.actions(b.button("Back", ids.ACCESS), block_id="navigation"))
    submits = bool(shown.colleagues or shown.teams)
    return b.modal(
        "Give access",
        blocks,
        callback_id=ids.SAVE_ACCESS if submits else None,
        submit="Give access" if submits else None,
        private_metadata=ClientMetadata.of_client(at, shown.client_id).dump(),
    )


def managing(shown: ManagerForm, at: ListMetadata) -> b.View:
    chosen = _options([shown.chosen])[0] if shown.chosen else None
    if shown.too_many:
        element = b.search(add_client.SEARCH_MANAGERS, chosen)
    else:
        element = b.select(_options(shown.managers), chosen["value"] if chosen else None)
    blocks = [
        b.rich([b.words("Who manages "), b.bold(shown.client_name), b.words("? They can open it, too.")]),
        b.field("account_manager", "Account manager", element, optional=True),
        b.actions(b.button("Back", ids.ACCESS), block_id="navigation"),
    ]
    return b.modal(
        "Account manager",
        blocks,
        callback_id=ids.SAVE_MANAGER,
        submit="Save",
        private_metadata=ClientMetadata.of_client(at, shown.client_id).dump(),
    )


def _options(choices: tuple[Choosable, ...] | list[Choosable]) -> list[b.Element]:
    return [b.option(each.name, str(each.id)) for each in choices]


def given(number: int) -> str:
    if number == 0:
        return "They had access already."
    return "Access is given." if number == 1 else f"Access is given to {number:,}."


def taken(name: str | None) -> str:
    return "It was taken back already." if name is None else f"The access of {clip(name, _LONGEST)} is taken back."
