import uuid

import pytest

from db.models import (
    AccountingMethod,
    BusinessType,
    ClientKind,
    PeriodType,
    Plan,
    Region,
    Software,
    Solutions,
    TaxCategories,
)
from services.uploads.checking import MOST_SOURCES, check
from services.uploads.records import WHOLE_ROW, Action, ClientRow, KnownClient, Row, Source, SourceRow
from services.uploads.template import (
    CLIENT_TYPE,
    CODE,
    COLLEAGUES,
    COUNTRY,
    CURRENCY,
    EMAIL,
    EMAIL_INVITE,
    FIRST_NAME,
    INDUSTRY,
    LAST_NAME,
    METHOD,
    MOBILE,
    NAME,
    NINO,
    PERIODS,
    POSTCODE,
    SELF_EMPLOYED,
    SMS_INVITE,
    SOLUTIONS,
    SOURCE_NAME,
    SOURCE_TYPE,
    TEAM,
    UTR,
)
from tests.services.uploads.files import checked, client, content, known, one, problems, table

ADA, BEN, NORTH, ACME_ID, PAT_ID = (uuid.UUID(int=number) for number in range(1, 6))
US = known(region=Region.UNITED_STATES)

ACME = KnownClient(
    ACME_ID,
    "Acme Ltd",
    ClientKind.BUSINESS,
    practice_code="A1",
    industry="Legal services",
    country="GB",
    base_currency="GBP",
    contact_name="Kim Lee",
    contact_email="kim@acme.example",
)
TAXI = Source("Taxi", BusinessType.SELF_EMPLOYMENT, AccountingMethod.CASH, PeriodType.STANDARD)
PAT = KnownClient(PAT_ID, "Pat Hill", ClientKind.SOLO, practice_code="P1", sources={"taxi": TAXI})

SOLO = {CLIENT_TYPE: "Self-employed", NAME: "Pat Hill", CODE: "P1", SOURCE_NAME: "Taxi", SOURCE_TYPE: "Self-employment"}
FLAT = {CODE: "P1", SOURCE_NAME: "Flat", SOURCE_TYPE: "UK property"}


def actions(*rows: Row) -> list[Action | None]:
    return [row.action for row in rows]


def test_a_row_becomes_a_client_with_all_that_it_says() -> None:
    practice = known(
        has_dhi=True, colleagues={"ada@firm.example": ADA, "ben@firm.example": None}, teams={"north": NORTH}
    )
    row = one(
        {
            CLIENT_TYPE: "business",
            NAME: "  Acme   Ltd ",
            CODE: " A1",
            INDUSTRY: "legal services",
            COUNTRY: "United Kingdom",
            CURRENCY: "gbp",
            SOLUTIONS: "Bookkeeping + Data Health & Insights",
            FIRST_NAME: "Kim",
            LAST_NAME: "Lee",
            EMAIL: " kim@acme.example ",
            MOBILE: "+44 7911 123456",
            EMAIL_INVITE: "yes",
            SMS_INVITE: "Y",
            COLLEAGUES: "Ada@firm.example; ben@firm.example",
            TEAM: "NORTH",
        },
        practice,
    )

    assert row.parsed == ClientRow(
        kind=ClientKind.BUSINESS,
        name="Acme Ltd",
        practice_code="A1",
        industry="Legal services",
        country="GB",
        base_currency="GBP",
        solutions=Solutions.BOOKKEEPING_DHI,
        software=Software.LATER,
        tax_categories=None,
        contact_name="Kim Lee",
        contact_email="kim@acme.example",
        contact_mobile="+447911123456",
        invite_by_email=True,
        invite_by_sms=True,
        colleagues=(ADA,),
        team=NORTH,
        nino=None,
        utr=None,
        postcode=None,
        source=None,
    )
    assert row[2:4] + row[5:] == ({}, {}, Action.CREATE, None, (), False, "")


def test_a_name_is_enough() -> None:
    row = one({NAME: "Acme"})

    assert (row.action, client(row).kind, client(row).solutions) == (Action.CREATE, ClientKind.BUSINESS, None)


