"""What concerns the costs and sales of self-employed clients in the US and Canada: of the one without a connection."""

from tests.services.matrix.firm import ITEMS
from tests.services.matrix.rules import Rule, row

_MORE = f"{ITEMS}2026-01-11,Second job,1,50\n"

TAX = [
    row("tax.client", Rule.OPENS_CLIENT, lambda c: c.services.tax.client(c.actor, c.at.unconnected)),
    row("tax.to_upload", Rule.OPENS_CLIENT, lambda c: c.services.tax.to_upload(c.actor, c.at.unconnected)),
    row("tax.preview", Rule.OPENS_CLIENT, lambda c: c.services.tax.preview(c.actor, c.at.unconnected, _MORE)),
    row("tax.add", Rule.OPENS_CLIENT, lambda c: c.services.tax.add(c.actor, c.at.unconnected, _MORE)),
    row("tax.year", Rule.OPENS_CLIENT, lambda c: c.services.tax.year(c.actor, c.at.unconnected)),
    row("tax.delete_year", Rule.OPENS_CLIENT, lambda c: c.services.tax.delete_year(c.actor, c.at.unconnected, 2026)),
    row(
        "tax.request_template", Rule.OPENS_CLIENT, lambda c: c.services.tax.request_template(c.actor, c.at.unconnected)
    ),
    row(
        "tax.request_summary",
        Rule.OPENS_CLIENT,
        lambda c: c.services.tax.request_summary(c.actor, c.at.unconnected, 2026),
    ),
]
