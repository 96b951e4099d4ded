"""Requests for a permission: the form that asks, the cards that are decided, the list, and what people hear."""
