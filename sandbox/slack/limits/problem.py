"""What is said of a payload that Slack refuses."""

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for which Slack refuses a payload: its error code, where (a JSON pointer) and why."""

    code: str
    pointer: str
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"
