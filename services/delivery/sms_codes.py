"""Twilio's numbers for what goes wrong, as its error dictionary explained them in November 2026."""

REASONS = {
    21211: "This is not a number that exists. Check it.",
    21217: "This is not a number that exists. Check it.",
    21265: "This is a short code, not a mobile number.",
    21266: "This is the number that the text messages come from.",
    21408: "Text messages to this country are not switched on at Twilio. Whoever runs Clientdesk can do that.",
    21608: "This installation's Twilio account is on trial, and may not send to this number.",
    21610: "The person has stopped text messages from this sender. They can allow them again by texting START to it.",
    21612: "Text messages from this sender can't reach this number.",
    21614: "This is not a mobile number.",
    21617: "The text message is too long.",
    21635: "This is a landline's number, not a mobile's.",
    30001: "Too many text messages were waiting to be sent. Send it again later.",
    30002: "This installation's Twilio account is suspended. Tell whoever runs it.",
    30003: "The phone could not be reached: it is off, out of range, or takes no text messages.",
    30004: "The person, or their mobile network, blocks text messages from this sender.",
    30005: "The mobile network does not know this number. Check it.",
    30006: "This is a landline's number, or its network takes no text messages.",
    30007: "The mobile network filtered it out as unwanted.",
    30008: "The mobile network did not deliver it, and does not say why.",
    30032: "The sender's number is not verified for text messages to this country.",
    30034: "The sender's number is not registered for text messages to the United States.",
    30410: "The mobile network did not answer in time.",
    30450: "The mobile network held it back to protect against fraud.",
}
"""For the person who had the message sent: why it will not arrive."""

OPERATORS = frozenset(
    {
        20003,  # the account's id or token
        20005,  # the account is not active
        20404,  # there is no such account
        21212,  # the sender is no number or name
        21603,  # there is no sender
        21606,  # the sender can't send text messages here
        21609,  # PUBLIC_URL is no address that Twilio can reach
        21659,  # the sender is not the account's
        21660,  # the same
        21661,  # the sender can't send text messages
        21703,  # the messaging service has no sender
        21704,  # the same
        21705,  # there is no such messaging service
    }
)
"""For whoever runs the installation to mend. No fault of the number's."""

WAIT = frozenset(
    {
        20429,  # too many requests
        21611,  # the sender's queue is full
    }
)
