"""Contradictions between settings."""
