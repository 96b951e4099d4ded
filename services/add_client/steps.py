"""The steps of Add client: what each takes, and when each applies.

A draft keeps what was typed, as typed: `{step: {field: raw}}`; only a person's numbers are sealed.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, ValidationInfo, model_validator

from db.models import ClientKind, Plan, Provider, Region, Software, Solutions
from services.emails import clean_email
from services.forms import Choice, FieldProblems, Form, Raw, as_typed, optional, required
from services.phones import clean_mobile
from services.solo.forms import NumbersForm, SourcesForm

NAME_LENGTH = 255  # as long as an organisation's name at Xero
CODE_LENGTH = 50
INDUSTRIES = (
    "Accommodation and food",
    "Agriculture, forestry and fishing",
    "Arts, entertainment and recreation",
    "Charity and non-profit",
    "Construction and trades",
    "Education and training",
    "Energy and utilities",
    "Finance and insurance",
    "Health and social care",
    "Information technology",
    "Legal services",
    "Manufacturing",
    "Marketing and media",
    "Personal services",
    "Professional services",
    "Property and real estate",
    "Retail and e-commerce",
    "Transport and logistics",
    "Wholesale",
    "Other",
)
Answers = Mapping[str, Raw]


def _list(value: object) -> object:
    return value or ()


class ClientTypeForm(Form):
    kind: Annotated[ClientKind, Choice]


class SolutionsForm(Form):
    solutions: Annotated[Solutions, Choice]


class SoftwareForm(Form):
    software: Annotated[Software, Choice]


class NamedForm(Form):
    name: Annotated[str, BeforeValidator(required("Enter the client's name.", NAME_LENGTH))]
    practice_code: Annotated[str | None, BeforeValidator(optional(CODE_LENGTH))] = None


class DetailsForm(NamedForm):
    industry: Annotated[str | None, BeforeValidator(optional(80))] = None
    self_employed: Annotated[bool, BeforeValidator(bool)] = False


class SoloDetailsForm(NamedForm, NumbersForm):
    """The same page for a self-employed client."""


class AccessForm(Form):
    colleagues: Annotated[tuple[uuid.UUID, ...], BeforeValidator(_list)] = ()
    teams: Annotated[tuple[uuid.UUID, ...], BeforeValidator(_list)] = ()
    account_manager: uuid.UUID | None = None


class InviteChoice(StrEnum):
    NOW = "now"
    SKIP = "skip"


class ExistingUser(StrEnum):
    """What to do when the e-mail already belongs to a user."""

    THEY_INVITE_US = "they_invite_us"
    ADD_WITHOUT_INVITATION = "add_without_invitation"


class InviteForm(Form):
    """Read with the region whose mobile numbers are asked for; without one, none is."""

    invite: Annotated[InviteChoice, Choice]
    contact_name: Annotated[str | None, BeforeValidator(optional(NAME_LENGTH))] = None
    contact_email: Annotated[str | None, BeforeValidator(optional(1000))] = None
    contact_mobile: Annotated[str | None, BeforeValidator(as_typed)] = None
    existing: ExistingUser | None = None

    @model_validator(mode="after")
    def _contact_when_inviting(self, info: ValidationInfo) -> Self:
        if self.invite is InviteChoice.SKIP:
            return self
        problems = {}
        if not self.contact_name:
            problems["contact_name"] = "Enter the name of the person to invite."
        if not self.contact_email:
            problems["contact_email"] = "Enter the e-mail address to invite."
        else:
            try:
                clean_email(self.contact_email)
            except ValueError as error:
                problems["contact_email"] = str(error)
        try:
            self.mobile(info.context)
        except ValueError as error:
            problems["contact_mobile"] = str(error)
        if problems:
            raise FieldProblems(problems)
        return self

    def mobile(self, region: Region | None) -> str | None:
        """In E.164."""
        if region is None or self.contact_mobile is None:
            return None
        return clean_mobile(self.contact_mobile, region)


class ReviewForm(Form):
    """The last page takes nothing new."""


class StepName(StrEnum):
    CLIENT_TYPE = "client_type"
    SOLUTIONS = "solutions"
    SOFTWARE = "software"
    DETAILS = "details"
    SOURCES = "sources"
    ACCESS = "access"
    INVITE = "invite"
    REVIEW = "review"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the practice is like, as far as steps depend on it. `providers` are those that can be connected to; `texts`:
    invitations go out as text messages, too."""

    region: Region
    plan: Plan
    has_dhi: bool
    has_colleagues: bool
    has_teams: bool
    providers: tuple[Provider, ...] = ()
    texts: bool = False

    @property
    def mobile_region(self) -> Region | None:
        """Whose mobile numbers are asked for."""
        return self.region if self.texts else None


@dataclass(frozen=True, slots=True)
class Step:
    name: StepName
    form: type[Form]
    applies: Callable[[Facts, Answers], bool] = lambda _facts, _answers: True


def offers_self_employed(facts: Facts, answers: Answers) -> bool:
    """The switch for sole proprietors: in the US and Canada, for clients without accounting software."""
    return (
        facts.region in {Region.UNITED_STATES, Region.CANADA}
        and answers.get(StepName.SOFTWARE, {}).get("software") == Software.NONE
    )


def is_solo(facts: Facts, answers: Answers) -> bool:
    """Whether the client is a self-employed one: in the UK, if that was chosen."""
    return (
        facts.region is Region.UNITED_KINGDOM and answers.get(StepName.CLIENT_TYPE, {}).get("kind") == ClientKind.SOLO
    )


def _is_business(facts: Facts, answers: Answers) -> bool:
    return not is_solo(facts, answers)


def _they_invite_us(answers: Answers) -> bool:
    invite = answers.get(StepName.INVITE, {})
    return invite.get("invite") == InviteChoice.NOW and invite.get("existing") == ExistingUser.THEY_INVITE_US


STEPS: tuple[Step, ...] = (
    Step(StepName.CLIENT_TYPE, ClientTypeForm, lambda facts, _: facts.region is Region.UNITED_KINGDOM),
    Step(StepName.SOLUTIONS, SolutionsForm, lambda facts, answers: facts.has_dhi and _is_business(facts, answers)),
    Step(StepName.SOFTWARE, SoftwareForm, _is_business),
    Step(StepName.DETAILS, DetailsForm, _is_business),
    Step(StepName.DETAILS, SoloDetailsForm, is_solo),
    Step(StepName.SOURCES, SourcesForm, is_solo),
    Step(StepName.ACCESS, AccessForm, lambda facts, _: facts.has_colleagues or facts.has_teams),
    Step(StepName.INVITE, InviteForm),
    Step(StepName.REVIEW, ReviewForm, lambda _, answers: not _they_invite_us(answers)),
    Step(StepName.ASK, ReviewForm, lambda _, answers: _they_invite_us(answers)),
)


def applying(facts: Facts, answers: Answers) -> list[Step]:
    return [step for step in STEPS if step.applies(facts, answers)]


def step_of(facts: Facts, answers: Answers, name: StepName) -> Step:
    """The one of this name that applies; else the first, from a page that is out of date."""
    return next(step for step in [*applying(facts, answers), *STEPS] if step.name is name)
