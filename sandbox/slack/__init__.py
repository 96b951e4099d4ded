"""A stand-in for Slack: its Web API, its requests to apps, Socket Mode, and what a person's client does."""
