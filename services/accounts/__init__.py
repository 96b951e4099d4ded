"""Client users on their own page: signing in, and offering their account to another practice."""
