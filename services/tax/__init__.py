"""Costs and sales of self-employed clients in the US and Canada, by the categories of their tax forms. Pure."""