def test_all_that_is_wrong_with_a_row_is_named_by_column() -> None:
    assert problems(
        {
            CLIENT_TYPE: "Bussiness",
            CODE: "1.2E+05",
            COUNTRY: "Atlantis",
            CURRENCY: "Pounds",
            SOLUTIONS: "Bookkeeping + DHI",
            FIRST_NAME: "K" * 121,
            EMAIL: "kim",
            MOBILE: "4.47E+11",
            EMAIL_INVITE: "perhaps",
            COLLEAGUES: "zed@firm.example",
            TEAM: "South",
            NINO: "QQ123456C",
        }
    ) == [
        {
            CLIENT_TYPE: "“Bussiness” is not known here. Did you mean Business?",
            NAME: "Enter the client's name.",
            CODE: "Excel changed this code to 1.2E+05. Format the column as text and enter it again.",
            COUNTRY: "“Atlantis” is not known here. Write its name in English, or its two letters.",
            CURRENCY: "“Pounds” is not known here. Write its three letters, such as GBP or USD.",
            SOLUTIONS: "Your practice does not have Data Health & Insights. Write Bookkeeping.",
            FIRST_NAME: "Use at most 120 characters; this has 121.",
            EMAIL: "Enter a whole e-mail address, such as name@example.com.",
            MOBILE: "Excel changed this number to 4.47E+11. Format the column as text and enter it again.",
            EMAIL_INVITE: "“perhaps” is not known here. Write Yes or No.",
            COLLEAGUES: "No colleague here has this e-mail: zed@firm.example.",
            TEAM: "No team is called “South”. Write the name of one, or leave this empty.",
            NINO: "Only for clients who are Self-employed under Client type. Leave it empty.",
        }
    ]


@pytest.mark.parametrize("name", ["A\u0007cme", "Ac\u200bme", "x" * 256])
def test_a_name_is_printable_and_no_longer_than_it_can_be(name: str) -> None:
    assert list(problems({NAME: name})[0]) == [NAME]


def test_a_row_with_more_cells_than_headers_is_not_taken() -> None:
    data = content({NAME: "Acme"}).rstrip() + b",Ltd\n"
    (row,) = check(table(data), known())

    assert row.problems == {
        WHOLE_ROW: "This row has 1 cell more than there are headers. "
        "Put quotation marks around a text with a comma in it."
    }
    assert (row.action, row.parsed) == (None, None)


class TestContact:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({EMAIL: "k@a.example"}, {FIRST_NAME: "Enter the contact's name."}),
            ({EMAIL_INVITE: "Yes", FIRST_NAME: "Kim"}, {EMAIL: "Enter the e-mail address to invite."}),
            ({FIRST_NAME: "Kim"}, {EMAIL: "Enter the contact's e-mail address, or leave all of the contact empty."}),
            (
                {FIRST_NAME: "Kim", EMAIL: "k@a.example", SMS_INVITE: "Yes"},
                {MOBILE: "Enter the mobile number to text."},
            ),
            ({LAST_NAME: "Lee", EMAIL: "k@a.example", EMAIL_INVITE: "Yes"}, {}),
        ],
    )
    def test_an_invitation_needs_whom_and_where(self, cells: dict[str, str], expected: dict[str, str]) -> None:
        assert problems({NAME: "Acme", **cells}) == [expected]

    def test_no_text_message_goes_where_they_are_not_set_up(self) -> None:
        cells = {NAME: "Acme", FIRST_NAME: "Kim", EMAIL: "k@a.example", MOBILE: "+447911123456", SMS_INVITE: "Yes"}

        assert problems(cells, at=known(texts=False)) == [{SMS_INVITE: "Text messages are not set up here. Write No."}]


class TestRegionAndPlan:
    def test_self_employed_clients_are_for_the_uk(self) -> None:
        assert problems({CLIENT_TYPE: "Self-employed", NAME: "Pat"}, at=US) == [
            {
                CLIENT_TYPE: "Self-employed clients are for practices in the UK. "
                "Write Business and Yes under Self-employed.",
                SOURCE_NAME: "Enter at least one income source.",
            }
        ]

    def test_a_sole_proprietor_has_the_categories_of_its_country_and_no_software(self) -> None:
        found = [
            client(one({NAME: "Pat", SELF_EMPLOYED: "Yes"}, known(region=each))) for each in (US.region, Region.CANADA)
        ]

        assert [(each.tax_categories, each.software) for each in found] == [
            (TaxCategories.SCHEDULE_C, Software.NONE),
            (TaxCategories.T2125, Software.NONE),
        ]
        assert client(one({NAME: "Pat", SELF_EMPLOYED: "No"}, US)).tax_categories is None

    def test_elsewhere_there_is_no_switch(self) -> None:
        row = content({NAME: "Pat", SELF_EMPLOYED: "Yes"}, region=Region.UNITED_STATES)
        (found,) = check(table(row, Region.IRELAND), known(region=Region.IRELAND))

        assert found.problems == {SELF_EMPLOYED: "Only for practices in the US and Canada. Leave it empty."}

    def test_a_client_with_accounting_software_is_not_switched(self) -> None:
        practice = known(ACME._replace(software=Software.XERO), region=Region.CANADA)

        assert problems({NAME: "Acme Ltd", CODE: "A1", SELF_EMPLOYED: "Yes"}, at=practice) == [
            {SELF_EMPLOYED: "Acme Ltd is connected to accounting software. Write No."}
        ]

    def test_teams_are_part_of_the_advanced_plan(self) -> None:
        practice = known(plan=Plan.ESSENTIALS, teams={"north": NORTH})

        assert problems({NAME: "Acme", TEAM: "North"}, at=practice) == [
            {TEAM: "Teams are part of the Advanced plan. Leave this empty."}
        ]


