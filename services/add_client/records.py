"""What the wizard shows, as values."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from db.models import ClientKind, InvitationStatus, Provider, Software, Solutions, TaxCategories
from services.accounting.connections import DraftConnection, OfferedOrganisation
from services.add_client.steps import Answers, ExistingUser, Facts, InviteChoice, StepName
from services.clients.extract import ExtractAddress
from services.forms import Raw
from services.permissions.records import Asked
from services.practice import Bundle
from services.solo.forms import NumbersForm, SourceForm
from services.solo.mandate import Mandate
from services.solo.records import SoloCard, SourcePage
from services.solo.sealing import KeptNumber


@dataclass(frozen=True, slots=True)
class Choosable:
    """A colleague or team that can be chosen at the access step."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenAccess:
    """Who is to have access besides the admins."""

    colleagues: tuple[Choosable, ...]
    teams: tuple[Choosable, ...]
    account_manager: Choosable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChoices:
    """`colleagues` and `managers` hold at most a hundred; beyond that the form searches."""

    colleagues: tuple[Choosable, ...]
    teams: tuple[Choosable, ...]
    managers: tuple[Choosable, ...]
    too_many: bool
    chosen: ChosenAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """An existing client that the typed name or code equals or nearly equals."""

    name: str
    practice_code: str | None
    deactivated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloReview:
    """What a self-employed client has beside a business. `mandate` is None while the income is not known."""

    numbers: NumbersForm = field(repr=False)
    mandate: Mandate | None
    sources: tuple[SourceForm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`contact_mobile` is in E.164. `solo` is None for a business."""

    name: str
    practice_code: str | None
    industry: str | None
    solutions: Solutions
    software: Software
    organisation: str | None
    tax_categories: TaxCategories | None
    access: ChosenAccess
    invite: InviteChoice
    contact_name: str | None
    contact_email: str | None
    existing: ExistingUser | None
    contact_mobile: str | None = None
    solo: SoloReview | None = None

    @property
    def kind(self) -> ClientKind:
        return ClientKind.BUSINESS if self.solo is None else ClientKind.SOLO


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """The software step while it waits for a consent, or for a choice between the `organisations` that one gave.

    `start_url` leads to the provider. `problem` says what is in the way.
    """

    provider: Provider
    start_url: str
    organisations: tuple[OfferedOrganisation, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSource:
    """An income source of the draft."""

    id: uuid.UUID
    source: SourceForm


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloDraft:
    """What the draft holds of a self-employed client. `changing` names the numbers of which a new one is asked for;
    `mandate` is None while no income can be read. `editing` is the form for one source, in place of the list."""

    nino: KeptNumber | None
    utr: KeptNumber | None
    changing: tuple[str, ...]
    mandate: Mandate | None
    sources: tuple[DraftSource, ...]
    editing: SourcePage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WizardPage:
    """One page of the wizard.

    `steps` are those that apply; `number` counts from 1. `twins` and `email_taken` are the warnings that bring a person
    back to the same page; `changed` says that the page is not what the person saw before. A page that is shown for
    `changing` it leads back to the review. `connection` is what Create will connect the client to. `solo` is None for a
    business.
    """

    draft_id: uuid.UUID
    revision: int
    step: StepName
    number: int
    steps: tuple[StepName, ...]
    raw: Raw
    answers: Answers = field(default_factory=dict)
    facts: Facts
    practice_name: str
    practice_address: str
    account_url: str | None
    twins: tuple[Twin, ...] = ()
    email_taken: bool = False
    changed: bool = False
    changing: bool = False
    connecting: Connecting | None = None
    connection: DraftConnection | None = None
    access: AccessChoices | None = None
    review: Review | None = None
    solo: SoloDraft | None = None

    @property
    def total(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Where a consent leaves the wizard: `page` is for the window `view_id`, if there are both."""

    practice_id: uuid.UUID
    colleague_id: uuid.UUID
    draft_id: uuid.UUID
    view_id: str | None
    page: WizardPage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotice:
    """For the message that leads back to the wizard. `organisation` is None while there is one to choose."""

    practice_id: uuid.UUID
    slack_user_id: str
    draft_id: uuid.UUID
    provider: Provider
    organisation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOffer:
    """There is an open draft: go on with it, or start over."""

    draft_id: uuid.UUID
    client_name: str | None
    number: int
    total: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFull:
    """`admins` are the Slack ids of the Practice Admins; `may_raise` says whether the person asking is one, and
    `asked` is their request to one of these while it is pending."""

    bundle: Bundle
    may_raise: bool
    billing_url: str | None
    admins: tuple[str, ...]
    asked: Asked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionMissing:
    """`admins` are the Slack ids of those who can give it; `asked` is a request for it while it is pending."""

    admins: tuple[str, ...]
    asked: Asked | None = None


Opening = WizardPage | ResumeOffer | BundleFull | PermissionMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedClient:
    """`invitation` is None when nobody was invited for this account, `invited_mobile` where no text message goes;
    `contact_signs_in`: the contact has a login. `solo` is None for a business."""

    practice_id: uuid.UUID
    client_id: uuid.UUID
    name: str
    practice_code: str | None
    extract: ExtractAddress
    solutions: Solutions
    software: Software
    organisation: str | None
    tax_categories: TaxCategories | None
    contact_name: str | None
    contact_email: str | None
    invitation: InvitationStatus | None
    invited_mobile: str | None
    contact_signs_in: bool
    bundle: Bundle
    created_by: str
    solo: SoloCard | None = None
