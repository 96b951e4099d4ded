"""What becomes of a row: the client, its contact, their invitation, its income sources."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    AccountingMethod,
    BusinessType,
    Channel,
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    ImportState,
    IncomeSource,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Job,
    Lane,
    PeriodType,
    Plan,
    Practice,
    Region,
    Software,
    SoloDetails,
    Solutions,
    TaxCategories,
)
from db.session import Database
from services.audit.masking import MASK
from services.clients.search import ClientSearchService, Wish
from services.invitations.inviting import EMAIL_KIND, SMS_KIND
from services.uploads import adding, chunks
from services.uploads import template as the
from services.uploads.adding import free_extract_names
from tests.builders import KEYS, Office, login, office
from tests.fakes import Clock
from tests.services.uploads.desk import Desk, business, counts, desk

SOLO = {
    the.CLIENT_TYPE: "Self-employed",
    the.NAME: "Pat Doe",
    the.CODE: "S1",
    the.NINO: "AB123456C",
    the.UTR: "3282497350",
    the.POSTCODE: "SW1A 1AA",
    the.SOURCE_NAME: "Window cleaning",
    the.SOURCE_TYPE: "Self-employment",
}
INVITED = {the.FIRST_NAME: "Pat", the.EMAIL: "pat@acme.example", the.EMAIL_INVITE: "Yes"}


def one(database: Database, model: Any) -> Any:
    with database.read() as session:
        return session.scalars(select(model)).one()


def test_a_client_is_created_with_all_that_belongs_to_it(uploads: Desk, birch: Office, database: Database) -> None:
    run = uploads.imported(
        birch.ada,
        business(
            1,
            **INVITED,
            **{
                the.INDUSTRY: "Wholesale",
                the.COUNTRY: "Ireland",
                the.CURRENCY: "EUR",
                the.LAST_NAME: "Doe",
                the.MOBILE: "+447911123456",
                the.COLLEAGUES: "u_sam@birch.example; u_clem@birch.example",
            },
        ),
    )

    assert (run.state, counts(run)) == (ImportState.FINISHED, {"created": 1, "invited": 1})
    client = one(database, Client)
    assert (client.name, client.practice_code, client.industry, client.country, client.base_currency) == (
        "Client 001 Ltd",
        "C001",
        "Wholesale",
        "IE",
        "EUR",
    )
    assert (client.kind, client.solutions, client.software) == (
        ClientKind.BUSINESS,
        Solutions.BOOKKEEPING,
        Software.LATER,
    )
    assert (client.extract_name, client.created_by) == ("client-001-ltd", birch.ada.colleague_id)
    assert (client.name_key, client.code_key, client.bare_code) == ("client 001", "c001", "c001")
    with database.read() as session:
        assert client.applied_defaults == session.get_one(Practice, birch.practice_id).client_defaults
    assert one(database, ClientAccess).colleague_id == birch.sam.colleague_id
    user = one(database, ClientUser)
    assert (user.name, user.email, user.mobile, user.is_owner) == (
        "Pat Doe",
        "pat@acme.example",
        "+447911123456",
        True,
    )
    invitation = one(database, Invitation)
    assert (invitation.client_user_id, invitation.status, invitation.mobile) == (
        user.id,
        InvitationStatus.QUEUED,
        None,
    )
    assert invitation.next_reminder_at is not None
    assert one(database, InvitationLink).channel is Channel.EMAIL
    with database.read() as session:
        (job,) = session.scalars(select(Job).where(Job.kind.in_((EMAIL_KIND, SMS_KIND))))
    assert (job.kind, job.lane, job.args) == (EMAIL_KIND, Lane.MAIL, {"invitation_id": str(invitation.id)})
    found = ClientSearchService(database).find(birch.ada, Wish("acme.example"))
    assert [line.name for line in found.lines] == ["Client 001 Ltd"]


def test_numbers_in_a_name_are_masked_in_the_audit_trail(uploads: Desk, birch: Office) -> None:
    uploads.imported(birch.ada, business(1, **{the.NAME: "Pat AB123456C"}), business(2))
    names = [(after or {})["name"] for _, _, after in uploads.audited("client.created")]
    assert names == ["Pat •••", "Client 002 Ltd"]


def test_a_client_that_is_there_is_brought_up_to_its_row(database: Database, clock: Clock) -> None:
    elm = office(database, plan=Plan.ADVANCED, teams=("North",), bundle=100)
    uploads = desk(database, clock, elm)
    uploads.imported(elm.ada, business(1), business(2))
    run = uploads.imported(
        elm.ada,
        business(
            1,
            **INVITED,
            **{
                the.NAME: "Renamed Ltd",
                the.INDUSTRY: "Wholesale",
                the.COLLEAGUES: "u_sam@birch.example",
                the.TEAM: "north",
            },
        ),
        business(2),
    )
    assert (counts(run), run.unchanged) == ({"updated": 1, "invited": 1}, 1)
    client = uploads.client("Renamed Ltd")
    assert (client.name_key, client.industry, client.extract_name) == ("renamed", "Wholesale", "client-001-ltd")
    with database.read() as session:
        access = session.scalars(select(ClientAccess)).all()
    assert {(each.colleague_id, each.team_id) for each in access} == {
        (elm.sam.colleague_id, None),
        (None, elm.teams["North"]),
    }
    assert one(database, ClientUser).client_id == client.id
    assert one(database, Invitation).status is InvitationStatus.QUEUED
    ((_, before, after),) = uploads.audited("client.details_changed")
    assert before == {"industry": None, "name": "Client 001 Ltd"}
    assert after == {"industry": "Wholesale", "name": "Renamed Ltd", "import": str(run.run_id)}
    found = ClientSearchService(database).find(elm.ada, Wish("renamed"))
    assert [line.name for line in found.lines] == ["Renamed Ltd"]


def test_a_contact_who_comes_later_has_an_entry_of_their_own_in_the_audit_trail(uploads: Desk, birch: Office) -> None:
    uploads.imported(birch.ada, business(1))
    contact = {the.FIRST_NAME: "Pat", the.EMAIL: "pat@acme.example", the.MOBILE: "+447911123456"}
    uploads.imported(birch.ada, business(1, **contact))
    added = {"name": "Pat", "email": "pat@acme.example", "mobile": f"{MASK} 456"}
    assert uploads.audited("client_user.added") == [("client_user.added", None, added)]


def test_access_for_a_time_becomes_access_for_good(uploads: Desk, birch: Office, database: Database) -> None:
    uploads.imported(birch.ada, business(1))
    with database.begin() as session:
        client = session.scalars(select(Client)).one()
        until = database.now() + timedelta(days=3)
        session.add(ClientAccess(client_id=client.id, colleague_id=birch.sam.colleague_id, until=until))
    run = uploads.imported(birch.ada, business(1, **{the.COLLEAGUES: "u_sam@birch.example"}))
    assert counts(run) == {"updated": 1}
    assert one(database, ClientAccess).until is None


def test_another_e_mail_of_the_contact_ends_the_invitation_and_sends_another(
    uploads: Desk, birch: Office, database: Database
) -> None:
    uploads.imported(birch.ada, business(1, **INVITED))
    run = uploads.imported(
        birch.ada,
        business(1, **{the.FIRST_NAME: "Kim", the.EMAIL: "kim@acme.example", the.MOBILE: "+447911123456"}),
    )
    assert counts(run) == {"updated": 1, "invited": 1}
    user = one(database, ClientUser)
    assert (user.name, user.email, user.email_key, user.mobile) == (
        "Kim",
        "kim@acme.example",
        "kim@acme.example",
        "+447911123456",
    )
    with database.read() as session:
        rows = session.scalars(select(Invitation).order_by(Invitation.id)).all()
    assert [(row.email, row.status) for row in rows] == [
        ("pat@acme.example", InvitationStatus.SUPERSEDED),
        ("kim@acme.example", InvitationStatus.QUEUED),
    ]


def test_an_e_mail_of_somebody_who_signs_in_is_not_put_in_place_of_another(
    uploads: Desk, birch: Office, database: Database
) -> None:
    uploads.imported(birch.ada, business(1, **INVITED))
    login(database, "kim@acme.example")
    run = uploads.imported(birch.ada, business(1, **{the.FIRST_NAME: "Kim", the.EMAIL: "kim@acme.example"}))
    assert counts(run) == {"failed": 1}
    assert [each.column for each in run.failed] == [the.EMAIL]
    assert one(database, ClientUser).email == "pat@acme.example"


def test_one_person_is_invited_once_and_not_at_all_with_a_login(
    uploads: Desk, birch: Office, database: Database
) -> None:
    login_id = login(database, "kim@acme.example")
    kim = {**INVITED, the.EMAIL: "Kim@acme.example"}
    run = uploads.imported(birch.ada, business(1, **INVITED), business(2, **INVITED), business(3, **kim))
    assert counts(run) == {"created": 3, "invited": 1, "left": 2}
    with database.read() as session:
        users = session.scalars(select(ClientUser).order_by(ClientUser.id)).all()
    assert [user.login_id for user in users] == [None, None, login_id]
    later = uploads.imported(birch.ada, business(4, **INVITED))
    assert counts(later) == {"created": 1, "left": 1}
    again = uploads.checked(birch.ada, *(business(number, **INVITED) for number in (1, 2, 4)))
    assert (again.updates, again.unchanged) == (0, 3)


@pytest.mark.parametrize(
    ("email", "sms", "ways"),
    [("Yes", "No", [Channel.EMAIL]), ("Yes", "Yes", [Channel.EMAIL, Channel.SMS]), ("No", "Yes", [Channel.SMS])],
)
def test_invitations_go_the_ways_that_are_asked(
    database: Database, clock: Clock, birch: Office, email: str, sms: str, ways: list[Channel]
) -> None:
    uploads = desk(database, clock, birch, texts=True)
    run = uploads.imported(
        birch.ada,
        business(1, **INVITED | {the.EMAIL_INVITE: email, the.SMS_INVITE: sms, the.MOBILE: "+447911123456"}),
    )
    assert counts(run) == {"created": 1, "invited": 1}
    with database.read() as session:
        assert sorted(session.scalars(select(InvitationLink.channel))) == ways
        kinds = sorted(session.scalars(select(Job.kind).where(Job.kind.in_((EMAIL_KIND, SMS_KIND)))))
    assert kinds == sorted({Channel.EMAIL: EMAIL_KIND, Channel.SMS: SMS_KIND}[way] for way in ways)


def test_a_self_employed_client_comes_with_its_numbers_and_sources(
    uploads: Desk, birch: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = {the.CODE: "S1", the.SOURCE_NAME: "Flat", the.SOURCE_TYPE: "UK property", the.METHOD: "Accruals"}
    monkeypatch.setattr(chunks, "AT_ONCE", 1)
    run = uploads.imported(birch.ada, SOLO, flat)
    assert counts(run) == {"created": 1, "sources": 1}
    client = one(database, Client)
    assert (client.kind, client.software) == (ClientKind.SOLO, Software.NONE)
    details = one(database, SoloDetails)
    assert KEYS.decrypt(details.nino) == "AB123456C"
    assert KEYS.decrypt(details.utr) == "3282497350"
    assert details.postcode == "SW1A 1AA"
    with database.read() as session:
        sources = session.scalars(select(IncomeSource).order_by(IncomeSource.id)).all()
    assert [(each.name, each.business_type, each.accounting_method, each.period_type) for each in sources] == [
        ("Window cleaning", BusinessType.SELF_EMPLOYMENT, AccountingMethod.CASH, PeriodType.STANDARD),
        ("Flat", BusinessType.UK_PROPERTY, AccountingMethod.ACCRUALS, PeriodType.STANDARD),
    ]
    audited = uploads.audited("client.numbers_changed", "client.income_source_added")
    assert audited[0][2] == {"nino": "•••", "utr": "•••", "postcode": "SW1A 1AA"}
    assert len(audited) == 3

    again = uploads.checked(birch.ada, SOLO, flat)
    assert (again.total, again.unchanged) == (0, 2)
    changed = uploads.imported(
        birch.ada, {**SOLO, the.POSTCODE: "EC1A 1BB", the.PERIODS: "Calendar"}, {**flat, the.METHOD: "Cash basis"}
    )
    assert counts(changed) == {"updated": 2}
    with database.read() as session:
        assert session.scalars(select(SoloDetails.postcode)).one() == "EC1A 1BB"
        rows = session.execute(
            select(IncomeSource.name, IncomeSource.accounting_method, IncomeSource.period_type).order_by(
                IncomeSource.id
            )
        )
        assert [tuple(row) for row in rows] == [
            ("Window cleaning", AccountingMethod.CASH, PeriodType.CALENDAR),
            ("Flat", AccountingMethod.CASH, PeriodType.STANDARD),
        ]


def test_a_further_source_in_the_same_chunk_goes_with_its_client(uploads: Desk, birch: Office) -> None:
    flat = {the.CODE: "S1", the.SOURCE_NAME: "Flat", the.SOURCE_TYPE: "UK property"}
    named = {**flat, the.NAME: "Pat Doe", the.SOURCE_NAME: "Shop", the.SOURCE_TYPE: "Self-employment"}
    assert counts(uploads.imported(birch.ada, SOLO, flat, named)) == {"created": 1, "sources": 2}
    assert uploads.count(IncomeSource) == 3


def test_a_sole_proprietor_gets_the_tax_categories_of_the_country(database: Database, clock: Clock) -> None:
    oak = office(database, region=Region.UNITED_STATES, bundle=10)
    uploads = desk(database, clock, oak)
    uploads.imported(oak.ada, business(1, **{the.SELF_EMPLOYED: "Yes"}), business(2))
    client = uploads.client("Client 001 Ltd")
    assert (client.tax_categories, client.software) == (TaxCategories.SCHEDULE_C, Software.NONE)
    run = uploads.imported(oak.ada, business(2, **{the.SELF_EMPLOYED: "Yes"}))
    client = uploads.client("Client 002 Ltd")
    assert (counts(run), client.tax_categories, client.software) == (
        {"updated": 1},
        TaxCategories.SCHEDULE_C,
        Software.NONE,
    )


def test_whoever_adds_clients_can_open_them(uploads: Desk, birch: Office, database: Database) -> None:
    uploads.imported(birch.jo, business(1))
    assert one(database, ClientAccess).colleague_id == birch.jo.colleague_id
    assert [line.name for line in ClientSearchService(database).find(birch.jo, Wish()).lines] == ["Client 001 Ltd"]


def test_names_alike_get_extract_addresses_of_their_own(uploads: Desk, birch: Office, small_chunks: None) -> None:
    uploads.imported(birch.ada, *({the.NAME: "Smith", the.CODE: f"S{number}"} for number in range(45)))
    uploads.imported(birch.ada, {the.NAME: "Smith 2", the.CODE: "x"}, {the.NAME: "Admin", the.CODE: "y"})
    with uploads.database.read() as session:
        names = set(session.scalars(select(Client.extract_name)))
    assert names == {"smith", *(f"smith-{n}" for n in range(2, 46)), "smith-2-2", "admin-2"}


def test_extract_names_are_found_in_one_lookup_and_never_given_twice(uploads: Desk, birch: Office) -> None:
    uploads.imported(birch.ada, {the.NAME: "Acme", the.CODE: "1"}, {the.NAME: "Acme 3", the.CODE: "2"})
    wanted = ["Acme", "Acme 2", "Acme", "Acme-3", "Elm", "ACME", "!!!"]
    with uploads.database.read() as session:
        found = free_extract_names(session, wanted)
    assert found[4] == "elm"
    assert found[6] == "client"
    assert len({*found, "acme", "acme-3"}) == len(wanted) + 2
    assert all(name.startswith("acme-") for name in found[:4])


def test_an_extract_name_that_another_practice_takes_at_the_same_moment_is_passed_over(
    uploads: Desk, birch: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, first = adding.free_extract_names, [True]
    uploads.imported(birch.ada, {the.NAME: "Acme", the.CODE: "1"})

    def blind(session: Session, names: list[str]) -> list[str]:
        return ["acme"] if first.pop() else real(session, names)

    first.insert(0, False)
    monkeypatch.setattr(adding, "free_extract_names", blind)
    run = uploads.imported(birch.ada, {the.NAME: "Acme", the.CODE: "2"})
    assert counts(run) == {"created": 1}
    with uploads.database.read() as session:
        assert set(session.scalars(select(Client.extract_name))) == {"acme", "acme-2"}
