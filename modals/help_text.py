"""What the commands are, for people."""

from modals import blocks as b
from modals.text import clip

WORDS = ("help",)


def commands() -> b.Message:
    return b.message(
        "Clientdesk's commands: /add-client adds a client, /clients help shows this.",
        [
            b.rich(
                [b.bold("Clientdesk's commands")],
                [b.code("/add-client"), b.words(" adds a client and invites them. Your drafts are kept.")],
                [b.code("/clients help"), b.words(" shows this.")],
                [b.words("In threads, use the shortcuts menu instead: commands do not work there.")],
            )
        ],
    )


def unknown(word: str, likely: str | None) -> b.Message:
    suggestion = f"Did you mean /clients {likely}?" if likely else "Type /clients help for what there is."
    said = f"“{clip(word, 40)}” is not something /clients knows. {suggestion}"
    return b.message(said, [b.section(said)])
