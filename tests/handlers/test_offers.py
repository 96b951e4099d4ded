"""Accounts that clients offer, as people see them: signed requests, the real Bolt app, the worker's messages."""

import uuid

import httpx
import pytest
from sqlalchemy import select

from db.models import ClientUser, OfferStatus, Practice, PracticeOffer, PracticeOfferCard
from modals import offers
from modals.clients import ids as clients
from sandbox.driver import Message
from tests.accounts import PASSWORD, PAT, Held, World
from tests.stack import Stack
from tests.syncing import buttons

SAID = "Acme Ltd invites your practice to their account"


@pytest.fixture
def world(stack: Stack) -> World:
    """Cedar has the client, whose user invites Birch."""
    world = World(stack.composition.database)
    stack.run_due()
    return world


@pytest.fixture
def held(stack: Stack, world: World) -> Held:
    held = world.held(of=world.cedar)
    stack.run_due()
    return held


def offer(stack: Stack, world: World, held: Held) -> uuid.UUID:
    offer_id = world.offer(held, world.birch)
    stack.run_due()
    return offer_id


def cards(stack: Stack) -> dict[str, Message]:
    return {user: stack.person(user).wait_message(SAID, "app_dm") for user in ("U_ADA", "U_CLEM")}


def acts(message: Message) -> list[str]:
    return [button["action_id"] for button in buttons(message)]


@pytest.mark.reaches(offers.ACCEPT, clients.OPEN)
def test_an_admin_accepts_and_the_others_see_who(stack: Stack, world: World, held: Held) -> None:
    offer(stack, world, held)
    assert [acts(card) for card in cards(stack).values()] == [[offers.ACCEPT, offers.DECLINE]] * 2
    ada = stack.person("U_ADA")
    said = ada.wait_message(SAID, "app_dm").text
    for told in (PAT, "Business client", "0 of 50 client accounts are in use"):
        assert told in said
    assert ada.click("Accept").ok
    stack.run_due()
    for card in cards(stack).values():
        assert "Accepted by Ada Marsh" in card.text
        assert acts(card) == [clients.OPEN]
    assert world.practice_of(held) == world.birch.practice_id
    mail = stack.sandbox.wait_mail(PAT)
    assert mail["subject"] == "Birch & Co has accepted your invitation"
    assert "Cedar LLP no longer has access" in str(mail["text"])
    clem = stack.person("U_CLEM")
    cards(stack)
    clem.click("Open the client")
    clem.wait_view(containing="Acme Ltd")


def test_whoever_had_the_account_hears_that_it_went(stack: Stack, world: World) -> None:
    held = world.held()
    stack.run_due()
    offer_id = world.offer(held)
    world.offers.accept(world.cedar.ada, offer_id)
    stack.run_due()
    said = stack.person("U_CLEM").wait_message("Acme Ltd has moved to another practice", "app_dm").text
    assert "your practice's access ended" in said
    assert "Cedar" not in said


@pytest.mark.reaches(offers.DECLINE)
def test_an_admin_declines_and_who_clicks_later_hears_it(stack: Stack, world: World, held: Held) -> None:
    offer_id = offer(stack, world, held)
    ada, clem = stack.person("U_ADA"), stack.person("U_CLEM")
    cards(stack)
    assert ada.click("Decline").ok
    stack.settle()
    assert clem.click("Accept").ok
    stack.settle()
    clem.wait_message("Ada Marsh has already declined this offer")
    stack.run_due()
    for card in cards(stack).values():
        assert "Declined by Ada Marsh" in card.text
        assert acts(card) == []
    assert world.status(offer_id) is OfferStatus.DECLINED
    assert stack.sandbox.wait_mail(PAT)["subject"] == "Birch & Co has declined your invitation"


@pytest.mark.reaches(offers.ACCEPT)
def test_without_a_place_the_card_stays(stack: Stack, world: World, held: Held) -> None:
    with world.database.begin() as session:
        session.get_one(Practice, world.birch.practice_id).bundle = 0
    offer(stack, world, held)
    clem = stack.person("U_CLEM")
    cards(stack)
    clem.click("Accept")
    stack.settle()
    clem.wait_message("Ask a Practice Admin to raise the bundle")
    assert acts(cards(stack)["U_CLEM"]) == [offers.ACCEPT, offers.DECLINE]


def test_the_cards_of_a_withdrawn_offer_lose_their_buttons(stack: Stack, world: World, held: Held) -> None:
    offer_id = offer(stack, world, held)
    world.accounts.withdraw(held.token, offer_id)
    stack.run_due()
    for card in cards(stack).values():
        assert "Withdrawn" in card.text
        assert acts(card) == []


def test_a_card_on_its_way_when_the_offer_is_withdrawn_is_never_sent(stack: Stack, world: World, held: Held) -> None:
    offer_id = world.offer(held, world.birch)
    world.accounts.withdraw(held.token, offer_id)
    stack.run_due()
    with world.database.read() as session:
        assert [card.ts for card in session.scalars(select(PracticeOfferCard))] == [None, None]


def test_a_client_user_invites_a_practice_on_the_real_page(stack: Stack, world: World, held: Held) -> None:
    with world.database.begin() as session:
        user = session.get_one(ClientUser, held.user_id)
        assert user.login_id is not None
    with httpx.Client(base_url=stack.url, follow_redirects=True) as browser:

        def send(path: str, **fields: str) -> str:
            page = browser.get("/account").text
            proof = page.partition('name="proof" value="')[2][:64]
            answer = browser.post(f"/account/{path}", data={"proof": proof} | fields)
            assert answer.status_code == 200
            return answer.text

        assert "Acme Ltd" in send("sign-in", email=PAT, password=PASSWORD)
        assert "Invite Birch" in send("invite", account=str(held.user_id), address="birch-co")
        practice = str(world.birch.practice_id)
        assert "You invited" in send("invite/confirm", account=str(held.user_id), practice=practice)
        stack.run_due()
        cards(stack)
        with world.database.read() as session:
            offer_id = session.scalars(select(PracticeOffer.id)).one()
        world.offers.accept(world.birch.ada, offer_id)
        assert "accepted your invitation" in browser.get("/account").text
