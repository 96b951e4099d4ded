"""A client user offers their account to a practice, whose admins accept or decline it once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from db.models import Client, ClientKind, ClientRole, Lane, OfferStatus, Practice, PracticeOfferCard, Region, Role
from db.session import Database
from services.accounts.records import Account, Offered
from services.actor import Actor
from services.errors import BundleFullError, ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.operator import OperatorService
from tests.accounts import PAT, World
from tests.builders import Office, office
from tests.fakes import Clock

NEWCOMER = uuid.uuid4()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_an_offer_changes_nothing_until_it_is_accepted(world: World, clock: Clock) -> None:
    held = world.held()
    preview = world.accounts.preview(held.token, held.user_id, " Cedar ")
    assert (preview.practice_id, preview.practice_name, preview.present_practice_name) == (
        world.cedar.practice_id,
        "Cedar LLP",
        "Birch & Co",
    )
    offer_id = world.offer(held)
    waiting = Account(
        client_user_id=held.user_id,
        client_name="Acme Ltd",
        role=ClientRole.BUSINESS_ADMIN,
        is_owner=False,
        practice_name="Birch & Co",
        is_active=True,
        invites=False,
        offered=Offered(
            offer_id=offer_id,
            status=OfferStatus.PENDING,
            practice_name="Cedar LLP",
            expires_at=clock.now() + timedelta(days=14),
            decided_at=None,
        ),
    )
    assert world.accounts.page(held.token).accounts == (waiting,)
    assert world.practice_of(held) == world.birch.practice_id
    assert world.jobs(Lane.SLACK) == ["slack.account_offered"] * 2  # Ada and Clem of Cedar
    assert world.trail(world.cedar, "offer.") == ["offer.made"]
    assert world.trail(world.birch, "offer.") == []


def test_an_accepted_account_is_the_new_practice_s(world: World) -> None:
    held = world.held()
    offer = world.offers.accept(world.cedar.clem, world.offer(held))
    assert (offer.status, offer.client_name, offer.decider_name) == (OfferStatus.ACCEPTED, "Acme Ltd", "Clem Okafor")
    assert (offer.person_email, offer.bundle.used) == (PAT, 1)
    assert world.practice_of(held) == world.cedar.practice_id
    (account,) = world.accounts.page(held.token).accounts
    assert (account.practice_name, account.invites) == ("Cedar LLP", True)
    assert account.offered is not None
    assert account.offered.status is OfferStatus.ACCEPTED
    assert world.trail(world.birch, "client.moved") == ["client.moved_away"]
    assert world.trail(world.cedar, "client.moved") == ["client.moved_here"]
    assert world.trail(world.cedar, "offer.") == ["offer.made", "offer.accepted"]
    assert world.jobs(Lane.MAIL) == ["mail.account_offer_decided"]


def test_a_declined_account_stays_and_can_be_offered_again(world: World) -> None:
    held = world.held()
    first = world.offer(held)
    assert world.offers.decline(world.cedar.ada, first).status is OfferStatus.DECLINED
    assert world.practice_of(held) == world.birch.practice_id
    second = world.offer(held)
    assert world.offers.accept(world.cedar.ada, second).status is OfferStatus.ACCEPTED


@pytest.mark.parametrize("who", ["sam", "jo"])
def test_only_admins_decide(world: World, who: str) -> None:
    actor: Actor = getattr(world.cedar, who)
    held = world.held()
    offer_id = world.offer(held)
    for act in (world.offers.accept, world.offers.decline):
        with pytest.raises(NotPermittedError):
            act(actor, offer_id)
    assert world.status(offer_id) is OfferStatus.PENDING


def test_an_admin_of_another_practice_finds_no_such_offer(world: World) -> None:
    offer_id = world.offer(world.held())
    for act in (world.offers.accept, world.offers.decline):
        with pytest.raises(NotFoundError):
            act(world.birch.ada, offer_id)
        with pytest.raises(NotFoundError):
            act(world.cedar.ada, NEWCOMER)


def test_who_comes_later_hears_who_decided(world: World) -> None:
    offer_id = world.offer(world.held())
    world.offers.decline(world.cedar.ada, offer_id)
    with pytest.raises(ConflictError, match="Ada Marsh has already declined"):
        world.offers.accept(world.cedar.clem, offer_id)
    with pytest.raises(ConflictError, match="You have already declined"):
        world.offers.accept(world.cedar.ada, offer_id)


def test_two_admins_at_once_take_one_place(world: World) -> None:
    offer_id, start = world.offer(world.held()), Barrier(2)

    def accept(actor: Actor) -> str:
        start.wait()
        try:
            return world.offers.accept(actor, offer_id).status
        except ConflictError as conflict:
            return conflict.message

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(accept, (world.cedar.ada, world.cedar.clem)))
    assert said[1] == OfferStatus.ACCEPTED
    assert said[0].endswith("has already accepted this offer.")
    assert world.trail(world.cedar, "client.moved") == ["client.moved_here"]


def test_two_accounts_at_once_don_t_share_the_last_place(database: Database) -> None:
    world = World(database, bundle=1)
    offers = [world.offer(world.held(name, f"{name}@acme.example")) for name in ("One", "Two")]
    start = Barrier(2)

    def accept(offer_id: uuid.UUID) -> str:
        start.wait()
        try:
            return world.offers.accept(world.cedar.ada, offer_id).status
        except BundleFullError:
            return "full"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, offers)) == ["accepted", "full"]


def test_a_full_bundle_is_said_and_the_offer_stands_until_there_is_room(database: Database) -> None:
    world = World(database, bundle=1)
    world.held("Cedar's own", "own@acme.example", world.cedar)
    held = world.held()
    offer_id = world.offer(held)
    with pytest.raises(BundleFullError, match=r"Raise the bundle, or .*until 16 March"):
        world.offers.accept(world.cedar.ada, offer_id)
    with pytest.raises(BundleFullError, match="Ask a Practice Admin"):
        world.offers.accept(world.cedar.clem, offer_id)
    assert (world.status(offer_id), world.practice_of(held)) == (OfferStatus.PENDING, world.birch.practice_id)
    OperatorService(database).change_practice("T_CEDAR", bundle=2)
    assert world.offers.accept(world.cedar.clem, offer_id).status is OfferStatus.ACCEPTED


def test_nobody_decides_after_two_weeks(world: World, clock: Clock) -> None:
    held = world.held()
    offer_id = world.offer(held)
    clock.advance(timedelta(days=14) - timedelta(seconds=1))
    assert world.offers.expire() == 0
    clock.advance(timedelta(seconds=1))
    with pytest.raises(ConflictError, match="has expired"):
        world.offers.accept(world.cedar.ada, offer_id)
    assert world.offers.expire() == 1
    assert world.offers.expire() == 0
    assert world.status(offer_id) is OfferStatus.EXPIRED
    with pytest.raises(ConflictError, match="has expired"):
        world.offers.decline(world.cedar.ada, offer_id)
    assert world.jobs(Lane.MAIL) == ["mail.account_offer_decided"]


def test_an_offer_that_expired_unswept_does_not_stand_in_the_way(world: World, clock: Clock) -> None:
    held = world.held()
    first = world.offer(held)
    clock.advance(timedelta(days=14))
    token = world.sessions.sign_in(PAT, "correct horse battery staple").token
    (account,) = world.accounts.page(token).accounts
    assert account.invites
    assert account.offered is not None
    assert account.offered.status is OfferStatus.EXPIRED
    world.accounts.offer(token, held.user_id, world.cedar.practice_id)
    assert world.status(first) is OfferStatus.EXPIRED


def test_an_account_is_offered_to_one_practice_at_a_time(world: World) -> None:
    held = world.held()
    world.offer(held)
    fir = office(world.database, slack_key="T_FIR")
    for practice in (world.cedar, fir):
        with pytest.raises(ConflictError, match="Cedar LLP is invited already"):
            world.accounts.offer(held.token, held.user_id, practice.practice_id)
    with pytest.raises(ConflictError, match="Cedar LLP is invited already"):
        world.accounts.preview(held.token, held.user_id, "birch-co-2")


def test_two_offers_at_once_are_one(world: World) -> None:
    held, start = world.held(), Barrier(2)
    fir = office(world.database, slack_key="T_FIR")

    def offer(practice: Office) -> str:
        start.wait()
        try:
            world.accounts.offer(held.token, held.user_id, practice.practice_id)
        except ConflictError:
            return "refused"
        return "made"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(offer, (world.cedar, fir))) == ["made", "refused"]


def test_what_is_withdrawn_is_not_accepted_any_more(world: World) -> None:
    held = world.held()
    offer_id = world.offer(held)
    for _ in range(2):
        world.accounts.withdraw(held.token, offer_id)
    assert world.status(offer_id) is OfferStatus.WITHDRAWN
    assert world.accounts.page(held.token).accounts[0].offered is None
    with pytest.raises(ConflictError, match="was withdrawn"):
        world.offers.accept(world.cedar.ada, offer_id)
    assert world.jobs(Lane.MAIL) == []  # they know


def test_what_is_decided_is_not_withdrawn_any_more(world: World) -> None:
    held = world.held()
    offer_id = world.offer(held)
    world.offers.accept(world.cedar.ada, offer_id)
    with pytest.raises(ConflictError, match="Cedar LLP has accepted it already"):
        world.accounts.withdraw(held.token, offer_id)


@pytest.mark.parametrize("round_", range(5))
def test_of_withdrawing_and_accepting_at_once_one_wins(world: World, round_: int) -> None:
    held, start = world.held(f"Acme {round_}"), Barrier(2)
    offer_id = world.offer(held)

    def accept() -> bool:
        start.wait()
        try:
            return world.offers.accept(world.cedar.ada, offer_id).status is OfferStatus.ACCEPTED
        except ConflictError:
            return False

    def withdraw() -> bool:
        start.wait()
        try:
            world.accounts.withdraw(held.token, offer_id)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        accepted, withdrawn = pool.submit(accept), pool.submit(withdraw)
        assert accepted.result() != withdrawn.result()
    has = world.cedar if accepted.result() else world.birch
    assert world.practice_of(held) == has.practice_id


def test_an_offer_of_somebody_who_may_no_longer_make_it_does_not_stand(world: World) -> None:
    changes: list[dict[str, object]] = [
        {"role": ClientRole.STANDARD},
        {"has_login_access": False},
        {"deactivated_at": world.database.now()},
    ]
    for number, change in enumerate(changes):
        held = world.held(f"Acme {number}", f"pat{number}@acme.example")
        offer_id = world.offer(held)
        world.change(held, **change)
        with pytest.raises(ConflictError, match="no longer stands"):
            world.offers.accept(world.cedar.ada, offer_id)
        assert world.status(offer_id) is OfferStatus.WITHDRAWN
        assert world.practice_of(held) == world.birch.practice_id


def test_another_s_account_is_not_there(world: World) -> None:
    mine, other = world.held(), world.held("Other Ltd", "kim@other.example")
    offer_id = world.offer(other)
    for act in (
        lambda: world.accounts.preview(mine.token, other.user_id, "cedar"),
        lambda: world.accounts.offer(mine.token, other.user_id, world.cedar.practice_id),
        lambda: world.accounts.withdraw(mine.token, offer_id),
        lambda: world.accounts.offer(mine.token, NEWCOMER, world.cedar.practice_id),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert world.status(offer_id) is OfferStatus.PENDING


@pytest.mark.parametrize("role", [ClientRole.USER_ADMIN, ClientRole.STANDARD])
def test_only_a_business_admin_offers_and_withdraws(world: World, role: ClientRole) -> None:
    held = world.held()
    offer_id = world.offer(held)
    user_id = world.user(held.client_id, "kim@acme.example", role)
    token = world.sessions.sign_in("kim@acme.example", "correct horse battery staple").token
    (account,) = world.accounts.page(token).accounts
    assert (account.invites, account.offered) == (False, None)
    for act in (
        lambda: world.accounts.preview(token, user_id, "cedar"),
        lambda: world.accounts.offer(token, user_id, world.cedar.practice_id),
        lambda: world.accounts.withdraw(token, offer_id),
    ):
        with pytest.raises(NotPermittedError):
            act()


def test_another_business_admin_of_the_account_can_withdraw(world: World) -> None:
    held = world.held()
    offer_id = world.offer(held)
    world.user(held.client_id, "kim@acme.example")
    token = world.sessions.sign_in("kim@acme.example", "correct horse battery staple").token
    world.accounts.withdraw(token, offer_id)
    assert world.status(offer_id) is OfferStatus.WITHDRAWN


@pytest.mark.parametrize("address", ["", "  ", "nobody", "birch-co", "x" * 101, "x" * 100_000, "\0", "ced\0ar2", "%"])
def test_what_is_no_address_of_another_practice_is_refused_at_the_field(world: World, address: str) -> None:
    held = world.held()
    with pytest.raises(InvalidError) as refused:
        world.accounts.preview(held.token, held.user_id, address)
    assert refused.value.fields.keys() == {"address"}


@pytest.mark.parametrize("change", ["uninstalled_at", "set_up_at"])
def test_a_practice_that_can_t_answer_is_not_known(world: World, change: str) -> None:
    held = world.held()
    with world.database.begin() as session:
        practice = session.get_one(Practice, world.cedar.practice_id)
        setattr(practice, change, None if change == "set_up_at" else world.database.now())
    refusals = []
    for act in (
        lambda: world.accounts.preview(held.token, held.user_id, "cedar"),
        lambda: world.accounts.preview(held.token, held.user_id, "nobody"),
        lambda: world.accounts.offer(held.token, held.user_id, world.cedar.practice_id),
    ):
        with pytest.raises(InvalidError) as refused:
            act()
        refusals.append(refused.value.fields)
    assert refusals == [refusals[0]] * 3


def test_a_deactivated_account_can_t_be_offered_nor_accepted(world: World) -> None:
    held = world.held()
    offer_id = world.offer(held)
    with world.database.begin() as session:
        session.get_one(Client, held.client_id).deactivated_at = world.database.now()
    with pytest.raises(ConflictError, match="no longer stands"):
        world.offers.accept(world.cedar.ada, offer_id)
    with pytest.raises(ConflictError, match="Ask Birch & Co to reactivate it"):
        world.accounts.offer(held.token, held.user_id, world.cedar.practice_id)
    assert not world.accounts.page(held.token).accounts[0].invites


def test_a_self_employed_client_goes_to_practices_in_the_uk_only(world: World) -> None:
    held = world.held()
    with world.database.begin() as session:
        session.get_one(Client, held.client_id).kind = ClientKind.SOLO
        session.get_one(Practice, world.cedar.practice_id).region = Region.CANADA
    with pytest.raises(InvalidError, match="outside the UK"):
        world.accounts.offer(held.token, held.user_id, world.cedar.practice_id)


def test_an_account_can_go_on_and_come_back(world: World) -> None:
    held = world.held()
    for practice in (world.cedar, world.birch, world.cedar):
        world.offers.accept(practice.ada, world.offer(held, practice))
        assert world.practice_of(held) == practice.practice_id
    assert world.trail(world.birch, "client.moved") == ["client.moved_away", "client.moved_here", "client.moved_away"]


def test_a_card_of_somebody_who_is_no_longer_an_admin_has_no_buttons(world: World) -> None:
    offer_id = world.offer(world.held())
    with world.database.read() as session:
        cards = list(session.scalars(select(PracticeOfferCard).where(PracticeOfferCard.offer_id == offer_id)))
    OperatorService(world.database).change_colleague("T_CEDAR", "U_CLEM", role=Role.STANDARD)
    shown = [world.offers.card(world.cedar.practice_id, card.id) for card in cards]
    assert {card.to: card.decides for card in shown} == {"U_ADA": True, "U_CLEM": False}
    with pytest.raises(NotFoundError):
        world.offers.card(world.birch.practice_id, cards[0].id)
