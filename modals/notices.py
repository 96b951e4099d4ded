"""Small pages and messages that every feature uses."""

from modals.blocks import Message, View, context, message, modal, section

TITLE = "Clientdesk"


def loading(title: str = TITLE) -> View:
    return modal(title, [section("Opening…")])


def problem(text: str, *, reference: str | None = None, title: str = TITLE) -> View:
    """What happened and what to do; `reference` finds the failure in the log."""
    blocks = [section(text)]
    if reference is not None:
        blocks.append(context(f"Reference {reference}"))
    return modal(title, blocks)


def problem_message(text: str, *, reference: str | None = None) -> Message:
    said = text if reference is None else f"{text} (Reference {reference})"
    return message(said, [section(said)])


def unexpected() -> str:
    return (
        "Something went wrong on our side, and nothing more was done. Try again; if it happens again, "
        "give whoever runs Clientdesk this reference."
    )
