"""Failures that a person can cause or meet. Their text is written for that person."""


class ServiceError(Exception):
    """`fields` names the inputs to blame, each with its own text; empty when no input is."""

    def __init__(self, message: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}


class InvalidError(ServiceError):
    """What was typed can't be taken. Built from the texts at the fields."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()), fields=fields)


class NotPermittedError(ServiceError):
    """The person may not do this."""


class NotFoundError(ServiceError):
    """What was asked for is not there, or not theirs to see."""


class ConflictError(ServiceError):
    """Somebody else's change came first, or the value is taken."""


class GoneError(ServiceError):
    """The form this came from has nothing behind it any more: its draft was discarded, or already became a client."""


class BundleFullError(ServiceError):
    """The subscription includes no further client account."""
