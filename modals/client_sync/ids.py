"""The ids that the views and messages of Client Sync carry."""

OPEN = "client_sync.open"
