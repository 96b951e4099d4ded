"""The people in a client account: their list, one of them, and the forms to add and to change them."""

import uuid
from collections.abc import Mapping
from typing import Any

from db.models import ClientRole, InvitationStatus, Publishing
from modals import blocks as b
from modals import invitations
from modals.clients import ids
from modals.clients.details import back
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.clients.words import PUBLISHING, ROLE_HINTS, ROLES
from modals.home import STATUSES
from modals.text import clip, count
from services.clients.accounts import CREATE_EXPENSE_CLAIMS, HAS_LOGIN, MANAGE_DOCUMENTS, Entry
from services.clients.user_records import AddedUser, NewUser, UserCard, UserLine, UserPage
from services.errors import GoneError

TITLE = "Users"
USER_TITLE = "User"
SAVED = "The changes are saved."
OWNS = "They own the account now."
DEACTIVATED = "They can't sign in to this client any more."
REACTIVATED = "They are a user of this client again. Nobody was invited anew."
_LONGEST = 200
_ENTRIES = {
    Entry.INVITED: ("Invite now", "They get an e-mail with a link, for 7 days"),
    Entry.LATER: ("Invite later", "They can sign in once you have invited them"),
    Entry.LISTED: ("Without login access", "They are listed, and can't sign in"),
}


def users(shown: UserPage, at: ListMetadata, note: str | None = None) -> b.View:
    """`note` is what was just done."""
    blocks = [b.rich([b.words("Users of "), b.bold(shown.client_name)])]
    if note:
        blocks.append(_done(note))
    if shown.is_active:
        blocks.append(b.actions(b.button("Add a user", ids.ADD_USER, style="primary"), block_id="add"))
    if not shown.lines:
        blocks.append(b.section("Nobody has been added yet. The first user becomes the owner of the account."))
    for line in shown.lines:
        button = b.button("Open", ids.USER, value=str(line.client_user_id))
        blocks.append(b.section(_line(line), accessory=button))
    turning = []
    if shown.page > 0:
        turning.append(b.button("Previous", ids.USERS_PREVIOUS, value=str(shown.page - 1)))
    if shown.page < shown.pages - 1:
        turning.append(b.button("Next", ids.USERS_NEXT, value=str(shown.page + 1)))
    if shown.pages > 1:
        said = f"{count(shown.total, 'user', 'users')} · page {shown.page + 1:,} of {shown.pages:,}"
        blocks += [b.context(said), b.actions(*turning, block_id="pages")]
    metadata = ClientMetadata.of_client(at, shown.client_id, part=shown.page)
    return b.modal(TITLE, [*blocks, back()], private_metadata=metadata.dump())


def _done(note: str) -> b.Block:
    return b.rich([b.emoji("white_check_mark"), b.words(f" {clip(note, 1000)}")])


def _line(line: UserLine) -> str:
    name = clip(line.name, _LONGEST)
    marks = [mark for mark, holds in (("owner", line.is_owner), ("deactivated", line.deactivated_at)) if holds]
    first = f"{name} ({', '.join(marks)})" if marks else name
    return f"{first}\n{clip(line.email, _LONGEST)}\n{ROLES[line.role]} · {_standing(line)}"


def _standing(line: UserLine) -> str:
    if not line.has_login_access:
        return "without login access"
    if line.invitation is not None and not line.signs_in:
        return f"invitation {STATUSES[line.invitation.status]}"
    return "signs in" if line.signs_in else "not invited"


def user(shown: UserCard, at: ListMetadata, note: str | None = None) -> b.View:
    line = shown.user
    blocks = [b.header(line.name)]
    if line.deactivated_at is not None:
        blocks.append(b.rich([b.words("Deactivated "), b.moment(line.deactivated_at), b.words(".")]))
    if note:
        blocks.append(_done(note))
    blocks.append(b.facts(_facts(shown)))
    if line.invitation is not None and line.invitation.failure and not line.signs_in:
        blocks.append(b.rich([b.emoji("warning"), b.words(f" {clip(line.invitation.failure, 1000)}")]))
    invited = _invitation_buttons(shown)
    if invited:
        blocks.append(b.actions(*invited, block_id="invitation"))
    buttons = _buttons(shown)
    if buttons:
        blocks.append(b.actions(*buttons, block_id="user"))
    blocks.append(b.actions(b.button("All users", ids.USERS), b.button("Back to the client", ids.BACK)))
    metadata = ClientMetadata.of_client(at, shown.client_id, user=line.client_user_id, part=_part(at))
    return b.modal(USER_TITLE, blocks, private_metadata=metadata.dump())


