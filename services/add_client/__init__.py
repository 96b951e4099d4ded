"""Adding a client, step by step."""
