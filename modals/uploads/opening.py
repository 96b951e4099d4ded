"""Where an upload begins: what to do, and the file."""

from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals import form
from modals.permissions import asking
from modals.text import clip
from modals.uploads import ids
from services.add_client.records import PermissionMissing
from services.errors import InvalidError
from services.uploads.shown import Opening, RunLine

TITLE = "Upload clients"
_FILE = "file"
_LISTED = 5


def opening(shown: Opening, *, template_sent: bool = False) -> b.View:
    if shown.missing is not None:
        return b.modal(TITLE, _missing(shown.missing))
    if not shown.is_partner:
        return b.modal(TITLE, _no_partner(shown))
    blocks = [
        b.rich(
            [b.bold("1. "), b.words("Get the template, and fill in a row for each client.")],
            [b.bold("2. "), b.words("Save it as CSV and choose it here. You can also send it to me as a message.")],
            [b.bold("3. "), b.words("You see what would be added and what is wrong. Nothing is imported before that.")],
        ),
        b.actions(b.button("Get the template", ids.TEMPLATE), block_id="template"),
    ]
    if template_sent:
        blocks.append(b.context("The template is on its way to you: look at Messages with Clientdesk."))
    blocks.append(
        b.field(
            _FILE,
            "Your clients",
            b.file_input(["csv"]),
            hint="A CSV file with the template's headers: at most 10 MB and 10,000 rows. "
            "A client that is there already is updated, not added again.",
        )
    )
    if shown.running:
        blocks += [b.divider(), b.header("Being imported")]
        for line in shown.running[:_LISTED]:
            blocks += [
                b.rich(_running(line)),
                b.actions(b.button("Show progress", ids.SHOW, value=str(line.run_id)), block_id=f"run-{line.run_id}"),
            ]
    return b.modal(TITLE, blocks, callback_id=ids.SUBMIT, submit="Check the file", close="Cancel")


def read(view: Mapping[str, Any]) -> form.GivenFile:
    """Raises InvalidError at the file."""
    files: list[form.GivenFile] = form.read(view).get(_FILE) or []
    if not files:
        raise InvalidError({_FILE: "Choose the CSV file with your clients."})
    return files[0]


def _missing(missing: PermissionMissing) -> list[b.Block]:
    what = [b.words("To upload clients, you need the permission “Add client accounts”.")]
    if missing.asked is not None:
        return asking.pending(missing.asked, what)
    who = [b.words("It can be given to you by "), *b.mentions(missing.admins), b.words(".")]
    return [b.rich(what, who), b.actions(asking.request_button())]


def _no_partner(shown: Opening) -> list[b.Block]:
    who = [b.words("It is set in "), b.code("/clients settings"), b.words(" by "), *b.mentions(shown.admins)]
    return [
        b.rich(
            [b.words("Uploading many clients from a file is for practices in the Bookkeeper or Accountant programme.")],
            [*who, b.words(".")],
        ),
        b.context("Until then, add clients one by one with /add-client, or from Xero with /client-sync."),
    ]


def _running(line: RunLine) -> list[b.Element]:
    who = b.words("You") if line.mine else b.mention(line.uploader)
    name = clip(line.file_name, 80)
    return [who, b.words(f" · {name}, {line.done:,} of {line.total:,} rows · begun "), b.moment(line.at)]
