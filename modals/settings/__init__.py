"""The practice's settings."""
