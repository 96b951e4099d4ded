"""What is said of a file that a colleague asked for, and does not get."""

from modals import blocks as b


def refused(what: str, reason: str) -> b.Message:
    """It was asked for, and can't be had any more."""
    said = f"{what} that you asked for was not made. {reason}"
    return b.message(said, [b.section(said)])


def failed(what: str, again: str, *, reference: str) -> b.Message:
    """`again` is the sentence that says how it is asked for once more."""
    said = f"{what} that you asked for could not be sent."
    advice = f"Slack did not take it. {again} If that fails too, give whoever runs Clientdesk this reference."
    return b.message(
        said,
        [
            b.rich([b.emoji("warning"), b.words(f" {said}")], [b.words(advice)]),
            b.context(f"Reference {reference}"),
        ],
    )
