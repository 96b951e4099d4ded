"""Permission requests: asked for by a colleague, decided once by an admin, ended by themselves."""