def _facts(shown: UserCard) -> list[tuple[str, str | list[b.Element]]]:
    line = shown.user
    rows: list[tuple[str, str | list[b.Element]]] = [
        ("Client", shown.client_name),
        ("E-mail", line.email),
        ("Role", f"{ROLES[line.role]}, owner of the account" if line.is_owner else ROLES[line.role]),
        ("Login", _standing(line)),
    ]
    if shown.mobile:
        rows.insert(2, ("Mobile", shown.mobile))
    if line.role is ClientRole.STANDARD:
        rows.append(("May", _privileges(shown)))
    if line.invitation is not None and not line.signs_in:
        rows.append(
            ("Invited", [b.moment(line.invitation.created_at), b.words(" by "), b.mention(line.invitation.inviter)])
        )
    return rows


def _privileges(shown: UserCard) -> str:
    held = shown.privileges
    parts = ["see their own items"]
    if held.manage_documents:
        parts.append("manage all documents")
    if held.create_expense_claims:
        parts.append("create expense claims")
    if held.publish is not Publishing.NONE:
        parts.append(f"publish {PUBLISHING[held.publish].lower()}")
    return ", ".join(parts)


def _invitation_buttons(shown: UserCard) -> list[b.Element]:
    line = shown.user
    if line.signs_in or not line.has_login_access or line.deactivated_at is not None or not shown.client_is_active:
        return []
    return invitation_buttons(line)


def invitation_buttons(line: UserLine) -> list[b.Element]:
    """What can be done about the invitation of somebody who does not sign in yet."""
    invitation = line.invitation
    if invitation is None:
        return [b.button("Invite", invitations.INVITE_USER, value=str(line.client_user_id), style="primary")]
    if invitation.status is InvitationStatus.ACCEPTED:
        return []
    value = str(invitation.invitation_id)
    urgent = invitation.status in {InvitationStatus.EXPIRED, InvitationStatus.FAILED}
    buttons = [
        b.button("Resend", invitations.RESEND, value=value, style="primary" if urgent else None),
        b.button("Change e-mail", invitations.CHANGE_EMAIL, value=value),
    ]
    if invitation.status is not InvitationStatus.REVOKED:
        text = "The link that was sent stops working. You can send a new invitation at any time."
        confirm = b.confirm("Revoke this invitation?", text, "Revoke", "Keep it")
        buttons.append(b.button("Revoke", invitations.REVOKE, value=value, style="danger") | {"confirm": confirm})
    return buttons


def _buttons(shown: UserCard) -> list[b.Element]:
    line = shown.user
    value = str(line.client_user_id)
    if line.deactivated_at is not None:
        return [b.button("Reactivate", ids.REACTIVATE_USER, value=value)] if shown.client_is_active else []
    buttons = [b.button("Change role and privileges", ids.EDIT_USER, value=value)]
    if line.is_owner:
        return buttons
    if line.role is ClientRole.BUSINESS_ADMIN and line.has_login_access:
        text = f"{clip(line.name, 80)} becomes the owner of the account. Whoever owns it now stays a Business Admin."
        confirm = b.confirm("Hand the account over?", text, "Hand over") | {"style": "primary"}
        buttons.append(b.button("Make owner", ids.MAKE_OWNER, value=value) | {"confirm": confirm})
    if not shown.is_last_admin:
        text = "They can't sign in to this client any more, and an invitation that is out is revoked."
        confirm = b.confirm("Deactivate this user?", text, "Deactivate", "Keep")
        button = b.button("Deactivate", ids.DEACTIVATE_USER, value=value, style="danger")
        buttons.append(button | {"confirm": confirm})
    return buttons


