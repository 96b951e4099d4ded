"""What a row would change in a client that there is."""

from operator import attrgetter

from services.emails import email_key
from services.uploads import template as the
from services.uploads.records import Action, ClientRow, KnownClient

_TAKEN_OVER = (
    "name",
    "industry",
    "country",
    "base_currency",
    "solutions",
    "tax_categories",
    "contact_name",
    "contact_mobile",
    "nino",
    "utr",
    "postcode",
)
"""Fields of a row that are taken over as they are where they are given."""
_fields = attrgetter(*_TAKEN_OVER)


def changes(
    row: ClientRow,
    address: str | None,
    client: KnownClient,
    source: Action | None,
    problems: dict[str, str],
    warnings: dict[str, str],
) -> tuple[str, ...]:
    """As in Row. `address` is what the row's e-mail is compared by, `source` what becomes of its income source."""
    compared = zip(_TAKEN_OVER, _fields(row), _fields(client), strict=True)
    found = [field for field, given, held in compared if given != held and given is not None]
    if row.practice_code is not None and client.practice_code is None:
        found.append("practice_code")
    if address is not None and row.contact_email != client.contact_email and address != _key(client):
        if client.owner_accepted:
            warnings[the.EMAIL] = f"{client.contact_email} has accepted an invitation, so the e-mail stays as it is."
        else:
            found.append("contact_email")
    if row.colleagues and not client.colleagues.issuperset(row.colleagues):
        found.append("colleagues")
    if row.team is not None and row.team not in client.teams:
        found.append("team")
    if source is not None and source is not Action.SKIP:
        found.append("source")
    if (row.invite_by_email or row.invite_by_sms) and not client.invited and not client.owner_accepted:
        found.append("invite")
    if client.deactivated and found:
        problems.setdefault(the.NAME, f"{client.name} is deactivated. Reactivate it first, or leave this row out.")
    return tuple(found)


def _key(client: KnownClient) -> str | None:
    return None if client.contact_email is None else email_key(client.contact_email)
