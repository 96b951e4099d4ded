"""Leaving, handing over, and giving many clients at once, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import Provider, Role
from modals.blocks import Message, View
from modals.people import giving, handover
from modals.people.metadata import ColleagueMetadata, PeoplePlace, TeamMetadata
from services.add_client.steps import NAME_LENGTH
from services.clients.search import QUERY_LENGTH
from services.colleagues.access import LISTED, Giving, GivingForm, GivingReport, Grantee
from services.colleagues.choosing import PASTED_LENGTH, Skip
from services.colleagues.handing_over import HandedOver, Part, Step
from services.colleagues.holdings import NAMED, HeldConnections, Holdings, Some
from services.colleagues.leaving import HandOverCard, Leaver

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH * 3)
QUERY = '"\\<!channel>' + "ü" * (QUERY_LENGTH - 12)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SOME = Some(names=(LONG,) * NAMED, more=99_999)
ONE = Some(names=("Acme",))
HELD = Holdings(
    connections=tuple(HeldConnections(provider=each, sign_ins=99_999, clients=SOME) for each in Provider),
    granted=SOME,
    only_they=SOME,
    managed=SOME,
    invitations=SOME,
    alone_in=SOME,
)
SAGE_ONLY = Holdings(connections=(HeldConnections(provider=Provider.SAGE, sign_ins=1, clients=ONE),))
LEAVER = Leaver(
    colleague_id=uuid.uuid4(),
    name=LONG,
    slack_user_id="U_SAM",
    role=Role.PRACTICE_ADMIN,
    is_self=False,
    holdings=HELD,
)
EMPTY = replace(LEAVER, holdings=Holdings())
REMOVED = Step(by=LONG, to=None, at=NOW)
HANDED_OVER = Step(by=LONG, to=LONG, at=NOW)
CARD = HandOverCard(practice_id=uuid.uuid4(), reader="U_ADA", leaver=LEAVER, left=REMOVED, handed_over=HANDED_OVER)
PLACE = ColleagueMetadata.of_colleague(LEAVER.colleague_id, PeoplePlace(query=QUERY, page=99_999, left=True))
SAM, TAX = Grantee(LEAVER.colleague_id), Grantee(uuid.uuid4(), is_team=True)
TEAM_PLACE = TeamMetadata(team=TAX.id, page=9)
FORM = GivingForm(grantee=SAM, name=LONG, sees_all=True, offered=tuple(Giving))
LINES = ("ü",) * (PASTED_LENGTH // 2)
CHOSEN = (LONG,) * LISTED
FULL = GivingReport(
    grantee=SAM,
    name=LONG,
    giving=Giving.MANAGER,
    done=CHOSEN,
    skipped={Skip.UNKNOWN: LINES} | {why: CHOSEN[:10] for why in Skip if why is not Skip.UNKNOWN},
)
MOVED = HandedOver(
    leaver=LONG,
    receiver=LONG,
    moved=dict.fromkeys(Part, SOME),
    skipped=dict.fromkeys(Skip, (LONG,) * 10000),
    earlier=HANDED_OVER,
)

VIEWS: dict[str, View] = {
    "remove a colleague": handover.confirm(LEAVER, PLACE),
    "remove oneself": handover.confirm(replace(EMPTY, is_self=True), PLACE),
    "removed": handover.removed(LEAVER, PLACE),
    "removed, nothing held": handover.removed(EMPTY, PLACE),
    "removed oneself": handover.removed(replace(LEAVER, is_self=True), PLACE),
    "hand over": handover.hand_over(LEAVER, HANDED_OVER),
    "hand over, teams only": handover.hand_over(replace(LEAVER, holdings=Holdings(alone_in=ONE)), None),
    "hand over, access only": handover.hand_over(replace(LEAVER, holdings=Holdings(granted=ONE, only_they=ONE)), None),
    "hand over, connections only": handover.hand_over(replace(LEAVER, holdings=SAGE_ONLY), None),
    "hand over, nothing left": handover.hand_over(EMPTY, HANDED_OVER),
    "handed over": handover.handed_over(MOVED),
    "handed over, had it already": handover.handed_over(replace(MOVED, moved={}, skipped={Skip.SEES_ALL: CHOSEN})),
    "handed over, not possible": handover.handed_over(replace(MOVED, moved={}, skipped={Skip.CANT_OPEN: CHOSEN})),
    "handed over before": handover.handed_over(replace(MOVED, moved={}, skipped={})),
    "handed over, nothing there": handover.handed_over(replace(MOVED, moved={}, skipped={}, earlier=None)),
    "give clients": giving.page(FORM, PLACE),
    "give clients to a team": giving.page(
        replace(FORM, grantee=TAX, sees_all=False, offered=(Giving.ACCESS, Giving.TAKE_BACK)), TEAM_PLACE
    ),
    "give clients, not needed": giving.page(replace(FORM, offered=()), PLACE),
    "clients given": giving.report(FULL, PLACE),
    "clients given to a team": giving.report(replace(FULL, grantee=TAX, giving=Giving.ACCESS), TEAM_PLACE),
    "clients taken back": giving.report(replace(FULL, giving=Giving.TAKE_BACK, skipped={}), PLACE),
    "nothing given": giving.report(replace(FULL, done=()), PLACE),
    "a thousand clients given": giving.report(replace(FULL, done=(LONG,) * 1_000), PLACE),
}
MESSAGES: dict[str, Message] = {
    "colleague left": handover.card(CARD),
    "colleague left, deactivated": handover.card(replace(CARD, left=replace(REMOVED, by=None), handed_over=None)),
    "colleague left, Sage only": handover.card(replace(CARD, leaver=replace(LEAVER, holdings=SAGE_ONLY))),
    "colleague left, handed over": handover.card(replace(CARD, leaver=EMPTY)),
    "colleague left, nothing held": handover.card(replace(CARD, leaver=EMPTY, handed_over=None)),
}
