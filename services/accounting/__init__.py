"""Xero and Sage: signing in there, and what is read from there."""
