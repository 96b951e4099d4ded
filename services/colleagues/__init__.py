"""Colleagues: who is at the practice, their roles and permissions, their teams, and what becomes of it all."""
