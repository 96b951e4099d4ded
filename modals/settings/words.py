"""How values of settings read."""

from db.models import PartnerProgramme
from services.people import Categorisation, PaymentStatus

PROGRAMMES = {
    PartnerProgramme.NONE: "None",
    PartnerProgramme.BOOKKEEPER: "Bookkeeper partner",
    PartnerProgramme.ACCOUNTANT: "Accountant partner",
}
PAYMENTS = {PaymentStatus.UNPAID: "Unpaid", PaymentStatus.PAID: "Paid"}
CATEGORISATIONS = {
    Categorisation.BY_SUPPLIER: "By supplier",
    Categorisation.BY_RULES: "By rules",
    Categorisation.NONE: "None",
}
