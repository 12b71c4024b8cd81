"""The decision engine: which changes are allowed, denied or need others, and who is enough."""