def adding(shown: NewUser, at: ListMetadata, typed: Mapping[str, Any] | None = None, seen: str | None = None) -> b.View:
    """`typed` with an address that was `seen` to belong to somebody is shown again, with the warning."""
    raw = typed or {}
    blocks = [b.rich([b.words("A new user of "), b.bold(shown.client_name)])]
    name, email, *mobile = invitations.contact_fields(
        raw.get("contact_name"), raw.get("contact_email"), raw.get("contact_mobile"), texts=shown.texts
    )
    blocks += [name | {"label": b.plain("Name")}, email | {"label": b.plain("E-mail")}]
    if seen:
        tick = [b.option("Add them with the login they have", "yes", "No invitation is sent")]
        blocks += [
            b.rich(
                [
                    b.emoji("warning"),
                    b.words(" This e-mail already belongs to a user, so it can't be invited again. One login opens "),
                    b.words("all of a person's clients."),
                ]
            ),
            b.field("existing", "Is it the same person?", b.checkboxes(tick), optional=True),
        ]
    blocks += [each | {"label": b.plain("Mobile")} for each in mobile]
    if shown.is_first:
        blocks.append(b.context("The first user becomes the owner of the account, as a Business Admin."))
    else:
        blocks.append(b.field("role", "Role", _roles(raw.get("role") or ClientRole.STANDARD)))
    entries = [b.option(text, value, hint) for value, (text, hint) in _ENTRIES.items()]
    if shown.is_first:
        entries = entries[:2]
    blocks.append(b.field("entry", "Login", b.radios(entries, raw.get("entry") or Entry.INVITED)))
    return b.modal(
        "Add a user",
        [*blocks, back()],
        callback_id=ids.SAVE_NEW_USER,
        submit="Add",
        private_metadata=ClientMetadata.of_client(at, shown.client_id, seen=seen).dump(),
    )


def _roles(chosen: str) -> b.Element:
    return b.radios([b.option(text, value, ROLE_HINTS[value]) for value, text in ROLES.items()], chosen)


def editing(shown: UserCard, at: ListMetadata) -> b.View:
    line, held = shown.user, shown.privileges
    login = [b.option("May sign in", HAS_LOGIN, "Without it, they are only listed")]
    ticks = [
        b.option("Manage all documents", MANAGE_DOCUMENTS),
        b.option("Create expense claims", CREATE_EXPENSE_CLAIMS),
    ]
    ticked = [MANAGE_DOCUMENTS] * held.manage_documents + [CREATE_EXPENSE_CLAIMS] * held.create_expense_claims
    publishing = [b.option(text, value) for value, text in PUBLISHING.items()]
    blocks = [
        b.field("contact_name", "Name", b.text_input(line.name)),
        b.field("role", "Role", _roles(line.role)),
        b.field("login", "Login access", b.checkboxes(login, [HAS_LOGIN] * line.has_login_access), optional=True),
        b.context("Privileges count for Standard users: the other roles have them all."),
        b.field("privileges", "Privileges", b.checkboxes(ticks, ticked), optional=True),
        b.field("publish", "May publish to the accounting software", b.radios(publishing, held.publish)),
        b.actions(b.button("Back", ids.USER, value=str(line.client_user_id)), block_id="navigation"),
    ]
    metadata = ClientMetadata.of_client(at, shown.client_id, user=line.client_user_id, part=_part(at))
    return b.modal(
        "Change the user", blocks, callback_id=ids.SAVE_USER, submit="Save", private_metadata=metadata.dump()
    )


def chosen(at: ClientMetadata) -> uuid.UUID:
    """Whom the form is about."""
    if at.user is None:
        raise GoneError("This form is from another version of Clientdesk. Close it and open it again.")
    return at.user


def _part(at: ListMetadata) -> int:
    return at.part if isinstance(at, ClientMetadata) else 0


def added(done: AddedUser) -> str:
    """What is said above the list once somebody was added."""
    name, email = clip(done.name, _LONGEST), clip(done.email, _LONGEST)
    if done.is_invited:
        return f"{name} is added. The invitation is on its way to {email}."
    return f"{name} is added."
