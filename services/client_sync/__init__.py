"""Client Sync: many organisations at once."""
