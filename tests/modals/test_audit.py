"""What the lines of the audit trail show."""

from dataclasses import replace

from modals import audit
from modals import blocks as b
from modals.audit import AuditPlace
from services.audit.trail import AuditPage
from services.audit.words import Change
from tests.modals.audit_views import EVERYTHING, LINE


def test_a_channel_is_shown_by_its_name_and_not_by_its_id() -> None:
    changes = (
        Change("Approvals channel", "none", "C0123456789"),
        Change("Approvals channel", "C0123456789", "G0123456789"),
        Change("Name", "C0123456789", "Acme"),
    )
    line = replace(LINE, changes=changes)
    shown = audit.page(AuditPage(filter=EVERYTHING, lines=(line,), newer=None, older=None), AuditPlace())
    said = shown["blocks"][-1]["elements"][0]["elements"]
    begins = said.index(b.words("Approvals channel: "))
    assert said[begins:] == [
        *(b.words("Approvals channel: "), b.words("none"), b.words(" → "), b.channel("C0123456789")),
        b.words(" · "),
        *(b.words("Approvals channel: "), b.channel("C0123456789"), b.words(" → "), b.channel("G0123456789")),
        b.words(" · "),
        *(b.words("Name: "), b.words("C0123456789"), b.words(" → "), b.words("Acme")),
    ]