class TestBundle:
    def test_rows_over_it_are_not_taken_and_updates_need_no_place(self) -> None:
        rows = checked(
            {NAME: "One"}, {}, {NAME: "Acme", CODE: "A1"}, {NAME: "Two"}, {NAME: ""}, at=known(ACME, places=1)
        )

        assert [(row.number, row.action, row.over_bundle) for row in rows] == [
            (2, Action.CREATE, False),
            (4, Action.UPDATE, False),
            (5, None, True),
        ]
        assert rows[2].problems == {WHOLE_ROW: "Over the bundle: your subscription has no place left for this client."}

    def test_a_row_with_problems_takes_no_place(self) -> None:
        rows = checked({NAME: "One", EMAIL: "?"}, {NAME: "Two"}, at=known(places=1))

        assert actions(*rows) == [None, Action.CREATE]


class TestSameInFile:
    def test_a_practice_code_is_one_clients(self) -> None:
        assert problems({NAME: "Acme", CODE: "A1"}, {NAME: "Birch", CODE: "a1 "}) == [
            {},
            {CODE: "Row 2 has this practice code, too. Each client needs its own."},
        ]

    def test_an_equal_name_warns_where_codes_tell_the_two_apart(self) -> None:
        _, second = checked({NAME: "Acme Ltd", CODE: "A1"}, {NAME: "ACME Limited", CODE: "A2"})

        assert (second.problems, second.warnings) == ({}, {NAME: "Row 2 has this name, too."})

    @pytest.mark.parametrize("codes", [("", ""), ("A1", "")])
    def test_an_equal_name_without_a_code_is_not_taken(self, codes: tuple[str, str]) -> None:
        _, second = problems(*({NAME: "Acme", CODE: code} for code in codes))

        assert second == {NAME: "Row 2 has this name, too. Give both a practice code, or remove one."}

    def test_two_rows_that_stand_for_one_client_are_not_both_taken(self) -> None:
        again = {NAME: "Acme Ltd", FIRST_NAME: "Kim", EMAIL: "kim@acme.example"}
        _, second = problems({NAME: "Acme Two", CODE: "A1"}, again, at=known(ACME))

        assert second == {NAME: "Row 2 is for the same client, Acme Ltd. Remove one of the two."}


