"""The views and messages of self-employed clients' costs and sales."""
