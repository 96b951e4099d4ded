"""Connecting the client's accounting software: the second half of the software page."""

from collections.abc import Sequence
from typing import Any

from db.models import Provider, Solutions
from modals import blocks as b
from modals.add_client import ids
from services.accounting.connections import DraftConnection, OfferedOrganisation
from services.accounting.port import NAMES, Organisation
from services.add_client.lookups import LISTED
from services.add_client.records import Connecting, ConsentNotice, WizardPage
from services.add_client.steps import NAME_LENGTH, StepName

_NAMED = 20
"""As many taken organisations as are named."""


def software_option(provider: Provider, connection: DraftConnection | None) -> b.Element:
    name = NAMES[provider]
    if connection is not None and connection.provider is provider and connection.chosen is not None:
        return b.option(name, provider, f"Connected to {connection.chosen.name}")
    return b.option(f"Connect {name}", provider, "The next page leads there; takes a minute")


def connected(shown: WizardPage) -> list[b.Block]:
    if shown.connection is None or shown.connection.chosen is None:
        return []
    said = [
        b.emoji("white_check_mark"),
        b.words(f" {NAMES[shown.connection.provider]} is connected: "),
        b.bold(shown.connection.chosen.name),
    ]
    return [b.rich(said), b.actions(b.button("Connect another organisation", ids.CONNECT_ANOTHER))]


def suggested_name(shown: WizardPage) -> str | None:
    if shown.connection is None or shown.connection.chosen is None:
        return None
    return shown.connection.chosen.name[:NAME_LENGTH]


def choices(asked: Connecting) -> tuple[OfferedOrganisation, ...]:
    """Those that can be chosen."""
    return tuple(each for each in asked.organisations if each.taken_by is None)


def connecting(shown: WizardPage, asked: Connecting, free: Sequence[OfferedOrganisation]) -> list[b.Block]:
    name = NAMES[asked.provider]
    blocks = []
    if asked.problem:
        blocks.append(b.rich([b.emoji("warning"), b.words(f" {asked.problem}")]))
    if asked.provider is Provider.SAGE and _has_dhi(shown):
        said = " Data Health & Insights needs Xero. With Sage Accounting, this client gets Bookkeeping without it."
        blocks.append(b.rich([b.emoji("warning"), b.words(said)]))
    if asked.organisations:
        return [*blocks, *_choosing(asked, free)]
    # Sage asks for no choice: access is to all that the person sees.
    choose = "" if asked.provider is Provider.SAGE else ", choose it"
    return [
        *blocks,
        b.section(
            f"{name} opens in your browser. Sign in there as somebody who can see this client's organisation{choose} "
            "and allow access."
        ),
        b.actions(b.link_button(f"Connect {name}", ids.CONNECT, asked.start_url, style="primary")),
        b.context("This window moves on by itself when you are back."),
    ]


def _choosing(asked: Connecting, free: Sequence[OfferedOrganisation]) -> list[b.Block]:
    name = NAMES[asked.provider]
    blocks = [b.section(f"You are connected to {name}. Which organisation is this client's?")]
    if free:
        options = [_option(each.organisation) for each in free]
        if len(options) <= 10:  # as many as fit into radio buttons
            chosen = b.radios(options)
        elif len(options) <= LISTED:
            chosen = b.select(options)
        else:
            chosen = b.search(ids.SEARCH_ORGANISATIONS)
        blocks.append(b.field("organisation", "Organisation", chosen))
    taken = [each for each in asked.organisations if each.taken_by is not None]
    if taken:
        lines: list[list[b.Element]] = [[b.words("Already connected to another client, and so not to be chosen:")]]
        lines += [
            [b.words("• "), b.bold(each.organisation.name), b.words(f" · {each.taken_by}")] for each in taken[:_NAMED]
        ]
        if len(taken) > _NAMED:
            lines.append([b.words(f"and {len(taken) - _NAMED:,} more")])
        blocks.append(b.rich(*lines))
    blocks += [
        b.actions(b.link_button("Connect another organisation", ids.CONNECT, asked.start_url)),
        b.context("Not here? Connect another one. This window moves on by itself when you are back."),
    ]
    return blocks


def organisation_options(found: Sequence[Organisation]) -> dict[str, Any]:
    """The answer to a search."""
    return {"options": [_option(each) for each in found]}


def consent_finished(notice: ConsentNotice) -> b.Message:
    name = NAMES[notice.provider]
    if notice.organisation is None:
        heading, text = f"You signed in at {name}", "Go on to choose the organisation that is your client's."
    else:
        heading, text = f"{name} is connected", f"{notice.organisation} is kept with the client you are adding."
    return b.message(
        f"{heading}. {text}",
        [
            b.rich([b.bold(f"{heading}. "), b.words(text)]),
            b.actions(b.button("Continue adding your client", ids.RESUME, value=str(notice.draft_id), style="primary")),
        ],
    )


def _option(organisation: Organisation) -> b.Element:
    return b.option(organisation.name, organisation.tenant_id)


def _has_dhi(shown: WizardPage) -> bool:
    return shown.facts.has_dhi and shown.answers.get(StepName.SOLUTIONS, {}).get("solutions") == (
        Solutions.BOOKKEEPING_DHI
    )
