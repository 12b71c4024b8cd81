"""Calls of programs about contexts, beside a bare handler with the same statements."""
