"""Operators' commands about invitations and proposals."""
