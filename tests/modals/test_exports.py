import uuid

import pytest

from modals import exports, files
from modals.blocks import Message
from sandbox.plain import plain
from sandbox.slack.limits import check_message
from services.exports import Export

LONG = "<!channel> & *_~" + "W" * 84
EXPORT = Export(client_name=LONG, file_name="x.xlsx", title=f"{LONG}: x", content=b"")


@pytest.mark.parametrize(
    "message",
    [
        exports.sent(EXPORT),
        files.refused("The Excel file", f"{LONG} is not connected to its accounting software yet. " * 10),
        files.failed("The Excel file", "Export it again from the client's card.", reference=str(uuid.uuid4())),
    ],
    ids=["sent", "refused", "failed"],
)
def test_a_message_about_a_file_keeps_to_slacks_limits(message: Message) -> None:
    assert check_message(message) == []


def test_whoever_waits_for_a_file_that_did_not_come_is_told_what_to_do() -> None:
    message = files.failed("The Excel file", "Export it again from the client's card.", reference="r-1")
    said = "The Excel file that you asked for could not be sent."
    assert message["text"] == said
    assert plain(message) == (
        f":warning: {said}\nSlack did not take it. Export it again from the client's card. "
        "If that fails too, give whoever runs Clientdesk this reference.\nReference r-1"
    )
