"""Class 30 of the known attacks: sessions, tokens and API keys outlive what they hang on.

Seen as GHSA-2vg6-77g8-24mp (Better Auth: sessions after deletion). Whatever is shut out, every
way in that hangs on it is refused on the next request, and does not come back with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from accounts.services import devices, passwords, users
from identity.models import ApiKey
from identity.services import api_keys, scopes, server_keys
from sessions_app.models import Session
from sessions_app.services import locking, sessions
from sessions_app.services.sessions import Proof
from tests import cast, signed_in
from tests.attacks.tokens import Target
from tests.faces.v1.client import Bearer
from tests.faces.v1.test_bearers import key_of

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scene:
    """bob's session on a device of his, and a key that acts for him."""

    target: Target
    bob: cast.Member
    key: Bearer

    @classmethod
    def new(cls) -> "Scene":
        target = Target.new()
        world = target.world
        bob = world.member("robert", "workspace-auditor")
        proof = Proof(Session.Method.DEVICE, device_id=bob.device.id)
        target.held = signed_in.start(world, bob, proof=proof)
        return cls(target, bob, key_of(world, "users:list", owner=bob))

    def ways(self) -> dict[str, bool]:
        """Which ways in are open now. A refresh token is spent by looking, so it comes last."""
        target = self.target
        told = target.introspect(target.held.access)
        return {
            "access": target.ask(target.held.access).status_code == 200,
            "introspection": told.status_code == 200 and told.json()["active"],
            "api key": self.key.get("/users").status_code == 200,
            "refresh": target.renew(target.held.refresh).status_code == 200,
        }


def disabled(scene: Scene) -> None:
    users.disable(user_id=scene.bob.user.id, by=scene.target.world.system, now=now())


def deleted(scene: Scene) -> None:
    users.delete(user_id=scene.bob.user.id, by=scene.target.world.system, now=now())


def given_a_new_password(scene: Scene) -> None:
    with cast.in_scope(scene.target.world):
        made = passwords.make_verifier("a new battery and its staple")
        passwords.store(
            user_id=scene.bob.user.id, verifier=made, by=scene.target.world.system, now=now()
        )


def locked(scene: Scene) -> None:
    locking.lock(user_id=scene.bob.user.id, by=scene.target.world.system, now=now())


def device_revoked(scene: Scene) -> None:
    by = scene.target.world.system
    devices.revoke(device_id=scene.bob.device.id, reason="lost", by=by, now=now())


def device_suspended(scene: Scene) -> None:
    by = scene.target.world.system
    devices.suspend(device_id=scene.bob.device.id, reason="lost", by=by, now=now())


def signed_out(scene: Scene) -> None:
    by, session = scene.target.world.system, scene.target.held.session
    sessions.end(session_id=session.id, reason="signed-out", by=by, now=now())


def scope_suspended(scene: Scene) -> None:
    scopes.suspend(by=scene.target.world.system, now=now())


def key_revoked(scene: Scene) -> None:
    with cast.in_scope(scene.target.world):
        key = ApiKey.objects.get(user_id=scene.bob.user.id)
    api_keys.revoke(key_id=key.id, by=scene.target.world.system, now=now())


def key_over(scene: Scene) -> None:
    with cast.in_scope(scene.target.world):
        past = now() - timedelta(seconds=1)
        ApiKey.objects.filter(user_id=scene.bob.user.id).update(expires_at=past)


SESSION = frozenset({"access", "introspection", "refresh"})
ALL = SESSION | {"api key"}
ENDS: dict[Callable[[Scene], None], frozenset[str]] = {
    disabled: ALL,
    deleted: ALL,
    given_a_new_password: SESSION,
    locked: ALL,
    scope_suspended: ALL,
    device_revoked: SESSION,
    device_suspended: SESSION,
    signed_out: SESSION,
    key_revoked: frozenset({"api key"}),
    key_over: frozenset({"api key"}),
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_nothing_outlives(end: Callable[[Scene], None]) -> None:
    scene = Scene.new()
    # Everything was used a moment before, so whatever remembers anything remembers this.
    target = scene.target
    assert target.ask(target.held.access).status_code == 200
    assert target.introspect(target.held.access).json()["active"]
    assert scene.key.get("/users").status_code == 200
    end(scene)
    expected = {way: way not in ENDS[end] for way in ALL}
    assert scene.ways() == expected


def test_nothing_is_left_on_without_an_end() -> None:
    assert all(Scene.new().ways().values())


def test_what_a_lock_ended_does_not_come_back() -> None:
    scene = Scene.new()
    locked(scene)
    users.enable(user_id=scene.bob.user.id, by=scene.target.world.system, now=now())
    assert not any(scene.ways().values())


def test_tokens_of_a_key_that_was_retired_are_refused() -> None:
    scene = Scene.new()
    world = scene.target.world
    server_keys.rotate(purpose=server_keys.TOKEN, by=world.system, now=now() - timedelta(days=91))
    with cast.in_scope(world):
        assert server_keys.retire_expired(now=now()) == 1
    assert {way for way, is_open in scene.ways().items() if is_open} == {"api key"}
