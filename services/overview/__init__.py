"""App Home: what a person finds there, and when it is published anew."""
