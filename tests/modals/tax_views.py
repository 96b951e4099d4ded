"""The views and messages of costs and sales, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

from db.models import TaxCategories
from modals.blocks import Message, View
from modals.clients import card as client_card
from modals.clients.metadata import ClientMetadata
from modals.tax import card, uploading
from services.tax.amounts import LARGEST
from services.tax.categories import CATEGORIES
from services.tax.items import LONGEST_DESCRIPTION, Item
from services.tax.reading import MOST_ROWS, Problem
from services.tax.records import TaxCard, TaxClient, TaxFile, Upload, YearPage, YearTotals
from services.tax.summary import summary
from tests.modals import client_views

LONG = "<!channel> & *_~" + "W" * 239
AT = ClientMetadata(client=uuid.uuid4(), query="ü" * 100, page=10**6)
US = TaxClient(AT.client, LONG, TaxCategories.SCHEDULE_C, is_active=True)
CANADA = replace(US, listed=TaxCategories.T2125)
ITEMS = {
    client.listed: tuple(
        Item(date(2026, 12, 31), LONG[:1] * LONGEST_DESCRIPTION, each, -LARGEST) for each in CATEGORIES[client.listed]
    )
    for client in (US, CANADA)
}
YEARS = tuple((year, 100_000) for year in range(2199, 2149, -1))
PAGES = {
    client.listed: YearPage(client, YEARS, summary(ITEMS[client.listed], client.listed, 2026))
    for client in (US, CANADA)
}
NOTHING = YearPage(US, (), summary((), US.listed, 2026))
UPLOAD = Upload(
    client=US,
    items=ITEMS[US.listed],
    known=MOST_ROWS,
    problems=tuple(Problem(number, "Description", "&" * 500) for number in range(MOST_ROWS)),
    digest="0" * 32,
)
FILE = TaxFile(client_name=LONG, listed=US.listed, year=2026, file_name="x.csv", title=LONG, content=b"")
TOTALS = YearTotals(2026, 100_000, -LARGEST * 100_000, LARGEST * 100_000)
CARD = TaxCard(TaxCategories.SCHEDULE_C, TOTALS, TOTALS)

VIEWS: dict[str, View] = {
    "tax card": client_card.card(replace(client_views.CARD, tax=CARD), AT),
    "tax card, no items": client_card.card(
        replace(
            client_views.CARD,
            tax=replace(CARD, current=YearTotals(2026, 0, Decimal(0), Decimal(0)), before=None),
        ),
        AT,
    ),
    "tax card, deactivated": client_card.card(
        replace(client_views.CARD, tax=CARD, deactivated_at=client_views.NOW), AT
    ),
    "tax categories": card.categories(US, AT),
    "tax categories, Canada": card.categories(CANADA, AT),
    "tax upload": uploading.form(US, AT),
    "tax upload, template sent": uploading.form(US, AT, note=uploading.TEMPLATE_SENT),
    "tax upload, checked": uploading.preview(UPLOAD, AT, file="F" * 11, file_name=LONG),
    "tax upload, pasted": uploading.preview(UPLOAD, AT, typed="&" * 3000),
    "tax upload, nothing to add": uploading.preview(replace(UPLOAD, items=()), AT, file="F" * 11, file_name=LONG),
    "tax upload, nothing to add of what was pasted": uploading.preview(replace(UPLOAD, items=()), AT, typed="x"),
    "tax upload, added": uploading.added(UPLOAD, AT),
    "tax upload, nothing added": uploading.added(replace(UPLOAD, items=(), problems=()), AT),
    "tax summary": card.year(PAGES[US.listed], AT, note="&" * 100),
    "tax summary, Canada": card.year(PAGES[CANADA.listed], AT),
    "tax summary, no items": card.year(NOTHING, AT),
    "tax summary, deactivated": card.year(
        replace(PAGES[US.listed], client=replace(US, is_active=False), years=YEARS[:1]), AT
    ),
}
MESSAGES: dict[str, Message] = {
    "tax summary sent": card.sent(FILE),
    "tax template sent": card.template_sent(replace(FILE, year=None)),
}
