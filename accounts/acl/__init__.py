"""Access lists of members: what one may do with which containers of a context."""
