import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from db.models import (
    Client,
    Colleague,
    InvitationLink,
    InvitationStatus,
    Job,
    JobOutcome,
    Lane,
    Login,
    Practice,
    Role,
)
from db.session import Database
from services.delivery.email import RefusedError, UndeliveredError
from services.errors import InvalidError, NotFoundError, ServiceError
from services.invitations.inviting import EMAIL_KIND
from services.invitations.records import Accepted, InvitationClosedError, InvitationNotice, InvitationPage, LinkState
from services.invitations.service import InvitationService
from services.jobs import GiveUp, LostClaim, Retry
from services.keys import Keyring, hash_token
from tests.fakes import Clock
from tests.invited import PASSWORD, World


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


def test_an_invitation_comes_with_its_link_its_job_and_its_audit_entry(world: World) -> None:
    person = world.invite()

    invitation = world.invitation(person)
    assert invitation.status == InvitationStatus.QUEUED
    assert invitation.expires_at == world.clock.now() + timedelta(days=7)
    claim = world.claim()
    assert (claim.kind, claim.key) == (EMAIL_KIND, f"invitation-email:{person.invitation_id}")
    assert claim.args == {"invitation_id": str(person.invitation_id)}
    assert world.actions(person) == ["invitation.created"]


def test_the_e_mail_carries_a_link_of_which_only_the_hash_is_kept(world: World) -> None:
    person, token = world.sent()

    (email,) = world.outbox.emails
    assert (email.recipient.name, email.recipient.address) == ("Ada Byrne", "ada@harbour.example")
    assert email.subject == "Birch & Co invites you to Clientdesk"
    assert f"https://desk.example.com/i/{token}\n" in email.text
    assert f'href="https://desk.example.com/i/{token}"' in email.html
    assert "Birch &amp; Co" in email.html
    invitation = world.invitation(person)
    assert (invitation.status, invitation.sent_at) == (InvitationStatus.SENT, world.clock.now())
    assert world.actions(person) == ["invitation.created", "invitation.sent"]
    with world.database.read() as session:
        link = session.scalars(select(InvitationLink)).one()
        assert link.token_hash == hash_token(token)
        assert session.scalars(select(Job.outcome).where(Job.lane == Lane.MAIL)).one() == JobOutcome.DONE


def test_markup_and_line_breaks_in_names_stay_text(world: World) -> None:
    practice_id = world.practice(name="<b>Birch</b>\r\nBcc: all@example.com")
    world.sent(practice_id, name='Ada "><script>alert(1)</script>\r\n', client="A & B <i>")

    (email,) = world.outbox.emails
    assert email.subject == "<b>Birch</b> Bcc: all@example.com invites you to Clientdesk"
    assert "<script>" not in email.html
    assert "<b>" not in email.html
    assert "\r" not in email.text
    assert "A &amp; B &lt;i&gt;" in email.html


def test_a_second_try_after_a_crash_sends_the_same_link_and_message_id(world: World) -> None:
    person = world.invite()
    first = world.claim()
    world.clock.advance(timedelta(minutes=2))
    world.claim()

    with pytest.raises(LostClaim):
        world.invitations.send_email(first)
    assert world.invitation(person).status == InvitationStatus.QUEUED
    world.clock.advance(timedelta(minutes=2))
    world.service().send_email(world.claim())

    one, other = world.outbox.emails
    assert (one.message_id, one.text, one.html) == (other.message_id, other.text, other.html)
    assert world.invitation(person).status == InvitationStatus.SENT


def test_a_second_try_makes_the_same_link_after_the_key_was_rotated(world: World) -> None:
    old = Fernet.generate_key().decode()
    world.keys = Keyring([old])
    world.invite()
    world.keys = Keyring([Fernet.generate_key().decode(), old])
    world.service().send_email(world.claim())

    assert world.invitations.open(world.outbox.token()).state == LinkState.OPEN


def test_a_link_whose_key_is_gone_is_given_up(world: World) -> None:
    world.invite()
    world.keys = Keyring([Fernet.generate_key().decode()])

    with pytest.raises(GiveUp):
        world.service().send_email(world.claim())


@pytest.mark.parametrize(
    "status",
    [
        InvitationStatus.SUPERSEDED,
        InvitationStatus.REVOKED,
        InvitationStatus.EXPIRED,
        InvitationStatus.ACCEPTED,
        InvitationStatus.OPENED,
    ],
)
def test_what_is_no_longer_wanted_is_not_sent(world: World, status: InvitationStatus) -> None:
    person = world.invite()
    world.change(person, status=status)

    world.invitations.send_email(world.claim())

    assert world.outbox.emails == []
    assert world.invitation(person).status == status


