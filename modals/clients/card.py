"""A client's card, and the settings of its connection."""

import calendar
from collections.abc import Sequence

from db.models import LIVE, ClientKind, InvitationStatus, Provider, StandardList
from modals import blocks as b
from modals import invitations
from modals.add_client.pages import SOLUTIONS, TAX_CATEGORIES, software
from modals.clients import ids
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.clients.words import KINDS, STATES
from modals.home import STATUSES
from modals.solo import card as solo
from modals.tax import card as tax
from modals.text import clip
from services.accounting.connections import ConnectionState
from services.accounting.information import ListSummary
from services.accounting.linking import ConnectionCard, NameChoice
from services.accounting.port import NAMES, OrganisationFacts
from services.clients.card import ClientCard, Owner
from services.errors import ConflictError, InvalidError

TITLE = "Client"
DAILY = "daily"
EXPORTED = "The file is on its way: it comes in your messages with Clientdesk."
_BROKEN = frozenset({ConnectionState.EXPIRED, ConnectionState.DISCONNECTED})
_LISTS = {
    StandardList.ACCOUNTS: "Accounts",
    StandardList.TAX_RATES: "Tax rates",
    StandardList.TRACKING_CATEGORIES: "Tracking categories",
    StandardList.CURRENCIES: "Currencies",
    StandardList.CONTACTS: "Contacts",
}
_Rows = list[tuple[str, str | Sequence[b.Element]]]


def card(shown: ClientCard, at: ListMetadata | None = None, *, note: str | None = None) -> b.View:
    """`at` is where in the list the person came from, `note` what the button they pressed has done."""
    at = at or ListMetadata()
    blocks = [b.header(shown.name)]
    if shown.deactivated_at is not None:
        blocks.append(b.rich([b.words("Deactivated "), b.moment(shown.deactivated_at), b.words(".")]))
    if shown.problem:
        blocks.append(_warning(shown.problem))
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    blocks += [b.facts(_account(shown)), _pages(shown)]
    if shown.solo is not None:
        blocks += [b.divider(), *solo.section(shown.solo, deactivated=shown.deactivated_at is not None)]
    if shown.tax is not None:
        blocks += [b.divider(), *tax.section(shown.tax, deactivated=shown.deactivated_at is not None)]
    blocks += [b.divider(), b.header("Invitation"), *_invitation(shown)]
    blocks += [b.divider(), b.header("Connection"), *_connection(shown)]
    blocks += [b.divider(), *_information(shown)]
    blocks.append(b.actions(b.button("All clients", ids.LIST), block_id="list"))
    return b.modal(TITLE, blocks, private_metadata=_metadata(shown, at))


def settings(shown: ClientCard, at: ListMetadata) -> b.View:
    """Raises ConflictError for a client that is not connected (any more)."""
    connection = shown.connection
    if connection is None:
        raise ConflictError("This client is not connected to accounting software any more.")
    name = NAMES[connection.provider]
    daily = [b.option("Refresh the lists every day", DAILY, f"Accounts, tax rates, contacts and more from {name}")]
    blocks = [
        b.rich([b.bold(shown.name), b.words(f" · {name}: "), b.bold(connection.organisation_name)]),
        b.field("refresh", "Lists", b.checkboxes(daily, [DAILY] if connection.refreshes_daily else []), optional=True),
    ]
    if connection.state is ConnectionState.NAME_MISMATCH:
        names = [
            b.option("Use the organisation's name", NameChoice.ORGANISATION, "Renames the client here"),
            b.option("Keep both names", NameChoice.BOTH, "They are no longer shown as a mismatch"),
        ]
        blocks.append(
            b.field("name", "The client and its organisation have different names", b.radios(names), optional=True)
        )
    blocks.append(b.actions(b.button("Back", ids.BACK), block_id="navigation"))
    return b.modal(
        "Connection settings",
        blocks,
        callback_id=ids.SAVE_SETTINGS,
        submit="Save",
        private_metadata=_metadata(shown, at),
    )


def read_name(chosen: str | None) -> NameChoice | None:
    """Raises InvalidError."""
    try:
        return None if chosen is None else NameChoice(chosen)
    except ValueError:
        raise InvalidError({"name": "Choose one."}) from None


def _metadata(shown: ClientCard, at: ListMetadata) -> str:
    return ClientMetadata.of_client(at, shown.client_id).dump()


def _warning(said: str) -> b.Block:
    return b.rich([b.emoji("warning"), b.words(f" {clip(said, 1000)}")])