class TestClientThatIsThere:
    def test_nothing_new_is_skipped(self) -> None:
        row = one({NAME: "Acme Ltd", CODE: "a1", EMAIL: "KIM@acme.example", INDUSTRY: "legal services"}, known(ACME))

        assert (row.action, row.client_id, row.changes, row.why) == (
            Action.SKIP,
            ACME_ID,
            (),
            "Nothing in it differs from what there is.",
        )

    def test_what_differs_is_named_and_what_is_empty_stays(self) -> None:
        row = one(
            {NAME: "Acme & Sons", CODE: "A1", COUNTRY: "IE", MOBILE: "+447911123456", COLLEAGUES: "ada@firm.example"},
            known(ACME, colleagues={"ada@firm.example": ADA}),
        )

        assert (row.action, row.changes) == (Action.UPDATE, ("name", "country", "contact_mobile", "colleagues"))

    def test_the_e_mail_of_an_owner_who_has_accepted_stays(self) -> None:
        cells = {NAME: "Acme Ltd", CODE: "A1", EMAIL: "new@acme.example"}
        before, after = one(cells, known(ACME)), one(cells, known(ACME._replace(owner_accepted=True)))

        assert (before.action, before.changes) == (Action.UPDATE, ("contact_email",))
        assert (after.action, after.warnings) == (
            Action.SKIP,
            {EMAIL: "kim@acme.example has accepted an invitation, so the e-mail stays as it is."},
        )

    @pytest.mark.parametrize(
        ("held", "changes"),
        [(ACME, ("invite",)), (ACME._replace(invited=True), ()), (ACME._replace(owner_accepted=True), ())],
    )
    def test_nobody_is_invited_twice(self, held: KnownClient, changes: tuple[str, ...]) -> None:
        row = one({NAME: "Acme Ltd", CODE: "A1", EMAIL_INVITE: "Yes"}, known(held))

        assert row.changes == changes

    def test_without_a_code_name_and_e_mail_tell_who_it_is(self) -> None:
        row = one({NAME: "ACME Limited", EMAIL: "Kim@acme.example"}, known(ACME))

        assert (row.action, row.client_id, row.changes) == (Action.UPDATE, ACME_ID, ("name",))

    @pytest.mark.parametrize("email", ["", "other@acme.example"])
    def test_the_name_alone_does_not(self, email: str) -> None:
        assert problems({NAME: "Acme Ltd", FIRST_NAME: "Kim", EMAIL: email or "x@y.example"}, at=known(ACME)) == [
            {
                NAME: "Acme Ltd is there already, with the practice code A1. "
                "Give a practice code: this client's, or a new one."
            }
        ]

    def test_a_row_with_neither_code_nor_contact_is_a_client_with_neither(self) -> None:
        bare = KnownClient(ACME_ID, "Acme Ltd", ClientKind.BUSINESS)

        assert one({NAME: "Acme Ltd"}, known(bare)).action is Action.SKIP
        assert one({NAME: "Acme Limited"}, known(bare)).action is None

    def test_a_client_without_a_code_gets_the_one_of_its_row(self) -> None:
        row = one({NAME: "Acme Ltd", CODE: "N1", EMAIL: "kim@acme.example"}, known(ACME._replace(practice_code=None)))

        assert (row.client_id, row.changes) == (ACME_ID, ("practice_code",))

    def test_an_equal_name_with_another_code_warns(self) -> None:
        row = one({NAME: "Acme Ltd", CODE: "A2"}, known(ACME))

        assert (row.action, row.warnings) == (
            Action.CREATE,
            {NAME: "Acme Ltd is there already, with the practice code A1."},
        )

    def test_zeros_that_excel_took_off_a_code_are_named(self) -> None:
        practice = known(ACME._replace(practice_code="0012"))
        text = "Acme Ltd has the code 0012. If Excel took zeros off, format the column as text."

        same, other = one({NAME: "Acme Ltd", CODE: "12"}, practice), one({NAME: "Birch", CODE: "12"}, practice)

        assert (same.problems, same.action) == ({CODE: text}, None)
        assert (other.warnings, other.action) == ({CODE: text}, Action.CREATE)

    def test_one_that_is_deactivated_is_skipped_unless_something_would_change(self) -> None:
        practice = known(ACME._replace(deactivated=True))

        assert one({NAME: "Acme Ltd", CODE: "A1"}, practice).action is Action.SKIP
        assert problems({NAME: "Acme Two", CODE: "A1"}, at=practice) == [
            {NAME: "Acme Ltd is deactivated. Reactivate it first, or leave this row out."}
        ]

    def test_its_kind_stays(self) -> None:
        assert problems({**SOLO, CODE: "A1"}, at=known(ACME)) == [
            {
                CLIENT_TYPE: "Acme Ltd is a business client, which can't be changed. "
                "Leave this empty, or give the row a practice code of its own."
            }
        ]


