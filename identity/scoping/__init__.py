"""Isolation of scopes: a filter in Django and row-level security in PostgreSQL."""