def _account(shown: ClientCard) -> _Rows:
    rows: _Rows = [("Type", KINDS[shown.kind])] if shown.kind is not ClientKind.BUSINESS else []
    if shown.practice_code:
        rows.append(("Practice code", shown.practice_code))
    if shown.industry:
        rows.append(("Industry", shown.industry))
    rows.append(("Solutions", SOLUTIONS[shown.solutions]))
    if shown.tax_categories:
        rows.append(("Self-employed", f"{TAX_CATEGORIES[shown.tax_categories]} categories"))
    if shown.account_manager:
        rows.append(("Account manager", shown.account_manager))
    return [*rows, ("Extract address", [b.code(shown.extract.costs)])]


def _pages(shown: ClientCard) -> b.Block:
    """The way to what has a page of its own."""
    given = shown.colleagues + shown.teams
    is_active = shown.deactivated_at is None
    return b.actions(
        b.button("Edit details", ids.DETAILS),
        b.button(f"Users ({shown.users:,})" if shown.users else "Users", ids.USERS),
        b.button(f"Access ({given:,})" if given else "Access", ids.ACCESS),
        b.button("Extract address", ids.EXTRACT),
        b.button("What was applied", ids.APPLIED),
        b.button("History", ids.HISTORY),
        b.button("Deactivate" if is_active else "Reactivate", ids.LIFECYCLE, style="danger" if is_active else None),
        block_id="account",
    )


def _invitation(shown: ClientCard) -> list[b.Block]:
    owner, buttons = shown.owner, list[b.Element]()
    if owner is None:
        blocks = [b.section("Nobody has been invited yet.")]
        buttons = [invitations.open_button(shown.client_id)]
    else:
        blocks = [b.facts([("Owner", f"{owner.name} <{owner.email}>"), *_progress(owner)])]
        if owner.invitation is not None and owner.invitation.failure:
            blocks.append(_warning(owner.invitation.failure))
        if not owner.signs_in:
            buttons = _invitation_buttons(owner)
    if buttons and shown.deactivated_at is None:
        blocks.append(b.actions(*buttons, block_id="invitation"))
    return blocks


def _progress(owner: Owner) -> _Rows:
    invitation = owner.invitation
    if invitation is None:
        return [("Status", "signs in already" if owner.signs_in else "not invited")]
    times = [("Sent", invitation.sent_at), ("Opened", invitation.opened_at), ("Accepted", invitation.accepted_at)]
    if invitation.status in {*LIVE, InvitationStatus.EXPIRED}:
        is_over = invitation.status is InvitationStatus.EXPIRED
        times.append(("Expired" if is_over else "Expires", invitation.expires_at))
    return [
        ("Status", STATUSES[invitation.status]),
        ("Invited", [b.moment(invitation.created_at), b.words(" by "), b.mention(invitation.inviter)]),
        *((label, [b.moment(at)]) for label, at in times if at is not None),
    ]


def _invitation_buttons(owner: Owner) -> list[b.Element]:
    if owner.invitation is None:
        return [b.button("Invite", invitations.INVITE_USER, value=str(owner.client_user_id), style="primary")]
    if owner.invitation.status is InvitationStatus.ACCEPTED:
        return []
    value = str(owner.invitation.invitation_id)
    urgent = owner.invitation.status in {InvitationStatus.EXPIRED, InvitationStatus.FAILED}
    buttons = [
        b.button("Resend", invitations.RESEND, value=value, style="primary" if urgent else None),
        b.button("Change e-mail", invitations.CHANGE_EMAIL, value=value),
    ]
    if owner.invitation.status is not InvitationStatus.REVOKED:
        text = "The link that was sent stops working. You can send a new invitation at any time."
        confirm = b.confirm("Revoke this invitation?", text, "Revoke", "Keep it")
        buttons.append(b.button("Revoke", invitations.REVOKE, value=value, style="danger") | {"confirm": confirm})
    return buttons


def _connection(shown: ClientCard) -> list[b.Block]:
    connection = shown.connection
    if connection is None:
        return [
            b.facts([("Status", _status(None)), ("Accounting software", software(shown.software, None))]),
            *_connect(shown),
        ]
    blocks = [b.facts(_facts(connection))]
    advice = _advice(shown.name, connection)
    if advice:
        blocks.append(_warning(advice))
    buttons = [b.button("Settings", ids.SETTINGS), _disconnect(connection)]
    if shown.deactivated_at is None and connection.provider in shown.offered:
        broken = connection.state in _BROKEN or not connection.holder_active
        reconnect = b.button("Reconnect", ids.RECONNECT, value=connection.provider, style="primary" if broken else None)
        change = b.button("Change organisation", ids.CHANGE, value=connection.provider)
        buttons = [b.button("Refresh", ids.REFRESH), reconnect, change, *buttons]
    return [*blocks, b.actions(*buttons, block_id="connection")]


