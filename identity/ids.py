"""Identifiers made here: UUIDv7 (RFC 9562 §5.7), which sort by the time of making."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import uuid_utils.compat

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_VERSION_AND_VARIANT: Final = (7 << 76) | (2 << 62)
_RANDOM: Final = ((1 << 12) - 1 << 64) | ((1 << 62) - 1)


def new() -> UUID:
    """A new UUIDv7 of the standard library's type."""
    return uuid_utils.compat.uuid7()


def at(moment: datetime) -> UUID:
    """A UUIDv7 that says it was made at this moment, to the millisecond; 74 bits are random."""
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    bits = secrets.randbits(128) & _RANDOM
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | bits)


def made_at(identifier: UUID) -> datetime:
    """When a UUIDv7 of ours was made; one that anybody else made may be no time at all."""
    return _EPOCH + (identifier.int >> 80) * _MILLISECOND
