import uuid

import pytest

from modals import exports
from modals.blocks import Message
from sandbox.plain import plain
from sandbox.slack.limits import check_message
from services.exports import Export, ExportFailure

LONG = "<!channel> & *_~" + "W" * 84
EXPORT = Export(slack_user_id="U_ADA", client_name=LONG, file_name="x.xlsx", title=f"{LONG}: x", content=b"")


@pytest.mark.parametrize(
    "message",
    [
        exports.sent(EXPORT),
        exports.refused(f"{LONG} is not connected to its accounting software yet. " * 10),
        exports.failed(ExportFailure(slack_user_id="U_ADA", client_name=LONG), reference=str(uuid.uuid4())),
        exports.failed(ExportFailure(slack_user_id="U_ADA", client_name=None), reference=str(uuid.uuid4())),
    ],
    ids=["sent", "refused", "failed", "failed unseen"],
)
def test_a_message_about_a_file_keeps_to_slacks_limits(message: Message) -> None:
    assert check_message(message) == []


def test_a_file_that_did_not_come_is_named_only_to_whoever_sees_the_client() -> None:
    advice = (
        "Slack did not take it. Export it again from the client's card; if that fails too, "
        "give whoever runs Clientdesk this reference."
    )
    seen = exports.failed(ExportFailure(slack_user_id="U_ADA", client_name="Acme & Co"), reference="r-1")
    unseen = exports.failed(ExportFailure(slack_user_id="U_ADA", client_name=None), reference="r-1")
    assert seen["text"] == "The Excel file of Acme &amp; Co could not be sent."
    assert plain(seen) == f":warning: The Excel file of Acme & Co could not be sent.\n{advice}\nReference r-1"
    assert unseen["text"] == "The Excel file that you asked for could not be sent."
