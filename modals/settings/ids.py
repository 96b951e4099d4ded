"""Ids of what is pressed and sent on the pages of settings."""

OPEN = "settings.open"
EDIT = "settings.edit"
BILLING = "settings.billing"
SAVE_DETAILS = "settings.save_details"
SAVE_SUBSCRIPTION = "settings.save_subscription"
SAVE_CLIENT_DEFAULTS = "settings.save_client_defaults"
SAVE_APPROVALS = "settings.save_approvals"
