"""Clients by CSV: the file is read, checked row by row, shown, and imported."""
