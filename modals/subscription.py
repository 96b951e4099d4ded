"""The subscription: how many client accounts it includes."""

from db.models import PermissionKind
from modals import blocks as b
from modals.permissions import asking
from services.errors import InvalidError
from services.permissions.records import Asked
from services.practice import Bundle

RAISE = "subscription.raise"
TITLE = "Bundle is full"


def full(bundle: Bundle, *, billing_url: str | None) -> b.View:
    """Used and included; for a Practice Admin, with the way to raise it."""
    used = _used(bundle)
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


def full_for_others(bundle: Bundle, admins: tuple[str, ...], asked: Asked | None) -> b.View:
    """`asked` is what the person has asked the Practice Admins for already."""
    if asked is not None:
        return b.modal(TITLE, asking.pending(asked, _used(bundle)))
    who = [b.words("It can be raised by "), *b.mentions(admins), b.words(".")]
    button = asking.request_button(PermissionKind.BUNDLE, "Ask a Practice Admin")
    return b.modal(TITLE, [b.rich(_used(bundle), who), b.actions(button)])


def raised(bundle: Bundle) -> b.View:
    return b.modal("Bundle raised", [b.section(f"Your bundle includes {bundle.included:,} client accounts now.")])


def read_bundle(raw: dict[str, object]) -> int:
    """Raises InvalidError at the field."""
    text = str(raw.get("bundle") or "").replace(",", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidError({"bundle": "Enter a whole number, such as 50."})
    return int(text)


def _used(bundle: Bundle) -> list[b.Element]:
    return [b.bold(f"{bundle.used:,} of {bundle.included:,} client accounts of your bundle are in use.")]
