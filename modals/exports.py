"""Messages about an Excel file that a colleague asked for."""

from modals import blocks as b
from services.exports import Export


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
