"""Who may call what: a row for each public method of a service that a person can reach, and the rule it stands for.

The rules are those of docs/architecture.md, Who may do what. A method that is called on nobody's behalf is in
WITHOUT_PERSON instead, with the reason.
"""

from enum import StrEnum

from tests.services.matrix import card_rows, client_rows, practice_rows, solo_rows, tax_rows, upload_rows

ROWS = [
    *practice_rows.PRACTICE,
    *practice_rows.PEOPLE,
    *practice_rows.REQUESTS,
    *practice_rows.OFFERS,
    *client_rows.ADDING,
    *client_rows.SYNC,
    *client_rows.CLIENTS,
    *card_rows.CARD,
    *card_rows.LIST,
    *client_rows.INVITATIONS,
    *solo_rows.SOLO,
    *tax_rows.TAX,
    *upload_rows.UPLOADS,
]


class Why(StrEnum):
    """Why no person stands behind a call."""

    IDENTITY = "it says who somebody is, by what Slack has signed"
    WORKSPACE = "Slack itself says that the app was installed or removed, or who the person is now"
    MESSAGE = "a message's content, for a job that names the practice"
    JOB = "a job's own work, or its end"
    CLOCK = "for the clock: every practice's"
    LINK = "the link, or the provider's signed answer, is the permission"
    SESSION = "the client user's own session is the permission, or makes one"
    SAME_PERSON = "what the method before it allowed, told to the same person"
    NOTHING_READ = "it makes a link, which is checked when it is used"


WITHOUT_PERSON = {
    "people.find": Why.IDENTITY,
    "people.first_contact": Why.IDENTITY,
    "people.slack_user_id": Why.MESSAGE,
    "practices.may_set_up": Why.NOTHING_READ,
    "workspaces.bot_token": Why.IDENTITY,
    "workspaces.install_notice": Why.MESSAGE,
    "workspaces.installed": Why.WORKSPACE,
    "workspaces.purge": Why.CLOCK,
    "workspaces.token_refused": Why.WORKSPACE,
    "workspaces.uninstalled": Why.WORKSPACE,
    "workspaces.workspace": Why.MESSAGE,
    "add_client.consent_notice": Why.MESSAGE,
    "add_client.created": Why.MESSAGE,
    "add_client.tell_arrived": Why.SAME_PERSON,
    "client_sync.keep_place": Why.JOB,
    "client_sync.progress": Why.MESSAGE,
    "client_sync.progress_shown": Why.JOB,
    "consent.finish": Why.LINK,
    "consent.prune": Why.CLOCK,
    "consent.redirect_uri": Why.NOTHING_READ,
    "consent.start": Why.LINK,
    "consent.start_url": Why.NOTHING_READ,
    "client_connecting.notice": Why.MESSAGE,
    "client_connecting.tell_arrived": Why.SAME_PERSON,
    "accounts.offer": Why.SESSION,
    "accounts.page": Why.SESSION,
    "accounts.preview": Why.SESSION,
    "accounts.withdraw": Why.SESSION,
    "moved_connections.disconnect": Why.JOB,
    "solo_deadlines.tick": Why.CLOCK,
    "solo_deadlines.kinds": Why.JOB,
    "solo_deadlines.digest": Why.MESSAGE,
    "moved_connections.kinds": Why.JOB,
    "offer_letters.kinds": Why.JOB,
    "offer_letters.send": Why.JOB,
    "offers.card": Why.MESSAGE,
    "offers.expire": Why.CLOCK,
    "offers.keep_place": Why.JOB,
    "offers.moved_away": Why.MESSAGE,
    "sessions.is_signed_in": Why.SESSION,
    "sessions.prune": Why.CLOCK,
    "sessions.sign_in": Why.SESSION,
    "sessions.sign_out": Why.SESSION,
    "colleagues.notice": Why.MESSAGE,
    "handover.card": Why.MESSAGE,
    "handover.deactivated": Why.WORKSPACE,
    "uploads.check": Why.JOB,
    "uploads.gave_up": Why.JOB,
    "uploads.keep_place": Why.JOB,
    "uploads.kinds": Why.JOB,
    "uploads.progress": Why.MESSAGE,
    "uploads.progress_shown": Why.JOB,
    "uploads.prune": Why.CLOCK,
    "uploads.refuse": Why.JOB,
    "uploads.to_check": Why.MESSAGE,
    "upkeep.check": Why.CLOCK,
    "upkeep.connections_ended_notice": Why.MESSAGE,
    "upkeep.ended_notice": Why.MESSAGE,
    "upkeep.keep_alive": Why.CLOCK,
    "upkeep.kinds": Why.JOB,
    "upkeep.lapsing_notice": Why.MESSAGE,
    "information.kinds": Why.JOB,
    "information.refresh_daily": Why.CLOCK,
    "invitations.accept": Why.LINK,
    "invitations.ask_for_new": Why.LINK,
    "invitations.email_gave_up": Why.JOB,
    "invitations.expire": Why.CLOCK,
    "invitations.kinds": Why.JOB,
    "invitations.notice": Why.MESSAGE,
    "invitations.open": Why.LINK,
    "invitations.send_email": Why.JOB,
    "bulk_inviting.kinds": Why.JOB,
    "bulk_inviting.report": Why.MESSAGE,
    "bulk_inviting.run": Why.JOB,
    "deliveries.emails_reported": Why.LINK,
    "nudges.kinds": Why.JOB,
    "nudges.send": Why.JOB,
    "texting.gave_up": Why.JOB,
    "texting.kinds": Why.JOB,
    "texting.on_status": Why.LINK,
    "texting.send": Why.JOB,
    "home.finish": Why.JOB,
    "home.gave_up": Why.JOB,
    "home.look": Why.CLOCK,
    "home.refreshed": Why.JOB,
    "home.shown": Why.JOB,
    "reminders.digest": Why.JOB,
    "reminders.gave_up": Why.JOB,
    "reminders.sweep": Why.CLOCK,
    "reminders.told": Why.JOB,
    "reminders.zone_changed": Why.WORKSPACE,
    "permissions.find": Why.MESSAGE,
    "permission_cards.card": Why.MESSAGE,
    "permission_cards.fall_back": Why.JOB,
    "permission_cards.keep_place": Why.JOB,
    "permission_ending.ended": Why.JOB,
    "permission_ending.sweep": Why.CLOCK,
    "exports.workbook": Why.MESSAGE,
    "tax.summary": Why.MESSAGE,
    "tax.template": Why.MESSAGE,
    "audit_exports.file": Why.MESSAGE,
    "client_list_exports.file": Why.MESSAGE,
    "insights.picture": Why.MESSAGE,
}
