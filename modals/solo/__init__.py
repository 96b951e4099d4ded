"""Self-employed clients (Solo): what the wizard, the client card and the digest of deadlines show of them."""
