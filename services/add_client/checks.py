"""What each page is checked for when it is submitted, beside the shape of what was typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from db.models import ClientKind, Practice, Solutions
from services.accounting.port import NAMES
from services.add_client.connecting import PROVIDERS
from services.add_client.lookups import find_twins, require_free_code, require_grantees, twin_key
from services.add_client.steps import (
    AccessForm,
    ClientTypeForm,
    DetailsForm,
    Facts,
    InviteChoice,
    InviteForm,
    Raw,
    SoftwareForm,
    SolutionsForm,
    StepName,
    read,
)
from services.clients.users import email_is_taken
from services.emails import email_key
from services.errors import InvalidError

_WARNED = "_warned"
"""Kept beside a page's values: what the person has been warned of, so that going on means going on."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What to keep of the page. A `warning` (fields of WizardPage) shows the same page again."""

    raw: Raw
    warning: Mapping[str, Any] = field(default_factory=dict)


def check(session: Session, practice: Practice, facts: Facts, step: StepName, raw: Raw, kept: Raw) -> Checked:
    """`kept` is what the draft holds of this page from before. Raises InvalidError at the fields."""
    return _CHECKS[step](session, practice, facts, raw, kept)


def _client_type(_session: Session, _practice: Practice, _facts: Facts, raw: Raw, _kept: Raw) -> Checked:
    if read(ClientTypeForm, raw).kind is ClientKind.SOLO:
        return Checked({"kind": ClientKind.BUSINESS}, {"solo_asked": True})
    return Checked(raw)


def _solutions(_session: Session, _practice: Practice, facts: Facts, raw: Raw, _kept: Raw) -> Checked:
    if read(SolutionsForm, raw).solutions is Solutions.BOOKKEEPING_DHI and not facts.has_dhi:
        raise InvalidError({"solutions": "Your practice does not have Data Health & Insights."})
    return Checked(raw)


def _software(_session: Session, _practice: Practice, facts: Facts, raw: Raw, _kept: Raw) -> Checked:
    provider = PROVIDERS.get(read(SoftwareForm, raw).software)
    if provider is not None and provider not in facts.providers:
        raise InvalidError({"software": f"{NAMES[provider]} can't be connected here. Choose again."})
    return Checked(raw)


def _details(session: Session, practice: Practice, _facts: Facts, raw: Raw, kept: Raw) -> Checked:
    details = read(DetailsForm, raw)
    require_free_code(session, practice, details.practice_code)
    key = twin_key(details)
    noted = {**raw, _WARNED: key}
    if kept.get(_WARNED) != key and (twins := find_twins(session, practice, details)):
        return Checked(noted, {"twins": twins})
    return Checked(noted)


def _access(session: Session, practice: Practice, _facts: Facts, raw: Raw, _kept: Raw) -> Checked:
    require_grantees(session, practice, read(AccessForm, raw))
    return Checked(raw)


def _invite(session: Session, practice: Practice, facts: Facts, raw: Raw, kept: Raw) -> Checked:
    form = read(InviteForm, raw, facts.mobile_region)
    if form.invite is InviteChoice.SKIP:
        return Checked({**kept, **raw})
    key = email_key(str(form.contact_email))
    if not email_is_taken(session, practice.id, key):
        return Checked({**raw, "existing": None})
    if kept.get(_WARNED) != key:
        return Checked({**raw, "existing": None, _WARNED: key}, {"email_taken": True})
    if form.existing is None:
        raise InvalidError({"existing": "Choose one of the two ways."})
    return Checked({**raw, _WARNED: key})


_CHECKS: dict[StepName, Callable[[Session, Practice, Facts, Raw, Raw], Checked]] = {
    StepName.CLIENT_TYPE: _client_type,
    StepName.SOLUTIONS: _solutions,
    StepName.SOFTWARE: _software,
    StepName.DETAILS: _details,
    StepName.ACCESS: _access,
    StepName.INVITE: _invite,
}


def mend(session: Session, practice: Practice, form: object, raw: Raw) -> Raw | None:
    """A page filled in earlier that would be refused now gives what to keep of it, with the warning; else None.

    Raises InvalidError where it is a field that is wrong by now.
    """
    if isinstance(form, DetailsForm):
        require_free_code(session, practice, form.practice_code)
    if isinstance(form, InviteForm) and form.invite is InviteChoice.NOW and form.existing is None:
        key = email_key(str(form.contact_email))
        if email_is_taken(session, practice.id, key):
            return {**raw, _WARNED: key}
    return None


def is_warned(raw: Raw) -> bool:
    return bool(raw.get(_WARNED))