def _connect(shown: ClientCard) -> list[b.Block]:
    if shown.deactivated_at is not None or shown.solo is not None or shown.tax_categories is not None:
        return []
    if not shown.offered:
        return [b.context("No accounting software is set up here. Whoever runs Clientdesk can do that.")]
    buttons = [_connect_button(each) for each in shown.offered]
    return [b.actions(*buttons, block_id="connection")]


def _connect_button(provider: Provider) -> b.Element:
    return b.button(f"Connect {NAMES[provider]}", ids.CONNECT[provider], value=provider)


def _disconnect(connection: ConnectionCard) -> b.Element:
    name = NAMES[connection.provider]
    text = (
        f"Clientdesk no longer gets anything from {name} for this client. What it fetched so far stays. "
        "You can connect it again at any time."
    )
    confirm = b.confirm("Disconnect this client?", text, "Disconnect", "Keep it connected")
    return b.button("Disconnect", ids.DISCONNECT, style="danger") | {"confirm": confirm}


def _facts(connection: ConnectionCard) -> _Rows:
    holder: list[b.Element] = [b.mention(connection.holder)]
    if not connection.holder_active:
        holder.append(b.words(", who has left the practice"))
    return [
        ("Status", _status(connection)),
        ("Accounting software", NAMES[connection.provider]),
        ("Organisation", connection.legal_name or connection.organisation_name),
        ("Rests on the sign-in of", holder),
        ("Connected", [b.moment(connection.connected_at)]),
        ("Last refreshed", [b.moment(connection.refreshed_at)]),
    ]


def _status(connection: ConnectionCard | None) -> str:
    return STATES[ConnectionState.NOT_CONNECTED if connection is None else connection.state]


def _advice(client_name: str, connection: ConnectionCard) -> str | None:
    name = NAMES[connection.provider]
    match connection.state:
        case ConnectionState.EXPIRED:
            return f"The sign-in at {name} has ended. Press Reconnect and sign in there again."
        case ConnectionState.DISCONNECTED:
            return (
                f"{name} no longer lets this sign-in at the organisation. Press Reconnect, and sign in as somebody "
                "who has access to it."
            )
        case ConnectionState.NAME_MISMATCH:
            return (
                f"The organisation is called {clip(connection.organisation_name, 300)}, the client "
                f"{clip(client_name, 300)}. If it is the wrong one, press Change organisation; if it is right, press "
                "Settings to use its name or keep both."
            )
        case _ if not connection.holder_active:
            return "Press Reconnect to have the connection rest on your own sign-in."
        case _:
            return None


def _information(shown: ClientCard) -> list[b.Block]:
    summary = shown.information
    blocks = [b.header("Standard information")]
    if summary.organisation is None and not any(each.refreshed_at or each.failure for each in summary.lists):
        connected = shown.connection is not None
        said = "It is being fetched; this takes a minute." if connected else "It comes once the client is connected."
        return [*blocks, b.context(said)]
    if summary.organisation is not None:
        blocks.append(b.facts(_organisation(summary.organisation)))
    blocks.append(b.facts([(_LISTS[each.which], _list(each)) for each in summary.lists]))
    failures = [f"{_LISTS[each.which]}: {clip(each.failure, 200)}" for each in summary.lists if each.failure]
    if failures:
        blocks.append(_warning("\n".join(failures)))
    export = b.button("Export to Excel", ids.EXPORT, value=str(shown.client_id))
    return [*blocks, b.actions(export, block_id="export")]


def _organisation(facts: OrganisationFacts) -> _Rows:
    found = [
        ("Name", facts.name),
        ("Legal name", facts.legal_name),
        ("Type", _type(facts.organisation_type)),
        ("Industry", facts.line_of_business),
        ("Country", facts.country_code),
        ("Currency", facts.currency),
        ("Tax number", facts.tax_number),
        ("Registration number", facts.registration_number),
        ("Year end", _year_end(facts)),
    ]
    return [(label, clip(value, 300)) for label, value in found if value]


def _type(found: str | None) -> str | None:
    """Xero's are constants."""
    return found.replace("_", " ").capitalize() if found is not None and found.isupper() else found


def _year_end(facts: OrganisationFacts) -> str | None:
    if facts.year_end_month is None or not 1 <= facts.year_end_month <= 12:
        return None
    month = calendar.month_name[facts.year_end_month]
    return month if facts.year_end_day is None else f"{facts.year_end_day} {month}"


def _list(summary: ListSummary) -> list[b.Element]:
    if summary.refreshed_at is None:
        return [b.words("not fetched yet")]
    return [b.words(f"{summary.active:,} in use, as of "), b.moment(summary.refreshed_at)]
