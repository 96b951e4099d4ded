"""What a colleague is told when an admin adds them, or changes what they can do."""

from db.models import Role
from modals import blocks as b
from modals.add_client import ids as add_client
from modals.clients import ids as clients
from modals.people.words import ROLES, permissions, yours
from modals.text import clip
from services.colleagues.records import RightsNotice
from services.colleagues.rights import Given, Rights


def rights_changed(notice: RightsNotice) -> b.Message:
    by = clip(notice.by, 150)
    said = f"{by} has changed what you can do in Clientdesk. Your role: {ROLES[notice.rights.role]}"
    return b.message(
        said,
        [b.rich([b.bold(by), b.words(" has changed what you can do in Clientdesk.")]), *_now(notice.rights)],
    )


def colleague_added(notice: RightsNotice) -> b.Message:
    by, practice = clip(notice.by, 150), clip(notice.practice_name, 150)
    return b.message(
        f"{by} has added you to Clientdesk at {practice}. Your role: {ROLES[notice.rights.role]}",
        [
            b.header("Welcome to Clientdesk"),
            b.rich(
                [b.bold(by), b.words(" has added you to Clientdesk at "), b.bold(practice), b.words(".")],
                [
                    b.words("The Home tab shows what needs doing, and "),
                    b.code("/clients help"),
                    b.words(" lists the commands."),
                ],
            ),
            *_now(notice.rights),
        ],
    )


def _now(rights: Rights) -> list[b.Block]:
    adds = rights.role is not Role.STANDARD or rights.add_clients is not Given.NO
    buttons = [b.button("Add a client", add_client.OPEN, style="primary")] if adds else []
    return [
        b.facts([("Your role", ROLES[rights.role]), ("Permissions", permissions(rights))]),
        b.section(yours(rights)),
        b.actions(*buttons, b.button("All clients", clients.LIST)),
    ]
