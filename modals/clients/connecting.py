"""Connecting a client from its card: the way to the provider, and the choice of the organisation."""

from db.models import Provider
from modals import blocks as b
from modals.clients import ids
from modals.clients.card import card
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.text import clip
from services.accounting.connections import OfferedOrganisation
from services.accounting.port import NAMES
from services.clients.card import ClientCard
from services.clients.connecting import LISTED, ClientChoices, ClientConnecting, ClientConsentNotice, Window
from services.clients.search import QUERY_LENGTH

TITLE = "Connect client"
_RADIOS = 10


def window(shown: Window, at: ListMetadata | None = None) -> b.View:
    match shown:
        case ClientCard():
            return card(shown, at)
        case ClientConnecting():
            return connecting(shown, at)
        case ClientChoices():
            return choices(shown, at)


def connecting(shown: ClientConnecting, at: ListMetadata | None = None) -> b.View:
    first, _ = shown.links[0]
    blocks = [_about(shown.client_name)]
    if shown.problem:
        blocks.append(_warning(shown.problem))
    if shown.changing and shown.has:
        blocks.append(_loss(shown.has))
    opens = "The one you press opens" if len(shown.links) > 1 else f"{NAMES[first]} opens"
    whose = f"{clip(shown.has, 200)}" if shown.has and not shown.changing else "the client's organisation"
    blocks.append(
        b.section(
            f"{opens} in your browser. Sign in there as somebody who can see {whose}, and allow access. "
            "The connection then rests on your sign-in."
        )
    )
    links = [b.link_button(_link(each, changing=shown.changing), ids.LEAVE[each], url) for each, url in shown.links]
    links[0]["style"] = "primary"
    again = []
    if shown.authorisation_id is not None:
        value = f"{shown.client_id} {shown.authorisation_id}"
        again.append(b.button("Try again", ids.CHOOSE, value=value))
    blocks += [
        b.actions(*links, block_id="connect"),
        b.context("This window moves on by itself when you are back."),
        b.actions(b.button("Back", ids.BACK), *again, block_id="navigation"),
    ]
    return _waiting(shown, at, blocks)


def choices(shown: ClientChoices, at: ListMetadata | None = None) -> b.View:
    name = NAMES[shown.provider]
    blocks = [_about(shown.client_name)]
    if shown.problem:
        blocks.append(_warning(shown.problem))
    if shown.has:
        blocks.append(_loss(shown.has))
    blocks.append(b.section(f"You signed in at {name}. Which organisation is this client's?"))
    if shown.found > LISTED or shown.query:
        typed = b.text_input(shown.query, placeholder="Part of its name") | {
            "action_id": ids.SEARCH_ORGANISATIONS,
            "max_length": QUERY_LENGTH,
        }
        blocks.append(b.field("query", "Find an organisation", typed, optional=True, acts=True))
        blocks.append(b.context(_count(shown)))
    if shown.free:
        options = [b.option(each.organisation.name, each.organisation.tenant_id) for each in shown.free]
        chosen = b.radios(options) if len(options) <= _RADIOS else b.select(options)
        # What was chosen among others is not offered any more: another id, or Slack would keep it.
        blocks.append(b.field(f"organisation.{shown.external_id}", "Organisation", chosen))
    elif not shown.query:
        blocks.append(b.section("There is none that is free. Connect another one."))
    if shown.taken:
        blocks.append(_taken(shown.taken, shown.taken_count))
    blocks += [
        b.actions(
            b.link_button("Connect another organisation", ids.LEAVE[shown.provider], shown.start_url),
            block_id="connect",
        ),
        b.context("Not here? Connect another one. This window moves on by itself when you are back."),
        b.actions(b.button("Back", ids.BACK), block_id="navigation"),
    ]
    return _waiting(shown, at, blocks)


def consent_finished(notice: ClientConsentNotice) -> b.Message:
    name = NAMES[notice.provider]
    if notice.organisation is None:
        heading = f"You signed in at {name}"
        text = f"Go on to choose the organisation of {notice.client_name}."
        value = f"{notice.client_id} {notice.authorisation_id}"
        button = b.button("Choose the organisation", ids.CHOOSE, value=value, style="primary")
    else:
        heading = f"{name} is connected"
        text = f"{notice.client_name} is connected to {notice.organisation}."
        button = b.button(f"Open {clip(notice.client_name, 60)}", ids.OPEN, value=str(notice.client_id))
    return b.message(f"{heading}. {text}", [b.rich([b.bold(f"{heading}. "), b.words(text)]), b.actions(button)])


def _waiting(shown: ClientConnecting | ClientChoices, at: ListMetadata | None, blocks: list[b.Block]) -> b.View:
    choosing = isinstance(shown, ClientChoices)
    at = at or ListMetadata()
    metadata = ClientMetadata.of_client(at, shown.client_id, authorisation=shown.authorisation_id)
    submits = any(block["type"] == "input" for block in blocks)
    view = b.modal(
        TITLE,
        blocks,
        callback_id=ids.USE if choosing else None,
        submit="Use this organisation" if submits else None,
        private_metadata=metadata.dump(),
    )
    return {**view, "external_id": shown.external_id}


def _about(client_name: str) -> b.Block:
    return b.rich([b.words("Client: "), b.bold(client_name)])


def _warning(said: str) -> b.Block:
    return b.rich([b.emoji("warning"), b.words(f" {clip(said, 1000)}")])


def _loss(organisation: str) -> b.Block:
    return _warning(
        f"This client is connected to {clip(organisation, 300)}. With another organisation, the lists that were "
        "fetched from it are removed here: accounts, tax rates, tracking categories, currencies and contacts."
    )


def _link(provider: Provider, *, changing: bool) -> str:
    return f"Choose another at {NAMES[provider]}" if changing else f"Connect {NAMES[provider]}"


def _count(shown: ClientChoices) -> str:
    if not shown.found:
        return f"None of {shown.total:,} has “{shown.query}” in its name. Search for a shorter part."
    more = f", of which the first {LISTED} are listed" if shown.found > LISTED else ""
    return f"{shown.found:,} of {shown.total:,} can be chosen{more}."


def _taken(taken: tuple[OfferedOrganisation, ...], number: int) -> b.Block:
    lines: list[list[b.Element]] = [[b.words("Already connected to another client, and so not to be chosen:")]]
    lines += [[b.words("• "), b.bold(each.organisation.name), b.words(f" · {each.taken_by}")] for each in taken]
    if number > len(taken):
        lines.append([b.words(f"and {number - len(taken):,} more")])
    return b.rich(*lines)
