"""Two practices that look alike from outside, the app before them, and what their people do."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import product

from slack_bolt import BoltRequest

from bot import app
from bot.errors import ErrorMapper
from bot.identity import Identity
from bot.messenger import SlackMessenger
from bot.worker import LaneSettings, Worker
from db.models import Authorisation, Lane, PermissionKind, Plan, Provider
from db.session import Database
from services.actor import Actor
from services.add_client.records import CreatedClient
from services.audit.finding import AuditWish
from services.client_sync.records import Goal
from services.colleagues.access import Giving, Grantee
from services.colleagues.choosing import Chosen
from services.errors import ServiceError
from services.insights import PICTURE
from services.invitations.listing import InvitationWish
from services.permissions.records import Wish
from services.practice_settings import Area
from tests.builders import KEYS, Office, joined, office, profile, to_review
from tests.fakes import Clock
from tests.services.client_sync.provider import FakeXero
from tests.tenants.doubles import Later, Post, services_with
from tests.tenants.slack import CHANNEL, TOKEN, Json, MemorySlack, Screen, elements, is_form

TEAMS = ("T_BIRCH", "T_CEDAR")
USERS = ("U_ADA", "U_CLEM", "U_SAM", "U_JO")
MARKERS = {"T_BIRCH": "Quince", "T_CEDAR": "Rowan"}
"""In all that differs between them: notes, addresses, some names. All else is the same."""
COMMANDS = (
    ("/clients", "list"),
    ("/clients", "find acme"),
    ("/clients", "team"),
    ("/clients", "settings"),
    ("/clients", "audit"),
    ("/clients", "insights"),
    ("/clients", "requests"),
    ("/clients", "invitations"),
    ("/add-client", ""),
    ("/client-sync", ""),
)


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Town:
    """Two workspaces with the same Slack ids, names, codes and channels, and the app before them."""

    EXPORTS = (3, 4)
    """The numbers of `change` that have a file sent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.slack, self.post, self.xero = MemorySlack(), Post(), FakeXero()
        self.services = services_with(database, self.post, self.xero)
        self.errors = ErrorMapper()
        self._after = Later()
        identity = Identity(self.services.people, self.services.workspaces, self.slack, self.errors, single_token=None)
        self._bolt = app.build(app.routes(), self.services, identity, self._after, self.slack, self.errors)
        messenger = SlackMessenger(self.services, self.slack, single_token=None)
        kinds = [
            *(kind for kind in messenger.kinds() if kind.name != PICTURE),  # figures only, and drawn slowly
            *self.services.invitations.kinds(),
            *self.services.nudges.kinds(),
            *self.services.bulk_inviting.kinds(),
            *self.services.upkeep.kinds(),
            *self.services.information.kinds(),
            *self.services.client_sync.runner.kinds(),
        ]
        self.known: dict[str, set[str]] = {team: set() for team in TEAMS}
        for team, user in product(TEAMS, USERS):
            self.slack.screens[team, user] = Screen()
        self.practices: dict[str, uuid.UUID] = {}
        self._worker = Worker(database, kinds, {lane: LaneSettings(threads=1) for lane in Lane})

    def close(self) -> None:
        self._after.close()

    def actor(self, team: str, user: str) -> Actor:
        standing = self.services.people.find(team, user)
        assert standing is not None
        return standing.actor

    def command(self, team: str, user: str, number: int) -> None:
        command, text = COMMANDS[number % len(COMMANDS)]
        self._send(
            team,
            user,
            {
                "command": command,
                "text": text,
                "user_id": user,
                "team_id": team,
                "channel_id": CHANNEL,
                "trigger_id": f"{team}/{user}",
                "response_url": f"https://answers.example/{team}/{user}",
            },
        )

    def open_home(self, team: str, user: str, _: int) -> None:
        event = {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}
        self._send(team, user, {"type": "event_callback", "team_id": team, "event": event, "authorizations": []})

    def press(self, team: str, user: str, number: int) -> None:
        """One of what the person has before them."""
        self._press_one(team, user, self._before(team, user), number)

    def press_theirs(self, team: str, user: str, number: int) -> None:
        """One of what their namesake in the other workspace has: a forged request."""
        self._press_one(
            team, user, [self.forged(team, user, each) for each in self._before(_other(team), user)], number
        )

    def submit(self, team: str, user: str, number: int) -> None:
        """The form on top. Without an answer, Slack closes it."""
        windows = self.slack.screens[team, user].windows
        if windows and is_form(view := windows[-1]) and not self.submit_form(team, user, view, number):
            windows[:] = [each for each in windows if each is not view]

    def submit_theirs(self, team: str, user: str, number: int) -> None:
        windows = self.slack.screens[_other(team), user].windows
        if windows and is_form(windows[-1]):
            self.submit_form(team, user, self.forged(team, user, windows[-1]), number)

    def press_element(self, team: str, user: str, surface: Json, block: Json, element: Json, number: int) -> None:
        action = {
            **self._filled(team, user, surface, element, number),
            "action_id": element["action_id"],
            "block_id": block.get("block_id", "b"),
            "action_ts": "1.1",
        }
        at = {"view": surface} if "id" in surface else {"message": surface}
        place = {"channel_id": user, "message_ts": surface.get("ts", "")}
        self._interact(team, user, {"type": "block_actions", "actions": [action], "container": place, **at})

    def submit_form(self, team: str, user: str, view: Json, number: int) -> str:
        """Filled in with what is there already, the names that both have, and a word of one's own. Gives the answer."""
        values: Json = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                filled = self._filled(team, user, view, element, number)
                values[block["block_id"]] = {element["action_id"]: filled}
        body = {"type": "view_submission", "view": {**view, "state": {"values": values}}, "response_urls": []}
        return self._interact(team, user, body)

    def walk(self, team: str, user: str) -> Iterator[Json]:
        """Every kind of page, form and message that the person can come to by pressing whatever there is. What it has
        to offer is pressed once the caller has had it."""
        waiting, known, pressed = list[Json](), set[object](), set[object]()
        for number in range(len(COMMANDS)):
            self.command(team, user, number)
            waiting += self._before(team, user)
        self.open_home(team, user, 0)
        waiting += self._before(team, user)
        while waiting:
            surface = waiting.pop(0)
            kind = (surface.get("callback_id"), *sorted(each["action_id"] for _, each in elements(surface)))
            if kind in known:
                continue
            known.add(kind)
            yield surface
            windows = self.slack.screens[team, user].windows
            for block, element in elements(surface):
                if (kind[0], element["action_id"]) in pressed:
                    continue
                pressed.add((kind[0], element["action_id"]))
                windows[:] = [surface] if surface.get("type") == "modal" else []
                self.press_element(team, user, surface, block, element, 0)
                waiting += self._before(team, user)
            if is_form(surface):
                windows[:] = [surface]
                self.submit_form(team, user, surface, 0)
                waiting += self._before(team, user)
            if not waiting:  # what was done may have been told by now
                self.work(team, user, 0)
                waiting += self._before(team, user)

    def _before(self, team: str, user: str) -> list[Json]:
        screen = self.slack.screens[team, user]
        return [*screen.windows[-1:], *([screen.home] if screen.home else ()), *screen.messages[-3:]]

    def _press_one(self, team: str, user: str, surfaces: list[Json], number: int) -> None:
        found = [(surface, *each) for surface in surfaces for each in elements(surface)]
        if found:
            self.press_element(team, user, *found[number % len(found)], number)

    def forged(self, team: str, user: str, surface: Json) -> Json:
        """What the namesake has before them, as the person would make it up in a window of their own, had they got
        hold of its ids, but not of what it says."""
        text = json.dumps(surface)
        for marker in (MARKERS[_other(team)], MARKERS[_other(team)].lower()):
            text = text.replace(marker, "Forged")
        self.known[team] |= set(UUID.findall(text))
        forged: Json = json.loads(text)
        if forged.get("type") == "modal":
            self.slack.screens[team, user].windows[:] = [forged]
        return forged

    def _filled(self, team: str, user: str, surface: Json, element: Json, number: int) -> Json:
        """The state of an element in which something was chosen or typed."""
        kind = element["type"]
        options = element.get("options") or [
            option for group in element.get("option_groups", ()) for option in group["options"]
        ]
        if kind.endswith("external_select"):
            options = self._offered(team, user, surface, element)
        choice = options[number % len(options)] if options else None
        match kind:
            case "button":
                return {"type": kind, "value": element.get("value")}
            case "static_select" | "external_select" | "radio_buttons" | "overflow":
                return {"type": kind, "selected_option": element.get("initial_option") or choice}
            case "multi_static_select" | "multi_external_select" | "checkboxes":
                chosen = element.get("initial_options") or ([choice] if choice else [])
                return {"type": kind, "selected_options": chosen}
            case "users_select":
                return {"type": kind, "selected_user": USERS[number % 4]}
            case "multi_users_select":
                return {"type": kind, "selected_users": [USERS[number % 4], "U_NEW"]}
            case "conversations_select" | "channels_select":
                return {"type": kind, f"selected_{kind.split('s_')[0]}": CHANNEL}
            case "datepicker":
                return {"type": kind, "selected_date": element.get("initial_date")}
            case "email_text_input":
                return {"type": kind, "value": f"new@{MARKERS[team].lower()}.example"}
            case "number_input":
                return {"type": kind, "value": element.get("initial_value") or "60"}
            case _:
                typed = ("Acme Ltd", f"{MARKERS[team]} {number}")[number % 2]
                return {"type": kind, "value": element.get("initial_value") or typed}

    def _offered(self, team: str, user: str, surface: Json, element: Json) -> list[Json]:
        block = next(
            (
                each.get("block_id", "b")
                for each in surface.get("blocks", ())
                if element in (each.get("element"), each.get("accessory"), *each.get("elements", ()))
            ),
            "b",
        )
        answer = self._interact(
            team,
            user,
            {
                "type": "block_suggestion",
                "action_id": element["action_id"],
                "block_id": block,
                "value": "",
                "view": surface,
                "container": {"type": "view"},
            },
        )
        found = json.loads(answer) if answer else {}
        grouped = (each for group in found.get("option_groups", ()) for each in group["options"])
        return [*found.get("options", ()), *grouped]

    def _interact(self, team: str, user: str, body: Json) -> str:
        return self._send(
            team,
            user,
            {
                "team": {"id": team, "domain": "birch"},
                "user": {"id": user, "team_id": team},
                "trigger_id": f"{team}/{user}",
                "response_url": f"https://answers.example/{team}/{user}",
                **body,
            },
        )

    def _send(self, team: str, user: str, body: Json) -> str:
        answer = self._bolt.dispatch(BoltRequest(body=body, mode="socket_mode"))
        self.slack.answered(team, user, answer.body or "")
        self._after.run()
        return answer.body or ""

    def change(self, team: str, user: str, number: int) -> None:
        """Something that the practice does, past Slack. What is refused changes nothing."""
        actor, services, marker = self.actor(team, user), self.services, MARKERS[team]
        does: tuple[Callable[[], object], ...] = (
            lambda: self.add_client(team, user, ("Acme Ltd", f"Corner {marker}")[number % 2]),
            lambda: services.permissions.request(actor, _wish(marker, number)),
            lambda: self._decide(team, approve=number % 3 > 0),
            lambda: services.audit_exports.request(actor, AuditWish()),
            lambda: services.exports.request(actor, self._client(team, user)),
            lambda: services.bulk_inviting.start(actor, InvitationWish()),
            lambda: services.teams.create(actor, f"Team {marker} {number}", [actor.colleague_id]),
            lambda: services.access.change(
                actor, Grantee(self.actor(team, "U_SAM").colleague_id), Giving.ACCESS, Chosen(pasted="A1")
            ),
            lambda: services.practice_settings.change_approvals_channel(actor, CHANNEL if number % 2 else None),
            lambda: services.client_sync.start(actor, self._listed(actor)),
            lambda: services.client_sync.reconnect_all(actor),
            lambda: services.practice_settings.shown(actor, to_change=Area.DETAILS),
        )
        with suppress(ServiceError):
            does[number % len(does)]()

    def work(self, _team: str, _user: str, number: int) -> None:
        """Some time passes, and what is due is done."""
        self.clock.advance(timedelta(hours=(0, 1, 24)[number % 3]))
        services = self.services
        for look in (services.reminders.sweep, services.invitations.expire, services.permission_ending.sweep):
            look()
        services.home.look()
        self._worker.run_due()

    def found(self, team: str) -> None:
        """Founds the practice, with what the other one has, too, and what differs."""
        marker, services = MARKERS[team], self.services
        services.workspaces.installed(
            team,
            "Birch & Co",
            bot_token=f"{TOKEN}{team}",
            bot_user_id="U_BOT",
            scopes="chat:write",
            installer=profile("U_ADA", "Ada Marsh", owner=True),
        )
        made = office(self.database, slack_key=team, plan=Plan.ADVANCED, teams=("Payroll", f"Team {marker}"))
        joined(self.database, made.teams["Payroll"], made.sam)
        sign_in = self._sign_in(made, "Acme Ltd", "Shared Foods", f"Orchard {marker}")
        acme = self.add_client(team, "U_ADA", "Acme Ltd", practice_code="A1")
        self.add_client(team, "U_JO", f"Bolt {marker}", practice_code="B2", industry="Retail and e-commerce")
        services.connections.choose_for_client(made.ada, acme, sign_in, "Acme Ltd-id")
        services.connections.refresh(made.ada, acme)
        services.access.change(
            made.ada, Grantee(made.sam.colleague_id), Giving.ACCESS, Chosen(clients=(acme,), pasted=f"Bolt {marker}")
        )
        services.permissions.request(made.sam, _wish(marker, 0))
        page = services.add_client.start_over(made.clem)
        services.add_client.keep(made.clem, page.draft_id, page.step, {"name": f"Draft {marker}"})
        self.practices[team] = made.practice_id

    def add_client(self, team: str, user: str, name: str, **details: str) -> uuid.UUID:
        marker, wizard, actor = MARKERS[team], self.services.add_client, self.actor(team, user)
        contact = {
            "invite": "now",
            "contact_name": f"Pat {marker}",
            "contact_email": f"{uuid.uuid4().hex[:6]}@{marker.lower()}.example",
        }
        page = to_review(wizard, actor, details={"name": name, **details}, invite=contact)
        client = wizard.create(actor, page.draft_id, revision=page.revision)
        assert isinstance(client, CreatedClient)
        return client.client_id

    def _sign_in(self, made: Office, *organisations: str) -> uuid.UUID:
        """Both practices have some of these, as they may."""
        user, now = str(made.ada.colleague_id), self.database.now()
        self.xero.give(user, *organisations)
        with self.database.begin() as session:
            row = Authorisation(
                practice_id=made.practice_id,
                colleague_id=made.ada.colleague_id,
                provider=Provider.XERO,
                provider_user_id=user,
                access_token=KEYS.encrypt(user),
                access_expires_at=now + timedelta(days=999),
                refresh_token=KEYS.encrypt(user),
                version=1,
                refreshed_at=now,
            )
            session.add(row)
            session.flush()
            return row.id

    def _listed(self, actor: Actor) -> uuid.UUID:
        return self.services.client_sync.list_organisations(actor, Goal.ADD).run_id

    def _client(self, team: str, user: str) -> uuid.UUID:
        found = self.services.client_search.options(self.actor(team, user), "acme", active=True)
        return found[0].client_id

    def _decide(self, team: str, *, approve: bool) -> None:
        ada = self.actor(team, "U_ADA")
        for request in self.services.permission_list.page(ada).waiting:
            self.services.permissions.decide(ada, request.id, approve=approve, reason=f"Because of {MARKERS[team]}")


def _wish(marker: str, number: int) -> Wish:
    kind = (PermissionKind.ADD_CLIENTS, PermissionKind.BUNDLE)[number % 2]
    return Wish(kind=kind, reason=f"For {marker}", bundle=60 if number % 2 else None)


def _other(team: str) -> str:
    return next(each for each in TEAMS if each != team)