def test_an_expired_invitation_is_not_sent_even_before_the_sweep(world: World) -> None:
    world.invite()
    world.clock.advance(timedelta(days=7))

    world.invitations.send_email(world.claim())

    assert world.outbox.emails == []


def test_nothing_is_sent_while_the_practice_has_uninstalled_the_app(world: World) -> None:
    person = world.invite()
    with world.database.begin() as session:
        session.get_one(Practice, person.practice_id).uninstalled_at = world.clock.now()

    with pytest.raises(Retry) as caught:
        world.invitations.send_email(world.claim())

    assert caught.value.after is not None
    assert world.outbox.emails == []


def test_a_refused_address_is_a_status_and_the_inviter_is_told(world: World) -> None:
    person = world.invite()
    world.outbox.answers = [RefusedError("550 5.1.1 No such user")]

    world.invitations.send_email(world.claim())

    invitation = world.invitation(person)
    assert invitation.status == InvitationStatus.FAILED
    assert invitation.failure == "The mail server refused ada@harbour.example: 550 5.1.1 No such user"
    assert world.told() == ["slack.invitation_failed"]
    assert world.actions(person) == ["invitation.created", "invitation.failed"]
    assert world.jobs.counts()[Lane.MAIL].due == 0


def test_a_mail_server_that_is_busy_is_asked_again(world: World) -> None:
    person = world.invite()
    world.outbox.answers = [UndeliveredError("451 4.7.1 Try later")]
    claim = world.claim()

    with pytest.raises(Retry) as caught:
        world.invitations.send_email(claim)
    assert (caught.value.reason, caught.value.after) == ("451 4.7.1 Try later", None)
    assert world.invitation(person).status == InvitationStatus.QUEUED

    world.invitations.send_email(claim)
    assert world.invitation(person).status == InvitationStatus.SENT
    assert world.told() == []


def test_after_the_last_try_the_inviter_is_told(world: World) -> None:
    person = world.invite()
    (kind,) = world.invitations.kinds()

    world.jobs.fail(world.claim(), "451 4.7.1 Try later", kind.on_failure)

    invitation = world.invitation(person)
    assert (invitation.status, invitation.failure) == (
        InvitationStatus.FAILED,
        "The e-mail can't be delivered: 451 4.7.1 Try later",
    )
    assert world.told() == ["slack.invitation_failed"]


def test_an_e_mail_that_arrived_in_spite_of_the_failure_can_be_accepted(world: World) -> None:
    person, token = world.sent()
    world.change(person, status=InvitationStatus.FAILED, failure="timed out")

    world.invitations.accept(token, PASSWORD)

    assert world.invitation(person).status == InvitationStatus.ACCEPTED


def test_a_late_failure_does_not_undo_that_it_was_opened(world: World) -> None:
    person = world.invite()
    claim = world.claim()
    world.change(person, status=InvitationStatus.OPENED)
    (kind,) = world.invitations.kinds()

    world.jobs.fail(claim, "timed out", kind.on_failure)

    assert world.invitation(person).status == InvitationStatus.OPENED
    assert world.told() == []


def test_opening_shows_who_invites_and_uses_nothing_up(world: World) -> None:
    person, token = world.sent()
    expected = InvitationPage(
        state=LinkState.OPEN,
        practice_name="Birch & Co",
        client_name="Harbour Bakery",
        person_name="Ada Byrne",
        email="ada@harbour.example",
    )

    assert world.invitations.open(token, seen=False) == expected
    assert world.invitation(person).status == InvitationStatus.SENT
    opened_at = world.clock.now()
    assert world.invitations.open(token) == expected
    world.clock.advance(timedelta(hours=1))
    assert world.invitations.open(token) == expected

    invitation = world.invitation(person)
    assert (invitation.status, invitation.opened_at) == (InvitationStatus.OPENED, opened_at)
    assert world.actions(person) == ["invitation.created", "invitation.sent", "invitation.opened"]


