"""What each page is checked for when it is submitted, beside the shape of what was typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from db.models import Practice, Solutions
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
    NamedForm,
    SoftwareForm,
    SoloDetailsForm,
    SolutionsForm,
    Step,
)
from services.clients.users import email_is_taken
from services.emails import email_key
from services.errors import InvalidError
from services.forms import Form, Raw, read
from services.solo.forms import SourcesForm
from services.solo.sealing import NUMBERS

_WARNED = "_warned"
"""Kept beside a page's values: what the person has been warned of, so that going on means going on."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What to keep of the page. A `warning` (fields of WizardPage) shows the same page again."""

    raw: Raw
    warning: Mapping[str, Any] = field(default_factory=dict)


def check(session: Session, practice: Practice, facts: Facts, step: Step, raw: Raw, kept: Raw) -> Checked:
    """`kept` is what the draft holds of this page from before; both unsealed. Raises InvalidError at the fields."""
    return _CHECKS[step.form](session, practice, facts, raw, kept)


def _client_type(_session: Session, _practice: Practice, _facts: Facts, raw: Raw, _kept: Raw) -> Checked:
    read(ClientTypeForm, raw)
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
    return _named(session, practice, read(DetailsForm, raw), raw, kept)


def _solo_details(session: Session, practice: Practice, _facts: Facts, raw: Raw, kept: Raw) -> Checked:
    # The page asks for a number only where none is kept, or it is being changed.
    whole = {**{number: kept.get(number) for number in NUMBERS}, **raw}
    return _named(session, practice, read(SoloDetailsForm, whole), whole, kept)


def _named(session: Session, practice: Practice, details: NamedForm, raw: Raw, kept: Raw) -> Checked:
    require_free_code(session, practice, details.practice_code)
    key = twin_key(details)
    noted = {**raw, _WARNED: key}
    if kept.get(_WARNED) != key and (twins := find_twins(session, practice, details)):
        return Checked(noted, {"twins": twins})
    return Checked(noted)


def _sources(_session: Session, _practice: Practice, _facts: Facts, _raw: Raw, kept: Raw) -> Checked:
    """The page takes nothing itself: each source has a form of its own."""
    read(SourcesForm, kept)
    return Checked(kept)


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


_CHECKS: dict[type[Form], Callable[[Session, Practice, Facts, Raw, Raw], Checked]] = {
    ClientTypeForm: _client_type,
    SolutionsForm: _solutions,
    SoftwareForm: _software,
    DetailsForm: _details,
    SoloDetailsForm: _solo_details,
    SourcesForm: _sources,
    AccessForm: _access,
    InviteForm: _invite,
}


def mend(session: Session, practice: Practice, form: object, raw: Raw) -> Raw | None:
    """A page filled in earlier that would be refused now gives what to keep of it, with the warning; else None.

    Raises InvalidError where it is a field that is wrong by now.
    """
    if isinstance(form, NamedForm):
        require_free_code(session, practice, form.practice_code)
    if isinstance(form, InviteForm) and form.invite is InviteChoice.NOW and form.existing is None:
        key = email_key(str(form.contact_email))
        if email_is_taken(session, practice.id, key):
            return {**raw, _WARNED: key}
    return None


def is_warned(raw: Raw) -> bool:
    return bool(raw.get(_WARNED))
