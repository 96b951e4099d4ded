"""The views and messages of self-employed clients, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

from db.models import AccountingMethod, BusinessType, PeriodType
from modals.blocks import Message, View
from modals.clients import card as client_card
from modals.clients.metadata import ClientMetadata
from modals.solo import card, digest
from services.add_client.records import DraftSource, SoloDraft, SoloReview
from services.solo.deadlines import SHOWN, DeadlineDigest, DueClient, DueDay
from services.solo.forms import MOST_SOURCES, SOURCE_NAME_LENGTH, NumbersForm, SourceForm
from services.solo.mandate import judge
from services.solo.periods import TaxYear, quarters
from services.solo.records import NumbersPage, SoloCard, SourceLine, SourcePage
from services.solo.sealing import KeptNumber
from tests.modals import client_views

LONG = "<!channel> & *_~" + "W" * (SOURCE_NAME_LENGTH - 16)
QUARTER = quarters(TaxYear(2026), PeriodType.CALENDAR)[2]
MANDATE = judge(Decimal("9999999999.99"), has_nino=True, of=TaxYear(2030))
AT = ClientMetadata(client=uuid.uuid4(), query="ü" * 100, page=10**6)
SOURCE = SourceForm(
    name=LONG,
    business_type=BusinessType.UK_PROPERTY,
    accounting_method=AccountingMethod.ACCRUALS,
    period_type=PeriodType.CALENDAR,
    active=False,
)
TYPED = {**SOURCE.model_dump(mode="json"), "name": "&" * 3000}  # typed, and kept by Back without a check
PAGE = SourcePage(source_id=uuid.uuid4(), raw=TYPED, is_new=True, client_id=AT.client, client_name=LONG)
WARNED = replace(PAGE, second_property=True)
LATE = replace(PAGE, is_new=False, fixed_type=BusinessType.UK_PROPERTY, late_change=QUARTER)
SOURCES = tuple(DraftSource(id=uuid.uuid4(), source=SOURCE.model_copy(update={"active": n > 0})) for n in range(20))
KEPT = KeptNumber("•• •• •• 56 C")
DRAFT = SoloDraft(
    nino=KEPT, utr=KeptNumber(None, "&" * 3000), changing=("nino", "utr"), mandate=MANDATE, sources=SOURCES
)
NUMBERS = NumbersForm(
    nino="AB123456C", utr="1955839661", postcode="SW1A 1AA", qualifying_income=Decimal("9999999999.99")
)
REVIEW = SoloReview(numbers=NUMBERS, mandate=MANDATE, sources=tuple(each.source for each in SOURCES))
LINE = SourceLine(
    source_id=uuid.uuid4(),
    name=LONG,
    business_type=BusinessType.SELF_EMPLOYMENT,
    accounting_method=AccountingMethod.ACCRUALS,
    period_type=PeriodType.STANDARD,
    active=True,
    next=QUARTER,
)
CARD = SoloCard(
    nino="•• •• •• 56 C",
    utr="••••• ••661",
    postcode="SW1A 1AA",
    qualifying_income=Decimal("9999999999.99"),
    mandate=MANDATE,
    sources=(LINE,) * MOST_SOURCES,
)
BARE = SoloCard(
    nino=None,
    utr=None,
    postcode=None,
    qualifying_income=None,
    mandate=None,
    sources=(replace(LINE, active=False, next=None), replace(LINE, next=None)),
)
FORM = NumbersPage(
    client_id=AT.client,
    client_name=LONG,
    raw={"postcode": "&" * 3000, "qualifying_income": "&" * 3000},
    nino=KEPT,
    utr=KEPT,
    mandate=MANDATE,
)
CLIENTS = tuple(DueClient(uuid.uuid4(), LONG, (LONG,) * MOST_SOURCES) for _ in range(SHOWN))
DIGEST = DeadlineDigest(
    practice_id=uuid.uuid4(),
    slack_user_id="U0123456789",
    days=tuple(DueDay(date(2026, 11, number + 1), (each,)) for number, each in enumerate(CLIENTS)),
    clients=99_999,
    more=99_979,
    overdue=False,
)

VIEWS: dict[str, View] = {
    "solo card": client_card.card(replace(client_views.CARD, solo=CARD), AT),
    "solo card, little known": client_card.card(replace(client_views.CARD, solo=BARE), AT),
    "solo card, deactivated": client_card.card(
        replace(client_views.CARD, solo=CARD, deactivated_at=client_views.NOW), AT
    ),
    "solo details": card.numbers(FORM, AT),
    "solo details, changing": card.numbers(replace(FORM, changing=("nino", "utr")), AT),
    "solo details, none yet": card.numbers(replace(FORM, raw={}, nino=None, utr=None, mandate=None), AT),
    "solo source, new": card.source(WARNED, AT),
    "solo source": card.source(LATE, AT),
}
MESSAGES: dict[str, Message] = {
    "solo deadlines": digest.digest(DIGEST),
    "solo deadlines, one": digest.digest(
        replace(DIGEST, days=(DueDay(date(2026, 11, 7), CLIENTS[:1]),), clients=1, more=0, overdue=True)
    ),
}
