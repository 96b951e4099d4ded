"""Colleagues and teams: the lists, one of them, and what admins change."""

import uuid
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import notices
from modals.blocks import View
from modals.people import adding, colleague, handover, ids, listing, taking_over, teams
from modals.people.metadata import ColleagueMetadata, PeoplePlace, TeamMetadata
from services.actor import Actor
from services.colleagues.records import Wish
from services.container import Services
from services.errors import GoneError, NotPermittedError


def register(router: Registry) -> None:
    router.action(ids.TEAM, open_list)
    router.action(ids.SEARCH, search)
    router.action(ids.FILTER, search)
    router.view(ids.FIND, submit_search)
    router.action(ids.PREVIOUS, turn_page)
    router.action(ids.NEXT, turn_page)
    router.action(ids.OPEN, open_colleague)
    router.action(ids.BACK, back_to_list)
    router.action(ids.EDIT, edit)
    router.view(ids.SAVE, save)
    router.action(ids.ADD, open_adding)
    router.view(ids.ADD_SUBMIT, add)
    router.action(ids.TAKE_OVER, take_over)
    router.action(ids.TEAMS, open_teams)
    router.action(ids.TEAM_PREVIOUS, turn_teams)
    router.action(ids.TEAM_NEXT, turn_teams)
    router.action(ids.TEAM_OPEN, open_team)
    router.action(ids.TEAM_NEW, new_team)
    router.view(ids.TEAM_CREATE, create_team)
    router.action(ids.TEAM_EDIT, edit_team)
    router.view(ids.TEAM_SAVE, save_team)
    router.action(ids.TEAM_DELETE, delete_team)
    router.options(ids.TEAM_MEMBERS, search_members)


def open_list(
    ack: Ack, caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    ack()
    show_list(caller, body, admit, services, slack, after)


def show_list(
    caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    def build(actor: Actor) -> View:
        return listing.listing(services.colleagues.page(actor, Wish()))

    show(after, slack, caller, body, listing.TITLE, lambda: enter(caller, admit, services, slack, build))


def search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    shown = listing.listing(services.colleagues.page(actor, listing.read_wish(view)))
    ack()
    after(slack.update, view, shown)


def submit_search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    shown = listing.listing(services.colleagues.page(actor, listing.read_wish(view)))
    ack(response_action="update", view=shown)


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    wish = PeoplePlace.of(view).wish
    shown = services.colleagues.page(actor, Wish(wish.query, int(action["value"]), wish.left))
    ack()
    after(slack.update, view, listing.listing(shown))


def open_colleague(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = _card(actor, services, uuid.UUID(action["value"]), _place(view))
    ack()
    after(slack.update, view, shown)


def back_to_list(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    shown = listing.listing(services.colleagues.page(actor, _place(view).wish))
    ack()
    after(slack.update, view, shown)


def edit(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = colleague.edit(services.colleagues.edit_form(actor, uuid.UUID(action["value"])), _place(view))
    ack()
    after(slack.update, view, shown)


def save(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ColleagueMetadata.of(view)
    services.colleagues.change(actor, at.colleague, colleague.read_rights(view), seen=at.seen)
    ack(response_action="update", view=_saved(actor, services, at))


def _saved(actor: Actor, services: Services, at: ColleagueMetadata) -> View:
    """An admin who has just given up being one has no list to go back to."""
    own = services.colleagues.page(actor, at.wish)
    if at.colleague == actor.colleague_id and listing.is_own(own):
        return listing.listing(own)
    return _card(actor, services, at.colleague, at.place, "Saved.")


def _card(
    actor: Actor, services: Services, colleague_id: uuid.UUID, place: PeoplePlace, said: str | None = None
) -> View:
    shown = services.colleagues.card(actor, colleague_id)
    held = handover.held(services.handover.holdings(actor, colleague_id), colleague_id, gone=not shown.active)
    return colleague.card(shown, place, held=held, said=said)


def _place(view: dict[str, Any]) -> PeoplePlace:
    if view.get("callback_id") == ids.FIND:
        return PeoplePlace.of(view)
    return ColleagueMetadata.of(view).place


def open_adding(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    again = action.get("value")
    shown = adding.add_form(services.colleagues.add_form(actor, uuid.UUID(again) if again else None))
    ack()
    after(slack.update, view, shown)


def add(
    ack: Ack, actor: Actor, caller: Caller, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    people, wanted = adding.read_people(view), colleague.read_rights(view)
    services.colleagues.require_may_add(actor, len(people), wanted)
    external_id = str(uuid.uuid4())
    ack(response_action="update", view={**notices.loading(adding.TITLE), "external_id": external_id})

    def build() -> View:
        profiles, refused = slack.members(people, caller)
        return adding.added(services.colleagues.add(actor, profiles, wanted, refused))

    after(slack.fill, external_id, build)


def take_over(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()

    def build() -> View:
        profiles, refused = slack.members([caller.user_id], caller)
        if refused:
            raise NotPermittedError(refused[0])
        services.colleagues.take_over(actor, runs_workspace=profiles[0].runs_workspace)
        return taking_over.taken_over()

    show(after, slack, caller, body, taking_over.TITLE, build)


def open_teams(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    page = 0 if view.get("callback_id") == ids.FIND else TeamMetadata.of(view).page
    shown = teams.listing(services.teams.page(actor, page))
    ack()
    after(slack.update, view, shown)


def turn_teams(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = teams.listing(services.teams.page(actor, int(action["value"])))
    ack()
    after(slack.update, view, shown)


def open_team(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = teams.card(services.teams.team(actor, uuid.UUID(action["value"])), TeamMetadata.of(view))
    ack()
    after(slack.update, view, shown)


def new_team(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    services.teams.require_available(actor)
    ack()
    after(slack.update, view, teams.team_form(None, TeamMetadata.of(view)))


def create_team(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    name, members = teams.read_team(view)
    made = services.teams.create(actor, name, members)
    ack(response_action="update", view=teams.card(made, TeamMetadata.of(view), "The team is created."))


def edit_team(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = teams.team_form(services.teams.team(actor, uuid.UUID(action["value"])), TeamMetadata.of(view))
    ack()
    after(slack.update, view, shown)


def save_team(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = TeamMetadata.of(view)
    if at.team is None:
        raise GoneError("This form is of no team. Close it and open it again.")
    name, members = teams.read_team(view)
    saved = services.teams.save(actor, at.team, name, members, seen=at.seen)
    ack(response_action="update", view=teams.card(saved, at, "Saved."))


def delete_team(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    said = teams.deleted(services.teams.delete(actor, uuid.UUID(action["value"])))
    shown = teams.listing(services.teams.page(actor, TeamMetadata.of(view).page), said)
    ack()
    after(slack.update, view, shown)


def search_members(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(**teams.member_options(services.teams.search_members(actor, options.get("value") or "")))
