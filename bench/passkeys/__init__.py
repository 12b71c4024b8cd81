"""Joining, signing in and signing with passkeys, beside a floor that does the same work."""
