"""Identifiers made here: UUIDv7 (RFC 9562 §5.7), which sort by the time of making."""

from uuid import UUID

import uuid_utils.compat


def new() -> UUID:
    """A new UUIDv7 of the standard library's type."""
    return uuid_utils.compat.uuid7()