def test_accepting_makes_a_login_and_tells_the_inviter(world: World) -> None:
    person, token = world.sent()

    accepted = world.invitations.accept(token, PASSWORD)

    assert accepted == Accepted(
        practice_name="Birch & Co",
        client_name="Harbour Bakery",
        person_name="Ada Byrne",
        email="ada@harbour.example",
        had_login=False,
    )
    login = world.login_of(person)
    assert login is not None
    assert login.email_key == "ada@harbour.example"
    assert login.password_hash.startswith("$argon2id$")
    assert PasswordHasher().verify(login.password_hash, PASSWORD)
    invitation = world.invitation(person)
    assert (invitation.status, invitation.accepted_at) == (InvitationStatus.ACCEPTED, world.clock.now())
    assert world.told() == ["slack.invitation_accepted"]
    assert world.actions(person)[-1] == "invitation.accepted"


def test_the_second_use_of_a_link_is_refused(world: World) -> None:
    _, token = world.sent()
    world.invitations.accept(token, PASSWORD)

    with pytest.raises(InvitationClosedError) as caught:
        world.invitations.accept(token, "another long password")

    assert caught.value.page.state == LinkState.USED
    assert world.told() == ["slack.invitation_accepted"]


def test_of_twenty_simultaneous_uses_one_wins(world: World) -> None:
    person, token = world.sent()

    outcomes = _at_once([partial(world.invitations.accept, token, f"{PASSWORD} {i}") for i in range(20)])

    winners = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Accepted)]
    assert len(winners) == 1
    losers = [outcome for i, outcome in enumerate(outcomes) if i not in winners]
    assert all(isinstance(loser, InvitationClosedError) for loser in losers), losers
    login = world.login_of(person)
    assert login is not None
    assert PasswordHasher().verify(login.password_hash, f"{PASSWORD} {winners[0]}")
    assert world.told() == ["slack.invitation_accepted"]
    assert world.actions(person).count("invitation.accepted") == 1


def test_one_person_accepting_ten_practices_at_once_gets_one_login(world: World) -> None:
    invited = [world.sent(world.practice(f"Practice {i}")) for i in range(10)]

    outcomes = _at_once([partial(world.invitations.accept, token, PASSWORD) for _, token in invited])

    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    logins = {login.id for person, _ in invited if (login := world.login_of(person))}
    assert len(logins) == 1
    assert sum(not outcome.had_login for outcome in outcomes if isinstance(outcome, Accepted)) == 1


def test_one_acceptance_settles_the_persons_other_invitations_of_the_practice(world: World) -> None:
    practice_id = world.practice()
    bakery, token = world.sent(practice_id)
    mill, mill_token = world.sent(practice_id, client="Mill", email="ADA@Harbour.example")
    stranger, _ = world.sent(practice_id, client="Forge", email="bob@harbour.example")
    elsewhere, _ = world.sent(world.practice("Elm LLP"))

    world.invitations.accept(token, PASSWORD)

    login = world.login_of(bakery)
    assert login is not None
    assert (other := world.login_of(mill)) is not None
    assert other.id == login.id
    assert world.login_of(stranger) is None
    assert world.login_of(elsewhere) is None
    assert world.invitation(mill).status == InvitationStatus.ACCEPTED
    assert world.invitations.open(mill_token).state == LinkState.USED
    assert world.invitation(stranger).status == InvitationStatus.SENT
    assert world.invitation(elsewhere).status == InvitationStatus.SENT
    assert world.told() == ["slack.invitation_accepted"] * 2


def test_two_invitations_of_one_person_accepted_at_once_both_end_accepted(world: World) -> None:
    practice_id = world.practice()
    invited = [world.sent(practice_id, client=f"Client {i}") for i in range(6)]

    outcomes = _at_once([partial(world.invitations.accept, token, PASSWORD) for _, token in invited])

    assert all(isinstance(o, Accepted | InvitationClosedError) for o in outcomes), outcomes
    assert {world.invitation(person).status for person, _ in invited} == {InvitationStatus.ACCEPTED}
    assert len({login.id for person, _ in invited if (login := world.login_of(person))}) == 1


def test_whoever_has_a_login_gives_its_password(world: World) -> None:
    first, token = world.sent()
    world.invitations.accept(token, PASSWORD)
    second, token = world.sent(world.practice("Elm LLP"), email="Ada@Harbour.Example")
    assert world.invitations.open(token).has_login

    with pytest.raises(InvalidError) as caught:
        world.invitations.accept(token, "not the password I had")
    assert list(caught.value.fields) == ["password"]
    assert world.login_of(second) is None

    assert world.invitations.accept(token, PASSWORD).had_login
    one, other = world.login_of(first), world.login_of(second)
    assert one is not None
    assert other is not None
    assert one.id == other.id
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Login)) == 1


