"""What Add client shows before its first page and after its last."""

from modals import blocks as b
from modals import invitations, subscription
from modals.add_client import ids
from modals.add_client.pages import SOLUTIONS, TAX_CATEGORIES, TITLE, page, software
from modals.clients import ids as clients
from modals.permissions import asking
from modals.solo.card import result_rows as solo_rows
from modals.text import count
from services.add_client.records import (
    BundleFull,
    CreatedClient,
    Opening,
    PermissionMissing,
    ResumeOffer,
    WizardPage,
)
from services.phones import mask_mobile


def opening(shown: Opening) -> b.View:
    match shown:
        case WizardPage():
            return page(shown)
        case ResumeOffer():
            return _resume_offer(shown)
        case BundleFull():
            return _bundle_full(shown)
        case PermissionMissing():
            return _permission_missing(shown)


def _resume_offer(offer: ResumeOffer) -> b.View:
    return b.modal(
        TITLE,
        [
            b.rich(
                [
                    b.words("You have a draft: "),
                    b.bold(offer.client_name or "a client without a name yet"),
                    b.words(f", step {offer.number} of {offer.total}, last changed "),
                    b.moment(offer.updated_at),
                    b.words("."),
                ]
            ),
            b.actions(
                b.button("Resume", ids.RESUME, value=str(offer.draft_id), style="primary"),
                b.button("Start over", ids.START_OVER)
                | {
                    "confirm": b.confirm(
                        "Start over?", "What you typed in the draft is discarded.", "Start over", "Keep the draft"
                    )
                },
            ),
        ],
    )


def _bundle_full(full: BundleFull) -> b.View:
    if full.may_raise:
        return subscription.full(full.bundle, billing_url=full.billing_url)
    return subscription.full_for_others(full.bundle, full.admins, full.asked)


def _permission_missing(missing: PermissionMissing) -> b.View:
    what = [b.bold("You need the permission “Add client accounts”.")]
    if missing.asked is not None:
        return b.modal(TITLE, asking.pending(missing.asked, what))
    who = [b.words("It can be given to you by "), *b.mentions(missing.admins), b.words(".")]
    return b.modal(TITLE, [b.rich(what, who), b.actions(asking.request_button())])


def result(created: CreatedClient) -> b.View:
    return b.modal("Client created", _result(created, created.name))


def result_message(created: CreatedClient) -> b.Message:
    return b.message(
        f"{created.name} was created. Extract address: {created.extract.costs}",
        _result(created, f"{created.name} was created"),
    )


def _result(created: CreatedClient, heading: str) -> list[b.Block]:
    rows: list[tuple[str, str | list[b.Element]]] = []
    if created.practice_code:
        rows.append(("Practice code", created.practice_code))
    if created.solo is None:
        rows += [
            ("Solutions", SOLUTIONS[created.solutions]),
            ("Accounting software", software(created.software, created.organisation)),
        ]
    else:
        rows += solo_rows(created.solo)
    if created.tax_categories:
        rows.append(("Self-employed", f"{TAX_CATEGORIES[created.tax_categories]} categories"))
    rows += [
        ("Extract address for costs", [b.code(created.extract.costs)]),
        ("Extract address for sales", [b.code(created.extract.sales)]),
        ("Several documents in one file", [b.code(created.extract.multiple)]),
        ("Invitation", _invited(created)),
        ("Client bundle", f"{created.bundle.used:,} of {count(created.bundle.included, 'account', 'accounts')} used"),
    ]
    next_steps = [] if created.contact_email else [invitations.open_button(created.client_id)]
    return [
        b.header(heading),
        b.facts(rows),
        b.actions(
            *next_steps,
            b.button("Open the client", clients.OPEN, value=str(created.client_id)),
            b.button("Add another client", ids.OPEN),
        ),
    ]


def _invited(created: CreatedClient) -> str:
    contact = f"{created.contact_name} <{created.contact_email}>"
    if created.contact_email is None:
        return "skipped"
    if created.invitation is None and created.contact_signs_in:
        return f"none needed; {contact} signs in as before"
    if created.invitation is None:
        return f"none; {contact} was invited before, and finds this account too after accepting that"
    if created.invited_mobile:
        return f"by e-mail to {contact} and by text message to {mask_mobile(created.invited_mobile)}, on its way"
    return f"by e-mail to {contact}, on its way"


def asked() -> b.View:
    return b.modal(TITLE, [b.section("Done. No client account was created.")])
