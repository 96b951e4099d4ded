"""A practice that is left without a Practice Admin."""

from modals import blocks as b
from modals.people import ids

TITLE = "Take over"


def take_over_notice() -> list[b.Block]:
    """For whoever runs the Slack workspace, while nobody is Practice Admin."""
    sure = b.confirm(
        "Become Practice Admin?",
        "You will see all clients and manage colleagues, the subscription and all settings.",
        "Take over",
    ) | {"style": "primary"}
    return [
        b.rich(
            [b.emoji("warning"), b.words(" "), b.bold("This practice has no Practice Admin.")],
            [b.words("The last one has left. As you run this Slack workspace, you can take over.")],
        ),
        b.actions(b.button("Become Practice Admin", ids.TAKE_OVER, style="primary") | {"confirm": sure})
        | {"block_id": "take_over"},
    ]


def taken_over() -> b.View:
    return b.modal(
        TITLE,
        [
            b.section(
                "You are Practice Admin now. Look through your colleagues: name a second Practice Admin, so that this "
                "does not happen again."
            ),
            b.actions(b.button("Colleagues", ids.TEAM, style="primary")),
        ],
    )
