"""The message above the list of clients as a CSV file."""

from modals import blocks as b
from modals.text import count
from services.clients.export import ClientListFile

TITLE = "Clients"


def sent(file: ClientListFile) -> b.Message:
    said = f"Your list as a CSV file: {count(file.rows, 'client', 'clients')}."
    lines: list[list[b.Element]] = [[b.words(said)]]
    if file.is_cut:
        lines.append(
            [
                b.emoji("warning"),
                b.words(" There are more, which one file does not hold. Filter the list and export parts."),
            ]
        )
    return b.message(said, [b.rich(*lines)])
