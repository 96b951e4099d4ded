"""A stand-in for Sage Accounting: consent, tokens and the API, version 3.1."""
