"""Programs of the tests: API keys with limits, and the tokens that they get for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from identity import ids
from identity.actor import Actor
from identity.limits import Limits, checked
from identity.models import ApiKey
from identity.scoping import current, key_doors
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import api_key_secrets, api_keys
from sessions_app.services import machine_sessions, machine_starts, programs
from sessions_app.services.machine_sessions import Checked, Pair
from sessions_app.services.machine_starts import EVERYTHING, Asked
from sessions_app.services.sessions import Origin

AT: Origin = Origin(address="192.0.2.7", user_agent="robot/1")


@dataclass
class Program:
    """An API key with its secret."""

    row: ApiKey
    secret: str

    @property
    def door(self) -> ApiKeyDoor:
        """As a face finds it now."""
        found = key_doors.api_key_by_name(self.row.key_id)
        assert found is not None
        return found

    @property
    def actor(self) -> Actor:
        """As it acts now."""
        with current.in_scope(self.row.scope_id):
            return programs.acting(self.door, address=AT.address)

    def begin(
        self, asked: Asked = EVERYTHING, *, now: datetime | None = None, origin: Origin = AT
    ) -> Pair:
        """A session's tokens."""
        return machine_starts.begin(self.door, asked, origin=origin, now=now or datetime.now(UTC))


def make(by: Actor, *words: str, now: datetime | None = None, **more: Any) -> Program:
    """A shared key with these words; limits by their kinds."""
    secret = api_key_secrets.new_hex_secret()
    bounds = {kind: more.pop(kind) for kind in Limits.__dataclass_fields__ if kind in more}
    key_id = ids.new()
    row = api_keys.create(
        key_id=key_id,
        name=more.pop("name", "robot"),
        credential=api_key_secrets.shared(secret),
        words=words,
        limits=checked(**bounds),
        called=key_id.hex,
        by=by,
        now=now or datetime.now(UTC),
        **more,
    )
    return Program(row, secret)


def begun(key_id: str) -> Pair:
    """The tokens of a session of the key that is called so."""
    door = key_doors.api_key_by_name(key_id)
    assert door is not None
    return machine_starts.begin(door, EVERYTHING, origin=AT, now=datetime.now(UTC))


def asking(pair: Pair) -> Checked:
    """Who asks with this access token now. Raises TokenRefused."""
    return machine_sessions.check(pair.access, address=AT.address, now=datetime.now(UTC))
