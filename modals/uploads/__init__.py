"""The views and messages of uploads."""