@pytest.mark.parametrize(
    "password",
    [
        "",
        "   ",
        "short",
        "x" * 129,
        "aaaaaaaaaaaa",
        "1234567890",
        "qwertyuiop",
        "Password123!",
        "P@ssw0rd2026",
        "Welcome2026!!",
        "passwordpassword",
        "1q2w3e4r5t",
        "ada@harbour.example",
        "ADA BYRNE!",
        "Adabyrne1815",
        "HarbourBakery",
        "Harbour Bakery 1",
    ],
)
def test_a_weak_password_is_refused_at_its_field_and_nothing_is_used_up(world: World, password: str) -> None:
    person, token = world.sent()

    with pytest.raises(InvalidError) as caught:
        world.invitations.accept(token, password)

    assert list(caught.value.fields) == ["password"]
    assert world.login_of(person) is None
    assert world.invitations.open(token).state == LinkState.OPEN


@pytest.mark.parametrize(
    "password",
    ["correct horse", "пароль-мой-длинный", "x9$kQz!27pLw", "密码密码很长很长的密码啊", "a b c d e f g h " * 8],
)
def test_long_passwords_of_any_script_are_taken(world: World, password: str) -> None:
    _, token = world.sent()

    assert not world.invitations.accept(token, password).had_login


def test_one_password_is_one_password_whatever_keyboard_it_was_typed_on(world: World) -> None:
    _, token = world.sent()
    world.invitations.accept(token, "cafe\u0301 au lait svp")
    _, token = world.sent(world.practice("Elm LLP"))

    assert world.invitations.accept(token, "caf\u00e9 au lait svp").had_login


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.swapcase(),
        lambda token: token + "\n",
        lambda token: "A" * 43,
        lambda token: "x" * 1_000_000,
        lambda token: "é" * 43,
        lambda token: "\udcff" * 43,
        lambda token: "٣" * 43,
        lambda token: "' OR 1=1 --",
        lambda token: "\x00" * 43,
    ],
)
def test_a_token_that_is_not_exactly_right_is_unknown(world: World, spoil: Callable[[str], str]) -> None:
    person, token = world.sent()
    unknown = InvitationPage(state=LinkState.UNKNOWN)

    assert world.invitations.open(spoil(token)) == unknown
    with pytest.raises(InvitationClosedError) as caught:
        world.invitations.accept(spoil(token), PASSWORD)
    assert caught.value.page == unknown
    with pytest.raises(InvitationClosedError):
        world.invitations.ask_for_new(spoil(token))
    assert world.invitation(person).status == InvitationStatus.SENT


def test_a_token_of_another_installation_is_unknown(world: World) -> None:
    world.sent()
    foreign = Keyring([Fernet.generate_key().decode()])

    assert world.invitations.open(foreign.new_token(b"0123456789abcdef")).state == LinkState.UNKNOWN


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (InvitationStatus.SUPERSEDED, LinkState.REPLACED),
        (InvitationStatus.REVOKED, LinkState.REVOKED),
        (InvitationStatus.EXPIRED, LinkState.EXPIRED),
        (InvitationStatus.ACCEPTED, LinkState.USED),
    ],
)
def test_a_closed_link_says_why_and_takes_no_password(world: World, status: InvitationStatus, state: LinkState) -> None:
    person, token = world.sent()
    world.change(person, status=status)

    assert world.invitations.open(token).state == state
    with pytest.raises(InvitationClosedError) as caught:
        world.invitations.accept(token, PASSWORD)
    assert caught.value.page.state == state
    assert world.login_of(person) is None


def test_the_link_of_a_deactivated_client_is_closed(world: World) -> None:
    person, token = world.sent()
    with world.database.begin() as session:
        session.get_one(Client, person.client_id).deactivated_at = world.clock.now()

    assert world.invitations.open(token).state == LinkState.REVOKED


def test_the_clock_decides_that_a_link_has_expired(world: World) -> None:
    person, token = world.sent()
    world.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert world.invitations.open(token, seen=False).state == LinkState.OPEN
    world.clock.advance(timedelta(seconds=1))

    assert world.invitations.open(token).state == LinkState.EXPIRED
    with pytest.raises(InvitationClosedError) as caught:
        world.invitations.accept(token, PASSWORD)
    assert caught.value.page.state == LinkState.EXPIRED
    assert world.invitation(person).status == InvitationStatus.SENT


def test_a_new_invitation_is_asked_for_once(world: World) -> None:
    person, token = world.sent()
    world.clock.advance(timedelta(days=8))

    pages = [world.invitations.ask_for_new(token) for _ in range(3)]

    assert [page.renewal_asked for page in pages] == [True] * 3
    assert world.told() == ["slack.invitation_renewal_asked"]
    assert world.actions(person).count("invitation.renewal_asked") == 1
    assert world.invitation(person).renewal_asked_at == world.clock.now()