class TestIncomeSources:
    def test_a_self_employed_client_comes_with_the_first_and_further_rows_add_more(self) -> None:
        cells = {
            **SOLO,
            NINO: "ab 12 34 56 c",
            UTR: "32824 97350",
            POSTCODE: "sw1a1aa",
            METHOD: "accruals",
            EMAIL: "p@h.example",
        }
        first, second = checked(cells, {**FLAT, PERIODS: "Calendar"})

        parsed = client(first)
        assert (parsed.kind, parsed.software, parsed.nino, parsed.utr, parsed.postcode, parsed.source) == (
            ClientKind.SOLO,
            Software.NONE,
            "AB123456C",
            "3282497350",
            "SW1A 1AA",
            Source("Taxi", BusinessType.SELF_EMPLOYMENT, AccountingMethod.ACCRUALS, None),
        )
        assert second.parsed == SourceRow("P1", Source("Flat", BusinessType.UK_PROPERTY, None, PeriodType.CALENDAR))
        assert actions(first, second) == [Action.CREATE, Action.CREATE]

    def test_a_further_row_may_repeat_the_name_of_its_client(self) -> None:
        _, second = checked(SOLO, {**SOLO, **FLAT, EMAIL: "p@h.example"})

        assert isinstance(second.parsed, SourceRow)
        assert second.warnings == {
            WHOLE_ROW: "Of this row, only the income source is taken: the client is in a row above."
        }

    def test_the_first_one_is_required(self) -> None:
        assert problems({CLIENT_TYPE: "Solo", NAME: "Pat"}) == [{SOURCE_NAME: "Enter at least one income source."}]

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({SOURCE_NAME: ""}, {SOURCE_NAME: "Enter the income source's name."}),
            ({SOURCE_TYPE: ""}, {SOURCE_TYPE: "Write Self-employment or UK property."}),
            ({METHOD: "Guess"}, {METHOD: "“Guess” is not known here. Write Cash basis or Accruals."}),
            (
                {UTR: "123456789"},
                {UTR: "A UTR has 10 digits; this has 9. If it begins with 0, format the column as text."},
            ),
            (
                {UTR: "1.23E+09"},
                {UTR: "Excel changed this number to 1.23E+09. Format the column as text and enter it again."},
            ),
        ],
    )
    def test_what_is_wrong_with_it_is_named(self, cells: dict[str, str], expected: dict[str, str]) -> None:
        assert problems({**SOLO, **cells}) == [expected]

    @pytest.mark.parametrize(
        ("cells", "words"),
        [
            (FLAT, "No row above has this practice code, and no client. Put the client's row first."),
            ({**FLAT, CODE: ""}, "Enter the practice code of the client that this income source is of."),
            ({**FLAT, CODE: "A1"}, "Acme Ltd has this code. Only a Self-employed client has income sources."),
        ],
    )
    def test_a_further_one_needs_its_client(self, cells: dict[str, str], words: str) -> None:
        assert problems(cells, at=known(ACME)) == [{CODE: words}]

    def test_a_business_of_the_file_has_none(self) -> None:
        assert problems({NAME: "Birch", CODE: "P1"}, FLAT)[1] == {
            CODE: "Row 2 has this code. Only a Self-employed client has income sources."
        }

    def test_the_same_one_twice_is_not_taken(self) -> None:
        assert problems(SOLO, FLAT, {**FLAT, SOURCE_NAME: "FLAT"})[2] == {
            SOURCE_NAME: "Row 3 has this income source already."
        }

    def test_a_second_uk_property_warns(self) -> None:
        rows = checked(SOLO, FLAT, {**FLAT, SOURCE_NAME: "House"})

        assert [dict(row.warnings) for row in rows] == [
            {},
            {},
            {SOURCE_TYPE: "HMRC treats all UK property of a person as one business."},
        ]

    def test_a_client_has_twenty_at_most(self) -> None:
        more = ({**FLAT, SOURCE_NAME: f"Trade {number}", SOURCE_TYPE: "Self-employment"} for number in range(20))

        assert problems(SOLO, *more)[MOST_SOURCES:] == [{SOURCE_NAME: "A client has at most 20 income sources."}]

    def test_those_of_a_client_that_is_not_taken_come_back_with_it(self) -> None:
        _, bad, over = (
            checked(SOLO, FLAT)[1],
            checked({**SOLO, EMAIL: "?"}, FLAT)[1],
            checked(SOLO, FLAT, at=known(places=0))[1],
        )
        text = {CODE: "Row 2 has this client, and a problem. Mend it there: both go together."}

        assert (bad.problems, bad.over_bundle, over.problems, over.over_bundle) == (text, False, text, True)

    def test_those_of_a_client_that_is_there_are_added_changed_or_skipped(self) -> None:
        taxi = {CODE: "P1", SOURCE_NAME: "Taxi", SOURCE_TYPE: "Self-employment"}
        rows = [one(cells, known(PAT)) for cells in (FLAT, taxi, {**taxi, METHOD: "Accruals"})]

        assert [(row.action, row.client_id, row.changes) for row in rows] == [
            (Action.CREATE, PAT_ID, ()),
            (Action.SKIP, PAT_ID, ()),
            (Action.UPDATE, PAT_ID, ("source",)),
        ]
        assert [one({**SOLO, **cells}, known(PAT)).changes for cells in ({}, FLAT)] == [(), ("source",)]

    def test_its_business_type_stays(self) -> None:
        assert problems({**SOLO, SOURCE_TYPE: "UK property"}, at=known(PAT)) == [
            {SOURCE_TYPE: "Taxi is Self-employment, which can't be changed."}
        ]

    def test_none_is_added_to_a_deactivated_client(self) -> None:
        assert problems(FLAT, at=known(PAT._replace(deactivated=True))) == [
            {CODE: "Pat Hill is deactivated. Reactivate it first, or leave this row out."}
        ]

    def test_the_identifiers_of_a_client_that_is_there_are_filled_in(self) -> None:
        cells = {NAME: "Pat Hill", CODE: "P1", NINO: "AB123456C"}

        assert one(cells, known(PAT)).changes == ("nino",)
