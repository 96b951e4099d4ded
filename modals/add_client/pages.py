"""The pages of the wizard: one builder a step."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from db.models import ClientKind, Software, Solutions, TaxCategories
from modals import blocks as b
from modals.add_client import connecting, ids, solo
from modals.form import Metadata
from modals.invitations import contact_fields
from services.add_client.records import Choosable, Review, Twin, WizardPage
from services.add_client.steps import (
    INDUSTRIES,
    ExistingUser,
    InviteChoice,
    StepName,
    offers_self_employed,
)
from services.phones import mask_mobile

TITLE = "Add client"

STEP_TITLES = {
    StepName.CLIENT_TYPE: "Client type",
    StepName.SOLUTIONS: "Solutions",
    StepName.SOFTWARE: "Accounting software",
    StepName.DETAILS: "Details",
    StepName.SOURCES: "Income sources",
    StepName.ACCESS: "Colleague access",
    StepName.INVITE: "Invite",
    StepName.REVIEW: "Review",
    StepName.ASK: "Ask for an invitation",
}
SOLUTIONS = {
    Solutions.BOOKKEEPING: "Bookkeeping",
    Solutions.BOOKKEEPING_DHI: "Bookkeeping + Data Health & Insights",
}
SOFTWARE = {
    Software.XERO: "Xero",
    Software.SAGE: "Sage Accounting",
    Software.LATER: "To be connected later",
    Software.NONE: "Without integration",
}
TAX_CATEGORIES = {TaxCategories.SCHEDULE_C: "US Schedule C", TaxCategories.T2125: "Canada T2125"}


class WizardMetadata(Metadata):
    draft: uuid.UUID
    step: StepName
    revision: int
    changing: bool = False
    connecting: bool = False
    source: uuid.UUID | None = None
    warned: bool = False


def page(shown: WizardPage) -> b.View:
    """The modal for one page, whichever step it is."""
    blocks = [b.context(f"Step {shown.number} of {shown.total} · {STEP_TITLES[shown.step]}")]
    if shown.changed:
        said = b.words(" Something changed since you filled this in. Look through it, then go on.")
        blocks.append(b.rich([b.emoji("warning"), said]))
    submit: str | None
    submit, callback_id = _SUBMITS.get(shown.step, ("Next", ids.SUBMIT))
    editing = None if shown.solo is None else shown.solo.editing
    if editing is not None:
        submit, callback_id = "Continue anyway" if editing.is_warned else "Keep this source", ids.KEEP_SOURCE
    if shown.connecting is None:
        blocks += _BUILDERS[shown.step](shown)
        back = "Back to the review" if shown.changing and editing is None else "Back"
        navigation = [b.button(back, ids.BACK)] if shown.number > 1 or shown.changing else []
    else:
        choices = connecting.choices(shown.connecting)
        blocks += connecting.connecting(shown, shown.connecting, choices)
        navigation = [b.button("Back", ids.BACK), b.button("Check again", ids.CHECK_CONNECTION)]
        submit, callback_id = ("Use this organisation" if choices else None), ids.CHOOSE_ORGANISATION
    if navigation:
        blocks.append(b.actions(*navigation, block_id="navigation"))
    if shown.step in _SUBMITS:
        blocks.append(b.context("Closing keeps a draft."))
    elif shown.number > 1:
        blocks.append(b.context("Closing keeps a draft of the pages before this one."))
    if shown.twins:
        submit = "Continue anyway"
    return b.modal(
        TITLE,
        blocks,
        callback_id=callback_id,
        submit=submit,
        private_metadata=WizardMetadata(
            draft=shown.draft_id,
            step=shown.step,
            revision=shown.revision,
            changing=shown.changing,
            connecting=shown.connecting is not None,
            source=None if editing is None else editing.source_id,
            warned=editing is not None and editing.is_warned,
        ).dump(),
    )


_SUBMITS = {
    StepName.REVIEW: ("Create", ids.CREATE),
    StepName.ASK: ("Done", ids.FINISH_ASKING),
}


def _client_type(shown: WizardPage) -> list[b.Block]:
    kinds = [
        b.option("Business", ClientKind.BUSINESS, "A company, partnership, charity or other organisation"),
        b.option("Self-employed (Solo)", ClientKind.SOLO, "A sole trader or landlord"),
    ]
    chosen = b.radios(kinds, shown.raw.get("kind") or ClientKind.BUSINESS)
    return [b.field("kind", "What kind of client is it?", chosen)]


def _solutions(shown: WizardPage) -> list[b.Block]:
    options = [b.option(text, value) for value, text in SOLUTIONS.items()]
    chosen = b.radios(options, shown.raw.get("solutions") or Solutions.BOOKKEEPING)
    return [b.field("solutions", "What will you do for this client?", chosen)]


def _software(shown: WizardPage) -> list[b.Block]:
    options = [
        *(connecting.software_option(provider, shown.connection) for provider in shown.facts.providers),
        b.option("Skip for now", Software.LATER, "They use accounting software; connect it later"),
        b.option("Without integration", Software.NONE, "They use none, or none that can be connected"),
    ]
    return [
        *connecting.connected(shown),
        b.field("software", "Accounting software", b.radios(options, shown.raw.get("software") or Software.LATER)),
    ]


def _details(shown: WizardPage) -> list[b.Block]:
    raw = shown.raw
    blocks = [twins_warning(shown.twins)] if shown.twins else []
    if shown.solo is not None:
        return [*blocks, *solo.details(shown, shown.solo)]
    blocks += [
        b.field("name", "Business name", b.text_input(raw.get("name") or connecting.suggested_name(shown))),
        b.field(
            "practice_code",
            "Practice code",
            b.text_input(raw.get("practice_code")),
            hint="Your own code for this client. No two clients have the same.",
            optional=True,
        ),
        b.field(
            "industry",
            "Industry",
            b.select([b.option(name, name) for name in INDUSTRIES], raw.get("industry")),
            optional=True,
        ),
    ]
    if offers_self_employed(shown.facts, shown.answers):
        categories = "Schedule C" if shown.facts.region == "us" else "T2125"
        switch = b.option("Sole proprietor or unincorporated", "yes", f"Adds the {categories} tax categories")
        chosen = b.checkboxes([switch], ["yes"] if raw.get("self_employed") else [])
        blocks.append(b.field("self_employed", "Self-employed", chosen, optional=True))
    return blocks


def _sources(shown: WizardPage) -> list[b.Block]:
    if shown.solo is None:
        raise ValueError("The page of income sources needs those of the draft")
    return solo.sources(shown.solo)


def twins_warning(twins: Sequence[Twin]) -> b.Block:
    """Clients that what was typed is like."""
    lines: list[list[b.Element]] = [[b.emoji("warning"), b.bold(" You may have this client already:")]]
    for twin in twins:
        line = [b.words("• "), b.bold(twin.name)]
        if twin.practice_code:
            line.append(b.words(f" · code {twin.practice_code}"))
        if twin.deactivated:
            line.append(b.words(" · deactivated"))
        lines.append(line)
    lines.append([b.words("If yours is another one, continue.")])
    return b.rich(*lines)


def _access(shown: WizardPage) -> list[b.Block]:
    choices = shown.access
    if choices is None:
        raise ValueError("The access page needs its choices")
    blocks = [
        b.section(
            "Who else works with this client? "
            "Practice Admins and Client Admins can open every client, and so are not listed."
        )
    ]
    if choices.colleagues:
        people = _people(choices.colleagues, choices.chosen.colleagues, choices.too_many)
        blocks.append(b.field("colleagues", "Colleagues", people, optional=True))
    if choices.teams:
        teams = b.multi_select(_options(choices.teams), [str(c.id) for c in choices.chosen.teams])
        blocks.append(b.field("teams", "Teams", teams, optional=True))
    if choices.managers:
        chosen = choices.chosen.account_manager
        if choices.too_many:
            manager = b.search(ids.SEARCH_MANAGERS, _options([chosen])[0] if chosen else None)
        else:
            manager = b.select(_options(choices.managers), str(chosen.id) if chosen else None)
        blocks.append(b.field("account_manager", "Account manager", manager, optional=True))
    return blocks


def _people(colleagues: Sequence[Choosable], chosen: Sequence[Choosable], too_many: bool) -> b.Element:
    if too_many:
        return b.multi_search(ids.SEARCH_COLLEAGUES, _options(chosen))
    initial = [str(c.id) for c in chosen]
    if len(colleagues) <= 10:  # as many as fit into checkboxes
        return b.checkboxes(_options(colleagues), initial)
    return b.multi_select(_options(colleagues), initial)


def _options(choices: Sequence[Choosable]) -> list[b.Element]:
    return [b.option(choice.name, str(choice.id)) for choice in choices]


def colleague_options(choices: Sequence[Choosable]) -> dict[str, Any]:
    """The answer to a search in a select."""
    return {"options": _options(choices)}


def _invite(shown: WizardPage) -> list[b.Block]:
    raw = shown.raw
    choices = [
        b.option("Invite now", InviteChoice.NOW, "They get an e-mail with a link to set a password, for 7 days"),
        b.option("Skip invitation", InviteChoice.SKIP, "You can invite them later"),
    ]
    choice = raw.get("invite") or InviteChoice.NOW
    radios = b.radios(choices, choice, action_id=ids.CHOOSE_INVITE)
    blocks = [b.field("invite", "Invite the client?", radios, acts=True)]
    if choice == InviteChoice.SKIP:
        return blocks
    # A self-employed client is most often the person to invite.
    own_name = shown.answers.get(StepName.DETAILS, {}).get("name") if shown.solo is not None else None
    blocks += contact_fields(
        raw.get("contact_name") or own_name,
        raw.get("contact_email"),
        raw.get("contact_mobile"),
        texts=shown.facts.texts,
    )
    if shown.email_taken:
        ways = [
            b.option("They invite us from their existing account", ExistingUser.THEY_INVITE_US, "We write the message"),
            b.option(
                "Create the client without an invitation",
                ExistingUser.ADD_WITHOUT_INVITATION,
                "They are added as a user with the login they have",
            ),
        ]
        blocks += [
            b.rich(
                [
                    b.emoji("warning"),
                    b.words(" This e-mail already belongs to a user, so it can't be invited again. "),
                    b.words("There are two right ways:"),
                ]
            ),
            b.field("existing", "How should this go on?", b.radios(ways, raw.get("existing"))),
        ]
    return blocks


def _review(shown: WizardPage) -> list[b.Block]:
    review = _needed(shown)
    return [
        b.facts(_rows(shown, review)),
        {
            "type": "actions",
            "block_id": "change",
            "elements": [
                {
                    "type": "static_select",
                    "action_id": ids.GO_TO,
                    "placeholder": b.plain("Change an answer…", 150),
                    "options": [b.option(STEP_TITLES[name], name) for name in shown.steps[:-1]],
                }
            ],
        },
    ]


def _rows(shown: WizardPage, review: Review) -> list[tuple[str, str]]:
    kind = "Business" if review.solo is None else "Self-employed (Solo)"
    rows = [("Client type", kind)] if StepName.CLIENT_TYPE in shown.steps else []
    rows += [
        ("Business name" if review.solo is None else "Client's name", review.name),
        ("Practice code", review.practice_code or "–"),
    ]
    if review.solo is None:
        rows += [
            ("Industry", review.industry or "–"),
            ("Solutions", SOLUTIONS[review.solutions]),
            ("Accounting software", software(review.software, review.organisation)),
        ]
    else:
        rows += solo.rows(review.solo)
    if review.tax_categories:
        rows.append(("Self-employed", f"yes, with {TAX_CATEGORIES[review.tax_categories]} categories"))
    if shown.facts.has_colleagues:
        rows.append(("Colleagues", _names(review.access.colleagues) or "none besides the admins"))
    if shown.facts.has_teams:
        rows.append(("Teams", _names(review.access.teams) or "none"))
    if review.access.account_manager:
        rows.append(("Account manager", review.access.account_manager.name))
    rows.append(("Invitation", _invitation(review)))
    return rows


def software(chosen: Software, organisation: str | None) -> str:
    return f"{SOFTWARE[chosen]}: {organisation}" if organisation else SOFTWARE[chosen]


def _names(choices: Sequence[Choosable]) -> str:
    return ", ".join(choice.name for choice in choices)


def _invitation(review: Review) -> str:
    if review.invite is InviteChoice.SKIP:
        return "skipped"
    contact = f"{review.contact_name} <{review.contact_email}>"
    if review.existing is ExistingUser.ADD_WITHOUT_INVITATION:
        return f"none; {contact} is added with their existing login"
    texted = f" and by text message to {mask_mobile(review.contact_mobile)}" if review.contact_mobile else ""
    return f"by e-mail to {contact}{texted}"


def _ask(shown: WizardPage) -> list[b.Block]:
    review = _needed(shown)
    return [
        b.section(
            f"{review.contact_name} uses Clientdesk already, so they invite you. Copy this message and send it. "
            "No client account is created now: theirs comes to you when you accept."
        ),
        {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [b.words(asking(shown))]}]},
    ]


def asking(shown: WizardPage) -> str:
    """The message for a client who has an account already."""
    review = _needed(shown)
    where = f" at {shown.account_url}" if shown.account_url else ""
    return (
        f"Hello {review.contact_name},\n\n"
        f"we would like to work with {review.name} in Clientdesk, and you have an account there already. "
        f"Please sign in to it{where} and invite a practice: our Clientdesk address is {shown.practice_address}.\n\n"
        f"Thank you,\n{shown.practice_name}"
    )


def _needed(shown: WizardPage) -> Review:
    if shown.review is None:
        raise ValueError("This page needs the review")
    return shown.review


_BUILDERS: dict[StepName, Callable[[WizardPage], list[b.Block]]] = {
    StepName.CLIENT_TYPE: _client_type,
    StepName.SOLUTIONS: _solutions,
    StepName.SOFTWARE: _software,
    StepName.DETAILS: _details,
    StepName.SOURCES: _sources,
    StepName.ACCESS: _access,
    StepName.INVITE: _invite,
    StepName.REVIEW: _review,
    StepName.ASK: _ask,
}
