"""The views of settings, with the longest content that they can get."""

from dataclasses import replace

from db.models import PartnerProgramme, Plan, Provider, Region
from modals.blocks import Message, View
from modals.settings import forms, overview
from services.invitations.reminder_settings import ReminderSettings, ShownSettings
from services.people import Categorisation, ClientDefaults
from services.practice_settings import (
    HOLDERS_SHOWN,
    Area,
    Details,
    Holder,
    Integration,
    PracticeSettings,
    Subscription,
)

LONG = "<!channel> & *_~" + "W" * 84
MANY = tuple(f"U{number:010}" for number in range(300))
USED = tuple(
    Integration(
        provider=each,
        configured=True,
        sign_ins=4_000,
        holders=(Holder(name="<!channel> & *_~" + "W" * 500, connections=10_000, ended=True),) * HOLDERS_SHOWN,
        more=3_990,
        connections=100_000,
        broken=99_999,
    )
    for each in Provider
)
ADMIN = PracticeSettings(
    details=Details(name=LONG, region=Region.UNITED_KINGDOM, partner_programme=PartnerProgramme.ACCOUNTANT),
    address="a" * 48,
    subscription=Subscription(plan=Plan.ADVANCED, bundle=100_000, has_dhi=True),
    used=99_999,
    teams=10_000,
    managed=99_999,
    billing_url=None,
    client_defaults=ClientDefaults(categorisation=Categorisation.BY_RULES, due_date_days=365),
    reminders=ShownSettings(
        practice=ReminderSettings(reminds=True, days=(6, 5, 4, 3, 2, 1, 0), hour=23, nudges_clients=True),
        mine=True,
        may_change=True,
    ),
    approvals_channel="C" + "0" * 20,
    integrations=USED,
    may=frozenset(Area),
    may_see_audit=True,
    may_see_insights=True,
    practice_admins=MANY,
    admins=MANY,
)
STANDARD = replace(
    ADMIN,
    reminders=ShownSettings(
        practice=ReminderSettings(reminds=False, days=(), hour=0, nudges_clients=False), mine=False, may_change=False
    ),
    client_defaults=ClientDefaults(due_date_days=0),
    approvals_channel=None,
    integrations=(
        Integration(provider=Provider.XERO, configured=True),
        Integration(provider=Provider.SAGE, configured=False),
    ),
    may=frozenset(),
    may_see_audit=False,
    may_see_insights=False,
)
BILLED = replace(ADMIN, billing_url="https://billing.example/" + "x" * 2_900, may=frozenset(Area) - {Area.SUBSCRIPTION})

VIEWS: dict[str, View] = {
    "settings": overview.page(ADMIN),
    "settings, saved": overview.page(ADMIN, saved=True),
    "settings, read only": overview.page(STANDARD),
    "settings, nobody to ask": overview.page(replace(STANDARD, practice_admins=(), admins=())),
    "settings, billing elsewhere": overview.page(BILLED),
    "settings, practice": forms.page(Area.DETAILS, ADMIN),
    "settings, subscription": forms.page(Area.SUBSCRIPTION, ADMIN),
    "settings, subscription without teams": forms.page(Area.SUBSCRIPTION, replace(ADMIN, teams=0, managed=0)),
    "settings, client defaults": forms.page(Area.CLIENT_DEFAULTS, ADMIN),
    "settings, approvals": forms.page(Area.APPROVALS, ADMIN),
    "settings, approvals by message": forms.page(Area.APPROVALS, STANDARD),
    "settings, channel refused": forms.approvals("C1", problem=forms.refused("restricted_action" * 20)),
    "settings, trying a channel": forms.trying("x" * 32),
}
MESSAGES: dict[str, Message] = {"approvals arrive here": forms.first_message()}
