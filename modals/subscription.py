"""The subscription: how many client accounts it includes."""

from modals import blocks as b
from services.errors import InvalidError
from services.practice import Bundle

RAISE = "subscription.raise"
TITLE = "Bundle is full"


def full(bundle: Bundle, *, may_raise: bool, admins: tuple[str, ...], billing_url: str | None) -> b.View:
    """Used and included; for a Practice Admin the way to raise it, for others whom to ask."""
    used = [b.bold(f"{bundle.used:,} of {bundle.included:,} client accounts of your bundle are in use.")]
    if not may_raise:
        asks = [b.words("Ask a Practice Admin to raise the bundle: "), *b.mentions(admins), b.words(".")]
        return b.modal(TITLE, [b.rich(used, asks)])
    if billing_url is not None:
        where = [b.words("Raise it on the billing page: "), b.link(billing_url), b.words(".")]
        return b.modal(TITLE, [b.rich(used, where)])
    return b.modal(
        TITLE,
        [
            b.rich(used, [b.words("To add a client, enter what your subscription includes by now.")]),
            b.field("bundle", "Client bundle", b.text_input(placeholder=str(bundle.included + 10))),
        ],
        callback_id=RAISE,
        submit="Raise the bundle",
    )


def raised(bundle: Bundle) -> b.View:
    return b.modal("Bundle raised", [b.section(f"Your bundle includes {bundle.included:,} client accounts now.")])


def read_bundle(raw: dict[str, object]) -> int:
    """Raises InvalidError at the field."""
    text = str(raw.get("bundle") or "").replace(",", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidError({"bundle": "Enter a whole number, such as 50."})
    return int(text)
