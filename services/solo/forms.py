"""What is typed about a self-employed client, in Add client and on the client card."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Self, TypeVar

from pydantic import BeforeValidator, model_validator

from db.models import AccountingMethod, BusinessType, PeriodType
from services.forms import Choice, FieldProblems, Form, Raw, required
from services.solo.identifiers import clean_nino, clean_postcode, clean_utr
from services.solo.mandate import clean_income

Value = TypeVar("Value")

SOURCE_NAME_LENGTH = 255
MOST_SOURCES = 20
NEW_SOURCE: Raw = {
    "business_type": BusinessType.SELF_EMPLOYMENT,
    "accounting_method": AccountingMethod.CASH,
    "period_type": PeriodType.STANDARD,
    "active": True,
}
"""What the form for one is filled in with at first."""
ONLY_ACTIVE = "This is the only active income source. Activate or add another one first."


def _if_typed(clean: Callable[[str], Value]) -> Callable[[object], Value | None]:
    def check(value: object) -> Value | None:
        text = str(value or "").strip()
        return clean(text) if text else None

    return check


class NumbersForm(Form):
    """A person's numbers, cleaned; `qualifying_income` is a year's gross income in pounds."""

    nino: Annotated[str | None, BeforeValidator(_if_typed(clean_nino))] = None
    utr: Annotated[str | None, BeforeValidator(_if_typed(clean_utr))] = None
    postcode: Annotated[str | None, BeforeValidator(_if_typed(clean_postcode))] = None
    qualifying_income: Annotated[Decimal | None, BeforeValidator(_if_typed(clean_income))] = None


class SourceForm(Form):
    name: Annotated[str, BeforeValidator(required("Enter the income source's name.", SOURCE_NAME_LENGTH))]
    business_type: Annotated[BusinessType, Choice]
    accounting_method: AccountingMethod = AccountingMethod.CASH
    period_type: PeriodType = PeriodType.STANDARD
    active: Annotated[bool, BeforeValidator(bool)] = True


class SourcesForm(Form):
    sources: tuple[SourceForm, ...] = ()

    @model_validator(mode="after")
    def _one_active(self) -> Self:
        if problem := problem_of(self.sources):
            raise FieldProblems({"sources": problem})
        return self


def problem_of(sources: Sequence[SourceForm]) -> str | None:
    """Why a client can't have just these."""
    if not sources:
        return "Add at least one income source."
    if not any(source.active for source in sources):
        return "At least one income source has to be active."
    if len(sources) > MOST_SOURCES:
        return f"A client has at most {MOST_SOURCES} income sources."
    return None
