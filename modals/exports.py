"""Messages about an Excel file that a colleague asked for."""

from modals import blocks as b
from services.exports import Export, ExportFailure


def sent(export: Export) -> b.Message:
    """What stands above the file."""
    return b.message(
        export.title,
        [
            b.rich(
                [
                    b.words("The standard information of "),
                    b.bold(export.client_name),
                    b.words(" as an Excel file: organisation, accounts, tax rates, tracking categories, currencies"),
                    b.words(" and contacts."),
                ]
            )
        ],
    )


def refused(reason: str) -> b.Message:
    """It was asked for, and can't be had any more."""
    said = f"The Excel file that you asked for was not made. {reason}"
    return b.message(said, [b.section(said)])


def failed(failure: ExportFailure, *, reference: str) -> b.Message:
    said = [b.words("The Excel file that you asked for could not be sent.")]
    if failure.client_name is not None:
        said = [b.words("The Excel file of "), b.bold(failure.client_name), b.words(" could not be sent.")]
    return b.message(
        "".join(each["text"] for each in said),
        [
            b.rich(
                [b.emoji("warning"), b.words(" "), *said],
                [
                    b.words(
                        "Slack did not take it. Export it again from the client's card; if that fails too, "
                        "give whoever runs Clientdesk this reference."
                    )
                ],
            ),
            b.context(f"Reference {reference}"),
        ],
    )
