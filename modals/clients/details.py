"""Forms over a client's card: its details, its Extract address, and what deactivating or reactivating it does."""

from collections.abc import Sequence

from db.models import Solutions
from modals import blocks as b
from modals.add_client.pages import SOLUTIONS, twins_warning
from modals.clients import ids
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.text import clip, count
from services.add_client.steps import INDUSTRIES
from services.clients.details import ClientDetails, ExtractSettings, LikeOthers
from services.clients.extract import LONGEST
from services.clients.lifecycle import Lifecycle
from services.forms import Raw

TITLE = "Client details"
EXTRACT_TITLE = "Extract address"
SAVED = "The details are saved."
EXTRACT_SAVED = "The Extract address is changed. Tell the client: the old one no longer works."
DEACTIVATED = "The client is deactivated. Its place in the bundle is free."
REACTIVATED = "The client is active again. Nobody was invited anew."


def back() -> b.Block:
    return b.actions(b.button("Back", ids.BACK), block_id="navigation")


def details(shown: ClientDetails, at: ListMetadata, typed: Raw | None = None, like: LikeOthers | None = None) -> b.View:
    """`typed` is what the person typed, and `like` what that is like: shown again, with the warning."""
    raw = typed or {
        "name": shown.name,
        "practice_code": shown.practice_code,
        "industry": shown.industry,
        "solutions": shown.solutions,
    }
    blocks = [twins_warning(like.twins)] if like else []
    blocks += [
        b.field("name", "Name", b.text_input(raw.get("name"))),
        b.field(
            "practice_code",
            "Practice code",
            b.text_input(raw.get("practice_code")),
            hint="Your own code for this client. No two clients have the same.",
            optional=True,
        ),
        b.field("industry", "Industry", b.select(_industries(shown), raw.get("industry")), optional=True),
    ]
    if shown.offers_dhi:
        options = [b.option(text, value) for value, text in SOLUTIONS.items()]
        chosen = b.radios(options, raw.get("solutions") or Solutions.BOOKKEEPING)
        blocks.append(b.field("solutions", "Solutions", chosen))
    return b.modal(
        TITLE,
        [*blocks, back()],
        callback_id=ids.SAVE_DETAILS,
        submit="Save anyway" if like else "Save",
        private_metadata=ClientMetadata.of_client(at, shown.client_id, seen=like.key if like else None).dump(),
    )


def _industries(shown: ClientDetails) -> Sequence[b.Element]:
    """With the one it has, which may have come from elsewhere."""
    names = list(INDUSTRIES)
    if shown.industry and shown.industry not in names:
        names.insert(0, shown.industry)
    return [b.option(name, name) for name in names]


def extract(shown: ExtractSettings, at: ListMetadata) -> b.View:
    address = shown.address
    addresses = [
        ("Costs", address.costs),
        ("Sales", address.sales),
        ("Several documents in one file", address.multiple),
    ]
    blocks = [
        b.rich([b.words("Documents of "), b.bold(shown.client_name), b.words(" are e-mailed to:")]),
        {"type": "rich_text", "elements": [part for each in addresses for part in _copyable(*each)]},
        b.field(
            "extract_name",
            f"The part before @{clip(address.domain, 200)}",
            b.text_input(address.name) | {"max_length": LONGEST},
            hint="Letters, digits, and single dots, hyphens or underscores between them. After a change, nothing "
            "comes in at the old address any more.",
        ),
        back(),
    ]
    return b.modal(
        EXTRACT_TITLE,
        blocks,
        callback_id=ids.SAVE_EXTRACT,
        submit="Save",
        private_metadata=ClientMetadata.of_client(at, shown.client_id).dump(),
    )


def _copyable(label: str, address: str) -> list[b.Element]:
    return [
        {"type": "rich_text_section", "elements": [b.bold(label)]},
        {"type": "rich_text_preformatted", "elements": [b.words(address)]},
    ]


def lifecycle(shown: Lifecycle, at: ListMetadata) -> b.View:
    return _reactivation(shown, at) if shown.deactivated_at is not None else _deactivation(shown, at)


def _deactivation(shown: Lifecycle, at: ListMetadata) -> b.View:
    consequences = ["Its place in the bundle is free at once."]
    if shown.waiting_invitations:
        waiting = count(shown.waiting_invitations, "invitation is", "invitations are")
        consequences.append(f"{waiting} revoked, and the links stop working.")
    consequences.append("Nobody is reminded of it, and its users can't sign in to it.")
    if shown.is_connected:
        consequences.append("Its connection is kept, but not refreshed.")
    consequences.append("Lists leave it out unless they are filtered for it. Nothing is deleted.")
    blocks = [
        b.rich([b.words("Deactivate "), b.bold(shown.name), b.words("? This is what happens:")]),
        b.rich(*([b.words(f"• {each}")] for each in consequences)),
        b.rich([b.emoji("warning"), b.bold(" It can't be reactivated for four months.")]),
        back(),
    ]
    return b.modal(
        "Deactivate the client",
        blocks,
        callback_id=ids.DEACTIVATE,
        submit="Deactivate",
        close="Close",
        private_metadata=ClientMetadata.of_client(at, shown.client_id).dump(),
    )


def _reactivation(shown: Lifecycle, at: ListMetadata) -> b.View:
    metadata = ClientMetadata.of_client(at, shown.client_id).dump()
    title = "Reactivate the client"
    bundle = shown.bundle
    places = f"Your bundle has {bundle.included:,} places, of which {bundle.used:,} are in use."
    if not shown.may_return and shown.returns_at is not None:
        said = [b.bold(shown.name), b.words(" can be reactivated from "), b.moment(shown.returns_at), b.words(".")]
        why = "A client that was deactivated stays so for four months."
        return b.modal(title, [b.rich(said), b.section(why), back()], private_metadata=metadata)
    if bundle.is_full:
        blocks = [
            b.rich([b.words("There is no place for "), b.bold(shown.name), b.words(".")]),
            b.section(f"{places} Deactivate another client, or ask a Practice Admin to raise the bundle."),
            back(),
        ]
        return b.modal(title, blocks, private_metadata=metadata)
    blocks = [
        b.rich([b.words("Reactivate "), b.bold(shown.name), b.words("? It takes a place in the bundle.")]),
        b.section(f"{places} Its users can sign in again; invite those anew who had not accepted."),
        back(),
    ]
    return b.modal(title, blocks, callback_id=ids.REACTIVATE, submit="Reactivate", private_metadata=metadata)
