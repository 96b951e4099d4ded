"""From what Slack sends of a form to raw values, and from field errors back to Slack's."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from services.errors import GoneError


class GivenFile(NamedTuple):
    """A file that a person has chosen, by Slack's id."""

    id: str
    name: str


def read(view: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every input, by field: a text, a list of chosen values or of GivenFile, or None.

    A block's id is its field's name, with a suffix after a dot where Slack would keep old input.
    """
    values: dict[str, Any] = {}
    for block_id, elements in (view.get("state") or {}).get("values", {}).items():
        for element in elements.values():
            values[_field(block_id)] = _value(element)
    return values


def errors(view: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """Slack's `errors`: the texts by block id, for those fields that the view shows."""
    found = {}
    for block in view.get("blocks", ()):
        if block.get("type") == "input" and _field(block["block_id"]) in fields:
            found[block["block_id"]] = fields[_field(block["block_id"])]
    return found


def _field(block_id: str) -> str:
    return block_id.partition(".")[0]


def _value(element: Mapping[str, Any]) -> Any:
    match element.get("type"):
        case "checkboxes" | "multi_static_select" | "multi_external_select":
            return [chosen["value"] for chosen in element.get("selected_options") or ()]
        case "radio_buttons" | "static_select" | "external_select":
            chosen = element.get("selected_option")
            return chosen["value"] if chosen else None
        case "file_input":
            return files(element.get("files"))
        case "multi_users_select":
            return list(element.get("selected_users") or ())
        case "conversations_select":
            return element.get("selected_conversation")
        case "datepicker":
            return element.get("selected_date")
        case _:
            value = element.get("value")
            # PostgreSQL keeps no NUL, and nobody means to type one.
            return value.replace("\0", "") if isinstance(value, str) else value


def files(given: Any) -> list[GivenFile]:
    """Slack's file objects, of a form or of a message."""
    return [GivenFile(str(each["id"]), str(each.get("name") or "file")) for each in given or ()]


class Metadata(BaseModel):
    """What a view carries of its own. A subclass's fields are ids; the version changes when they do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    v: int = 1

    def dump(self) -> str:
        return self.model_dump_json()

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Self:
        """Raises GoneError for a form that an older version of the app has built."""
        try:
            return cls.model_validate_json(view.get("private_metadata") or "")
        except ValidationError:
            raise GoneError("This form is from an older version of Clientdesk. Close it and open it again.") from None
