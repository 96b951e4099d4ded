"""The views of Add client."""
