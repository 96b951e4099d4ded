"""A stand-in for Xero: consent, tokens, connections and the accounting API."""