def test_ten_people_asking_at_once_tell_the_inviter_once(world: World) -> None:
    person, token = world.sent()
    world.clock.advance(timedelta(days=8))

    _at_once([partial(world.invitations.ask_for_new, token)] * 10)

    assert world.told() == ["slack.invitation_renewal_asked"]
    assert world.actions(person).count("invitation.renewal_asked") == 1


def test_no_new_invitation_can_be_asked_for_while_the_link_works(world: World) -> None:
    _, token = world.sent()

    with pytest.raises(InvitationClosedError) as caught:
        world.invitations.ask_for_new(token)

    assert caught.value.page.state == LinkState.OPEN
    assert world.told() == []


def test_the_sweep_marks_what_has_expired_and_nothing_else(world: World) -> None:
    practice_id = world.practice()
    old = [world.invite(practice_id, client=f"Old {i}") for i in range(3)]
    accepted = world.invite(practice_id, client="Accepted")
    world.change(accepted, status=InvitationStatus.ACCEPTED)
    world.clock.advance(timedelta(days=7))
    fresh = world.invite(practice_id, client="Fresh")

    assert world.invitations.expire() == 3
    assert world.invitations.expire(world.clock.now()) == 0

    assert {world.invitation(person).status for person in old} == {InvitationStatus.EXPIRED}
    assert world.invitation(accepted).status == InvitationStatus.ACCEPTED
    assert world.invitation(fresh).status == InvitationStatus.QUEUED
    assert world.actions(old[0]) == ["invitation.created", "invitation.expired"]


def test_once_the_inviter_has_left_the_account_manager_else_the_admins_hear_of_it(world: World) -> None:
    person, first = world.sent()
    managed, second = world.sent(person.practice_id, client="Managed", email="mo@managed.example")
    with world.database.begin() as session:
        grace = session.scalars(select(Colleague)).one()
        grace.active = False
        others = {
            name: Colleague(
                practice_id=grace.practice_id,
                slack_user_id=name,
                name=name,
                role=role,
                active=name != "U-GONE",
                created_at=world.clock.now(),
            )
            for name, role in (
                ("U-ADMIN", Role.PRACTICE_ADMIN),
                ("U-CLIENTS", Role.CLIENT_ADMIN),
                ("U-GONE", Role.PRACTICE_ADMIN),
                ("U-MANAGES", Role.STANDARD),
            )
        }
        session.add_all(others.values())

    def told() -> set[str]:
        with world.database.read() as session:
            ids = [job.args["colleague_id"] for job in session.scalars(select(Job).where(Job.lane == Lane.SLACK))]
        return {name for name, each in others.items() if str(each.id) in ids}

    world.invitations.accept(first, PASSWORD)
    assert told() == {"U-ADMIN", "U-CLIENTS"}

    with world.database.begin() as session:
        session.get_one(Client, managed.client_id).account_manager_id = others["U-MANAGES"].id
    world.invitations.accept(second, PASSWORD)
    assert told() == {"U-ADMIN", "U-CLIENTS", "U-MANAGES"}


def test_a_notice_holds_all_that_a_message_says(world: World) -> None:
    person, token = world.sent()
    sent_at = world.clock.now()
    world.clock.advance(timedelta(hours=3))
    world.invitations.open(token)

    assert world.invitations.notice(person.invitation_id) == InvitationNotice(
        invitation_id=person.invitation_id,
        practice_id=person.practice_id,
        client_id=person.client_id,
        client_name="Harbour Bakery",
        person_name="Ada Byrne",
        email="ada@harbour.example",
        status=InvitationStatus.OPENED,
        failure=None,
        created_at=sent_at,
        expires_at=sent_at + timedelta(days=7),
        sent_at=sent_at,
        opened_at=world.clock.now(),
        accepted_at=None,
        renewal_asked_at=None,
    )


def test_a_notice_of_nothing_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.invitations.notice(uuid.uuid4())


def test_a_sender_that_is_no_address_is_refused_at_the_start(world: World) -> None:
    with pytest.raises(ValueError, match="EMAIL_FROM"):
        InvitationService(
            world.database, world.keys, world.outbox, public_url="https://x", email_from="nobody", now=world.clock.now
        )


def _at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    """What each call returned or raised, all begun together."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait(timeout=10)
        try:
            return call()
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
