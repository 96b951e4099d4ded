"""The steps of Add client: what each takes, and when each applies.

A draft keeps what was typed, as typed: `{step: {field: raw}}`. A Form turns one step's raw values into typed ones.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, model_validator

from db.models import ClientKind, Plan, Provider, Region, Software, Solutions
from services.emails import clean_email
from services.errors import InvalidError
from services.phones import clean_mobile

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
FormT = TypeVar("FormT", bound="Form")
Raw = Mapping[str, Any]
Answers = Mapping[str, Raw]


def _required(message: str, longest: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = " ".join(str(value or "").split())
        if not text:
            raise ValueError(message)
        return _at_most(text, longest)

    return check


def _optional(longest: int) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        text = " ".join(str(value or "").split())
        return _at_most(text, longest) if text else None

    return check


def _at_most(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"Use at most {longest} characters; this has {len(text)}.")
    if not text.isprintable():
        raise ValueError("Remove the characters that can't be printed.")
    return text


def _as_typed(value: object) -> str | None:
    return str(value or "").strip() or None


def _list(value: object) -> object:
    return value or ()


def _chosen(value: object) -> object:
    if value is None or value == "":
        raise ValueError("Choose one.")
    return value


Choice = BeforeValidator(_chosen)


class Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ClientTypeForm(Form):
    kind: Annotated[ClientKind, Choice]


class SolutionsForm(Form):
    solutions: Annotated[Solutions, Choice]


class SoftwareForm(Form):
    software: Annotated[Software, Choice]


class DetailsForm(Form):
    name: Annotated[str, BeforeValidator(_required("Enter the client's name.", NAME_LENGTH))]
    practice_code: Annotated[str | None, BeforeValidator(_optional(CODE_LENGTH))] = None
    industry: Annotated[str | None, BeforeValidator(_optional(80))] = None
    self_employed: Annotated[bool, BeforeValidator(bool)] = False


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
    contact_name: Annotated[str | None, BeforeValidator(_optional(NAME_LENGTH))] = None
    contact_email: Annotated[str | None, BeforeValidator(_optional(1000))] = None
    contact_mobile: Annotated[str | None, BeforeValidator(_as_typed)] = None
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


class FieldProblems(Exception):  # noqa: N818 - pydantic lets it through to `read`, which names the fields
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


class StepName(StrEnum):
    CLIENT_TYPE = "client_type"
    SOLUTIONS = "solutions"
    SOFTWARE = "software"
    DETAILS = "details"
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


def _they_invite_us(answers: Answers) -> bool:
    invite = answers.get(StepName.INVITE, {})
    return invite.get("invite") == InviteChoice.NOW and invite.get("existing") == ExistingUser.THEY_INVITE_US


STEPS: tuple[Step, ...] = (
    Step(StepName.CLIENT_TYPE, ClientTypeForm, lambda facts, _: facts.region is Region.UNITED_KINGDOM),
    Step(StepName.SOLUTIONS, SolutionsForm, lambda facts, _: facts.has_dhi),
    Step(StepName.SOFTWARE, SoftwareForm),
    Step(StepName.DETAILS, DetailsForm),
    Step(StepName.ACCESS, AccessForm, lambda facts, _: facts.has_colleagues or facts.has_teams),
    Step(StepName.INVITE, InviteForm),
    Step(StepName.REVIEW, ReviewForm, lambda _, answers: not _they_invite_us(answers)),
    Step(StepName.ASK, ReviewForm, lambda _, answers: _they_invite_us(answers)),
)


def applying(facts: Facts, answers: Answers) -> list[Step]:
    return [step for step in STEPS if step.applies(facts, answers)]


def read(form: type[FormT], raw: Raw, region: Region | None = None) -> FormT:
    """Raises InvalidError with a text for each field to blame. `region` is that of an InviteForm's mobile."""
    try:
        return form.model_validate(dict(raw), context=region)
    except FieldProblems as problems:
        raise InvalidError(problems.fields) from None
    except ValidationError as invalid:
        raise InvalidError({str(e["loc"][0]): _words(e["type"], e["msg"]) for e in invalid.errors()}) from None


def _words(kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return "Choose one." if kind in {"enum", "missing"} else "This can't be used here. Choose again."
