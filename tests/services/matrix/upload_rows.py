"""What concerns uploads of clients."""

from tests.services.matrix.rules import Rule, row

UPLOADS = [
    row("uploads.open", Rule.EVERYBODY, lambda c: c.services.uploads.open(c.actor)),
    row("uploads.send_template", Rule.ADDS_CLIENTS, lambda c: c.services.uploads.send_template(c.actor)),
    row("uploads.template", Rule.ADDS_CLIENTS, lambda c: c.services.uploads.template(c.actor)),
    row("uploads.begin", Rule.ADDS_CLIENTS, lambda c: c.services.uploads.begin(c.actor, "F_NEW", "clients.csv")),
    row("uploads.view", Rule.OWN_OR_ADMIN, lambda c: c.services.uploads.view(c.actor, c.at.upload)),
    row("uploads.confirm", Rule.OWN_AND_ADDS, lambda c: c.services.uploads.confirm(c.actor, c.at.upload)),
    row("uploads.cancel", Rule.OWN_OR_ADMIN, lambda c: c.services.uploads.cancel(c.actor, c.at.upload)),
    row("uploads.send_errors", Rule.OWN_OR_ADMIN, lambda c: c.services.uploads.send_errors(c.actor, c.at.upload)),
    row("uploads.errors", Rule.OWN_OR_ADMIN, lambda c: c.services.uploads.errors(c.actor, c.at.upload)),
]
