"""The command that gives a scope a new server key."""

from datetime import datetime
from typing import Literal

from identity import errors
from identity import queries as ground
from identity.actor import Actor
from identity.models import ServerKey
from identity.services import server_keys
from invitations.commands.command import Command, Input, Result, Target, registry


class RotateServerKey(Input, frozen=True):
    """A new active key of one purpose; the one before stays of use for 90 days."""

    purpose: Literal["encryption", "signature", "token", "application"]


def rotate(details: RotateServerKey, *, by: Actor, now: datetime) -> Result:
    """Make the key. It is made before any row is locked: an RSA key takes a while."""
    key = server_keys.rotate(purpose=ServerKey.Purpose(details.purpose), by=by, now=now)
    return {
        "server_key": {
            "kid": key.kid,
            "purpose": details.purpose,
            "public": key.public,
            "activated_at": int(now.timestamp()),
        }
    }


def _present_key(details: RotateServerKey) -> Target:
    for key in ground.active_server_keys():
        if key.purpose == details.purpose:
            return Target("server-key", details.purpose, int(key.kid[:12], 16))
    raise errors.Missing("The scope has no such key.")


registry.add(
    Command(
        name="server-key.rotate",
        action="edit",
        resource="/server-keys/{purpose}",
        permission="server-keys:edit",
        input=RotateServerKey,
        execute=rotate,
        target=_present_key,
    )
)
