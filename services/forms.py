"""What is typed into a form, and what is made of it. A Form turns one page's raw values into typed ones."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from db.models import Region
from services.errors import InvalidError

FormT = TypeVar("FormT", bound="Form")
Raw = Mapping[str, Any]


class Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldProblems(Exception):  # noqa: N818 - pydantic lets it through to `read`, which names the fields
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


def required(message: str, longest: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = " ".join(str(value or "").split())
        if not text:
            raise ValueError(message)
        return _at_most(text, longest)

    return check


def optional(longest: int) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        text = " ".join(str(value or "").split())
        return _at_most(text, longest) if text else None

    return check


def as_typed(value: object) -> str | None:
    return str(value or "").strip() or None


def _at_most(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"Use at most {longest} characters; this has {len(text)}.")
    if not text.isprintable():
        raise ValueError("Remove the characters that can't be printed.")
    return text


def _chosen(value: object) -> object:
    if value is None or value == "":
        raise ValueError("Choose one.")
    return value


Choice = BeforeValidator(_chosen)


def read(form: type[FormT], raw: Raw, region: Region | None = None) -> FormT:
    """Raises InvalidError with a text for each field to blame. `region` is that of a mobile number."""
    try:
        return form.model_validate(dict(raw), context=region)
    except FieldProblems as problems:
        raise InvalidError(problems.fields) from None
    except ValidationError as invalid:
        raise InvalidError({str(e["loc"][0]): _words(e["type"], e["msg"]) for e in invalid.errors()}) from None


def _words(kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return "Choose one." if kind in {"enum", "missing"} else "This can't be used here. Choose again."
