"""What the commands are, for people."""

from modals import blocks as b
from modals.text import clip


def commands() -> b.Message:
    return b.message(
        "Clientdesk's commands: /add-client adds a client, /client-sync adds many, /clients list shows them, "
        "/clients upload adds them from a file, /clients invitations shows who is invited, /clients help shows this.",
        [
            b.rich(
                [b.bold("Clientdesk's commands")],
                [b.code("/add-client"), b.words(" adds a client and invites them. Your drafts are kept.")],
                [b.code("/client-sync"), b.words(" adds many clients from Xero at once, or connects them again.")],
                [b.code("/clients list"), b.words(" lists your clients. Each has a card with its connection.")],
                [b.code("/clients find acme"), b.words(" finds them by a part of name, code, organisation or e-mail.")],
                [b.code("/clients upload"), b.words(" adds and updates clients from a CSV file.")],
                [b.code("/clients invitations"), b.words(" shows how each stands, and sends them anew.")],
                [b.code("/clients insights"), b.words(" shows who accepted, what is connected, whom you added.")],
                [b.code("/clients requests"), b.words(" shows who asks for access, and asks for yours.")],
                [b.code("/clients team"), b.words(" shows your colleagues, what they may do, and their teams.")],
                [b.code("/clients audit"), b.words(" shows admins who changed what, and when.")],
                [b.code("/clients settings"), b.words(" shows the practice's settings, and changes them.")],
                [b.code("/clients help"), b.words(" shows this.")],
                [b.words("In threads, use the shortcuts menu instead: commands do not work there.")],
            )
        ],
    )


def unknown(word: str, likely: str | None) -> b.Message:
    suggestion = f"Did you mean /clients {likely}?" if likely else "Type /clients help for what there is."
    said = f"“{clip(word, 40)}” is not something /clients knows. {suggestion}"
    return b.message(said, [b.section(said)])
