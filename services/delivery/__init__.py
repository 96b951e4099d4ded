"""The ways out to people who are not in Slack."""
