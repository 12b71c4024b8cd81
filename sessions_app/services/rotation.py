"""The one statement that spends a refresh token: of any number of parallel calls one does it."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from identity.scoping import statements
from identity.scoping.session_doors import SessionDoor

_ROTATION: Final = """
UPDATE sessions_app_session SET refresh_serial = refresh_serial + 1, refreshed_at = %s,
  holder = %s, last_seen_at = %s, expires_at = %s
WHERE id = %s AND refresh_serial = %s AND status = 'active'
"""


def next_end(door: SessionDoor, *, lasts: timedelta, latest: datetime, now: datetime) -> datetime:
    """When the session ends unless it is renewed again.

    It moves on in steps of a 24th of that time: between them a renewal changes nothing that an
    index knows, which is half of what it costs the database.
    """
    wanted = min(now + lasts, latest)
    is_near = timedelta() <= wanted - door.expires_at < lasts / 24
    return door.expires_at if is_near else wanted


def rotate(door: SessionDoor, holder: str, expires_at: datetime, now: datetime) -> bool:
    """Count the serial up, if it is still that of the door; whether it was."""
    values: list[Any] = [now, holder, now, expires_at, door.session_id, door.refresh_serial]
    if connection.vendor != "postgresql":
        adapted = connection.ops.adapt_datetimefield_value
        values = [adapted(value) if isinstance(value, datetime) else value for value in values]
        values[4] = door.session_id.hex
    return statements.count(_ROTATION, values) == 1
