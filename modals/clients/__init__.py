"""The clients list, a client's card, and connecting from it."""
