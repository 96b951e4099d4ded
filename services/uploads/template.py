"""The columns of a CSV of clients, and the empty file that people fill in."""

from collections.abc import Iterator
from dataclasses import dataclass

from db.models import Plan, Region
from services.uploads.written import written

CLIENT_TYPE = "Client type"
NAME = "Business name"
CODE = "Practice code"
INDUSTRY = "Industry"
COUNTRY = "Country"
CURRENCY = "Base currency"
SOLUTIONS = "Solutions"
SELF_EMPLOYED = "Self-employed"
FIRST_NAME = "Contact first name"
LAST_NAME = "Contact last name"
EMAIL = "Contact email"
MOBILE = "Contact mobile"
EMAIL_INVITE = "Send email invite"
SMS_INVITE = "Send SMS invite"
COLLEAGUES = "Colleagues"
TEAM = "Team"
NINO = "NINO"
UTR = "UTR"
POSTCODE = "Postcode"
SOURCE_NAME = "Income source name"
SOURCE_TYPE = "Income source type"
METHOD = "Accounting method"
PERIODS = "Quarterly period type"

COLUMNS = (
    CLIENT_TYPE,
    NAME,
    CODE,
    INDUSTRY,
    COUNTRY,
    CURRENCY,
    SOLUTIONS,
    SELF_EMPLOYED,
    FIRST_NAME,
    LAST_NAME,
    EMAIL,
    MOBILE,
    EMAIL_INVITE,
    SMS_INVITE,
    COLLEAGUES,
    TEAM,
    NINO,
    UTR,
    POSTCODE,
    SOURCE_NAME,
    SOURCE_TYPE,
    METHOD,
    PERIODS,
)
"""Of all regions, in their order."""
ERRORS = "Errors"
"""The column that a file given back has in addition. It is passed over when the file is sent again."""
NOTE = "#"
"""What the line of instructions begins with."""

SOLO_COLUMNS = (NINO, UTR, POSTCODE, SOURCE_NAME, SOURCE_TYPE, METHOD, PERIODS)
SELF_EMPLOYED_REGIONS = frozenset({Region.UNITED_STATES, Region.CANADA})
_TAX_CATEGORIES = {Region.UNITED_STATES: "US Schedule C", Region.CANADA: "Canada T2125"}
_EXAMPLES = {
    Region.UNITED_KINGDOM: ("GBP", "United Kingdom or GB", "+447911123456"),
    Region.UNITED_STATES: ("USD", "United States or US", "+12015550123"),
    Region.CANADA: ("CAD", "Canada or CA", "+15062345678"),
    Region.IRELAND: ("EUR", "Ireland or IE", "+353850123456"),
    Region.AUSTRALIA: ("AUD", "Australia or AU", "+61412345678"),
    Region.NEW_ZEALAND: ("NZD", "New Zealand or NZ", "+64211234567"),
    Region.SOUTH_AFRICA: ("ZAR", "South Africa or ZA", "+27711234567"),
    Region.OTHER: ("EUR", "France or FR", "+447911123456"),
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    instruction: str


def columns(region: Region, plan: Plan) -> tuple[Column, ...]:
    """Those that a practice fills in."""
    has_solo = region is Region.UNITED_KINGDOM
    left_out = {
        *(() if has_solo else SOLO_COLUMNS),
        *(() if region in SELF_EMPLOYED_REGIONS else (SELF_EMPLOYED,)),
        *(() if plan is Plan.ADVANCED else (TEAM,)),
    }
    return tuple(Column(name, _instruction(name, region)) for name in COLUMNS if name not in left_out)


def required(region: Region) -> tuple[str, ...]:
    """Those that a file must have. One made before the plan changed is as good as one made after it."""
    return tuple(column.name for column in columns(region, Plan.ESSENTIALS))


def template(region: Region, plan: Plan) -> bytes:
    """The headers, and a line that says what each column takes."""
    return b"".join(_lines(columns(region, plan)))


def _lines(of: tuple[Column, ...]) -> Iterator[bytes]:
    notes = [column.instruction for column in of]
    return written([column.name for column in of], [[f"{NOTE} {notes[0]}", *notes[1:]]])


def _instruction(column: str, region: Region) -> str:
    currency, country, mobile = _EXAMPLES[region]
    has_solo = region is Region.UNITED_KINGDOM
    texts = {
        CLIENT_TYPE: "Business or Self-employed; empty means Business" if has_solo else "Business, or leave empty",
        NAME: "Required" + (". For Self-employed, the client's name" if has_solo else ""),
        CODE: "Your own code for the client, once in the file. With it, sending the file again updates the client",
        INDUSTRY: "Such as Construction and trades",
        COUNTRY: f"Name or two-letter code: {country}",
        CURRENCY: f"Three letters, such as {currency}",
        SOLUTIONS: "Bookkeeping, or Bookkeeping + Data Health & Insights if you have it; empty means Bookkeeping",
        SELF_EMPLOYED: f"Yes for a sole proprietor without accounting software ({_TAX_CATEGORIES.get(region)})",
        FIRST_NAME: "Of the person at the client",
        LAST_NAME: "Of the person at the client",
        EMAIL: "Required to invite. Such as name@example.com",
        MOBILE: f"In international form, such as {mobile}. Format the column as text",
        EMAIL_INVITE: "Yes or No; empty means No",
        SMS_INVITE: "Yes or No; empty means No. Needs the mobile",
        COLLEAGUES: "E-mails of the colleagues who may open the client, with ; between them",
        TEAM: "Name of the team that may open the client",
        NINO: "Self-employed only. National Insurance number, such as QQ123456C",
        UTR: "Self-employed only. 10 digits. Format the column as text",
        POSTCODE: "Self-employed only. Such as SW1A 1AA",
        SOURCE_NAME: "Required for Self-employed. For each further source, add a row with the practice code and this",
        SOURCE_TYPE: "Self-employment or UK property",
        METHOD: "Cash basis or Accruals; empty means Cash basis",
        PERIODS: "Standard (from 6 April) or Calendar (from 1 April); empty means Standard",
    }
    return texts[column]
