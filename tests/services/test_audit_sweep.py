"""After a long day of everything, the audit trail tells all of it and holds no secret."""

import json
import re

from sqlalchemy import select

from db.models import AuditEntry, Authorisation, Client, Invitation, PermissionKind, Source
from services.add_client.steps import StepName
from services.audit import words
from services.audit.finding import AuditWish
from services.keys import Keyring
from services.permissions.records import Wish
from tests.builders import office, to_review
from tests.stack import KEY, Stack
from tests.syncing import link

PASSWORD = "correct horse battery staple"
EMAIL, MOBILE, OTHER_MOBILE = "mary@marigold.example", "+447700900123", "+447700900456"
NINO = "AB123456C"


def token(stack: Stack) -> str:
    found = re.search(r"/i/([\w-]+)", str(stack.sandbox.wait_mail(EMAIL)["text"]))
    assert found is not None
    return found[1]


def test_no_secret_is_in_the_trail_of_a_long_day(stack: Stack) -> None:
    services, database = stack.composition.services, stack.composition.database
    birch = office(database)
    stack.run_due()

    # A client is added, invited twice over, accepts, is connected, and exported.
    invite = {"invite": "now", "contact_name": "Mary", "contact_email": EMAIL, "contact_mobile": MOBILE}
    page = to_review(
        services.add_client, birch.ada, **{StepName.DETAILS: {"name": "Marigold"}, StepName.INVITE: invite}
    )
    services.add_client.create(birch.ada, page.draft_id, revision=page.revision)
    with database.read() as session:
        client = session.scalars(select(Client)).one()
        invitation = session.scalars(select(Invitation)).one()
    stack.run_due()
    tokens = [token(stack)]
    stack.sandbox.sms.wait_message(MOBILE)
    services.invitation_actions.change_email(birch.ada, invitation.id, EMAIL, OTHER_MOBILE)
    stack.run_due()
    tokens.append(token(stack))
    services.invitations.open(tokens[-1])
    services.invitations.accept(tokens[-1], PASSWORD)
    ada = stack.person("U_ADA")
    ada.command("/clients find Marigold")
    ada.wait_view(containing="1 client with")
    ada.click("Open")
    ada.wait_view(title="Client", containing="Solutions")
    ada.click("Connect Xero")
    view = ada.wait_view(title="Connect client")
    stack.sandbox.xero.connect(link(view), "priya", ("Larkspur Interiors Ltd",))
    stack.run_due()
    services.exports.request(birch.ada, client.id)

    # A permission is asked for and given, and people write what they should not.
    reason = f"Her NI number is {NINO}; ring {MOBILE}, or use Bearer {KEY}"
    services.permissions.request(birch.sam, Wish(kind=PermissionKind.ADD_CLIENTS, reason=reason))
    services.audit_exports.request(birch.ada, AuditWish())
    services.add_client.discard(birch.jo, services.add_client.start_over(birch.jo).draft_id)
    services.workspaces.uninstalled(birch.slack_key)

    with database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
        grant = session.scalars(select(Authorisation)).one()
        keys = Keyring([KEY])
        tokens += [keys.decrypt(grant.access_token), keys.decrypt(grant.refresh_token)]
    kept = json.dumps([[entry.action, entry.before, entry.after] for entry in entries], ensure_ascii=False)
    digits = re.sub(r"\D", "", MOBILE), re.sub(r"\D", "", OTHER_MOBILE)
    for secret in (PASSWORD, NINO, KEY, "xoxb-", *tokens, MOBILE, OTHER_MOBILE, *digits):
        assert secret not in kept
    assert EMAIL in kept
    assert {entry.source for entry in entries} >= {Source.SLACK, Source.WEB, Source.WORKER, Source.OPERATOR}
    assert {entry.action for entry in entries} >= {"invitation.accepted", "client.connected", "authorisation.given"}
    assert {entry.action for entry in entries} <= {a for _, group in words.GROUPS.values() for a in group}
