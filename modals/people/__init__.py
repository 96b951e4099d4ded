"""The pages on colleagues and teams."""
