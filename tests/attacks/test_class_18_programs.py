"""Class 18 of the known attacks, for tokens of programs: what was switched off works on.

Every switch that stands against an API key, at the very next request of a token for it, as a
bearer at `/v1` and by the domain; and nothing that a token can be altered to (class 4), nor one
token in place of another (class 5).
"""

import base64
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from identity.models import ApiKey, Scope, ServerKey
from identity.services import api_keys
from identity.services.api_keys import Holder
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.models import MachineSession
from sessions_app.services import (
    machine_ends,
    machine_keys,
    machine_renewals,
    machine_sessions,
    machine_tokens,
)
from sessions_app.services.machine_sessions import Pair
from sessions_app.services.machine_starts import Asked
from sessions_app.services.sessions import Origin
from tests import acts, cast, programs
from tests.attacks.tokens import Target
from tests.faces.v1.client import BASE, Bearer, InProcess, problem
from tests.programs import AT, Program

pytestmark = pytest.mark.django_db(transaction=True)

PAST = acts.now() - timedelta(seconds=1)


class Scene:
    """A program with a token, at `/v1`, which acts for a user."""

    def __init__(self) -> None:
        self.world = cast.world()
        self.owner = self.world.member("owner", "super-admin")
        self.robot: Program = programs.make(
            self.world.system,
            *("users:list", "api-keys:list"),
            holder=Holder(user_id=self.owner.user.id),
        )
        self.pair: Pair = self.robot.begin()

    def ask(self, token: str = "") -> Any:
        slug = self.world.scope.slug
        return Bearer.of(token or self.pair.access, slug).get("/users")

    def refused(self, token: str = "") -> None:
        problem(self.ask(token), 401, "unauthenticated")


def switch(model: Any, which: Callable[[Scene], Any], **changes: Any) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        with cast.in_scope(scene.world):
            assert model.objects.filter(**which(scene)).update(**changes) == 1

    return act


def of_key(**changes: Any) -> Callable[[Scene], None]:
    return switch(ApiKey, lambda scene: {"id": scene.robot.row.id}, **changes)


def of_user(**changes: Any) -> Callable[[Scene], None]:
    return switch(User, lambda scene: {"id": scene.owner.user.id}, **changes)


def of_session(**changes: Any) -> Callable[[Scene], None]:
    return switch(MachineSession, lambda scene: {"id": scene.pair.session_id}, **changes)


def suspend(scene: Scene) -> None:
    Scope.objects.filter(id=scene.world.scope.id).update(status="suspended")


SWITCHES: dict[str, Callable[[Scene], None]] = {
    "key disabled": of_key(status="disabled"),
    "key revoked": of_key(status="revoked", revoked_at=PAST),
    "key expired": of_key(expires_at=PAST),
    "key bound to another network": of_key(networks=["198.51.100.0/24"]),
    "user disabled": of_user(status="disabled"),
    "user deleted": of_user(status="disabled", deleted_at=PAST),
    "user's time over": of_user(kind="program", expires_at=PAST),
    "user bound to another network": of_user(networks=["198.51.100.0/24"]),
    "session ended": of_session(status="ended", ended_at=PAST),
    "session's time over": of_session(expires_at=PAST),
    "access's time over": of_session(access_expires_at=PAST),
    "another serial": of_session(serial=2),
    "bound to another address": of_session(address="198.51.100.1"),
    "bound to a connection": of_session(connection="c1"),
    "token key retired": switch(
        ServerKey, lambda _: {"purpose": "token"}, status="retired", expires_at=PAST
    ),
    "scope suspended": suspend,
}


@pytest.mark.parametrize("name", SWITCHES)
def test_the_next_request_is_refused(name: str) -> None:
    scene = Scene()
    assert scene.ask().status_code == 200
    SWITCHES[name](scene)
    scene.refused()
    with pytest.raises(TokenRefused):
        machine_sessions.check(scene.pair.access, address="192.0.2.1", now=acts.now())


@pytest.mark.parametrize("name", SWITCHES)
def test_a_program_that_asks_is_told_at_once(name: str) -> None:
    scene = Scene()
    with cast.in_scope(scene.world):
        before = _known(scene.pair)
        SWITCHES[name](scene)
        after = _known(scene.pair)
    assert before == {Use.ACCESS, Use.REFRESH}
    assert after == ({Use.REFRESH} if name == "access's time over" else set())


def _known(pair: Pair) -> set[Use]:
    """The tokens that are of use, as introspection finds it."""
    found = set()
    for use, token in ((Use.ACCESS, pair.access), (Use.REFRESH, pair.refresh)):
        with contextlib.suppress(TokenRefused):
            found.add(machine_tokens.look_into(token, use=use, now=acts.now()).use)
    return found


RENEWABLE = {"access's time over", "another serial", "bound to a connection"}


@pytest.mark.parametrize("name", [name for name in SWITCHES if name not in RENEWABLE])
def test_nothing_is_renewed_behind_a_switch(name: str) -> None:
    scene = Scene()
    SWITCHES[name](scene)
    with pytest.raises(TokenRefused):
        machine_renewals.refresh(
            scene.pair.refresh,
            origin=Origin(address="192.0.2.1", user_agent=AT.user_agent),
            now=acts.now(),
        )


def test_every_sign_of_a_token_counts() -> None:
    scene = Scene()
    token = scene.pair.access
    for place in range(len(token)):
        sign = "A" if token[place] != "A" else "B"
        scene.refused(f"{token[:place]}{sign}{token[place + 1 :]}")
    data = base64.b64decode(token)
    for altered in (
        *(token[:-1], token + "A", token + "=", token.swapcase(), token[1:]),
        base64.urlsafe_b64encode(data + b"\0").decode(),
        token + token,
    ):
        scene.refused(altered)
    assert scene.ask().status_code == 200


def test_one_token_does_not_take_the_place_of_another() -> None:
    scene, target = Scene(), Target.new()
    scene.refused(scene.pair.refresh)
    scene.refused(scene.robot.secret)
    with pytest.raises(TokenRefused):
        machine_renewals.refresh(scene.pair.access, origin=AT, now=acts.now())
    for token in (target.held.access, target.held.refresh):
        with pytest.raises(TokenRefused):
            machine_sessions.check(token, address=AT.address, now=acts.now())
        with pytest.raises(TokenRefused):
            machine_renewals.refresh(token, origin=AT, now=acts.now())
    for token in (scene.pair.access, scene.pair.refresh):
        target.require_refused(token)


def test_a_token_is_of_its_own_scope() -> None:
    scene, other = Scene(), cast.world()
    other.member("charlie", "super-admin")
    answer = Bearer.of(scene.pair.access, other.scope.slug).get("/users")
    problem(answer, 401, "unauthenticated")


def test_a_token_does_what_its_words_say_and_nothing_else() -> None:
    scene = Scene()
    by = Bearer.of(scene.pair.access, scene.world.scope.slug)
    assert by.get("/api-keys").status_code == 200
    for path in ("/groups", "/me", "/webhooks"):
        problem(by.get(path), 403, "forbidden")
    narrow = scene.robot.begin(Asked(permissions=frozenset({"users:list"})))
    problem(Bearer.of(narrow.access, scene.world.scope.slug).get("/api-keys"), 403, "forbidden")


def basic(name: str, secret: str, slug: str) -> Any:
    text = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return Bearer.of("", slug).http.get(
        f"{BASE}/s/{slug}/v1/users", headers={"Authorization": f"Basic {text}"}
    )


def test_name_and_secret_open_what_the_key_opens() -> None:
    scene = Scene()
    slug, name = scene.world.scope.slug, scene.robot.row.key_id
    assert basic(name, scene.robot.secret, slug).status_code == 200
    for wrong in (
        (name, f"{scene.robot.secret[:-1]}x"),
        (name, ""),
        ("", scene.robot.secret),
        (name.upper(), scene.robot.secret),
        (f"{name}\0", scene.robot.secret),
        ("nobody", scene.robot.secret),
    ):
        problem(basic(*wrong, slug), 401, "unauthenticated")
    of_key(status="disabled")(scene)
    problem(basic(name, scene.robot.secret, slug), 401, "unauthenticated")


def test_nothing_comes_back_with_the_switch() -> None:
    """Class 30: tokens outlive that their key was off."""
    scene = Scene()
    by, key_id = scene.world.system, scene.robot.row.id
    machine_keys.disable(key_id=key_id, by=by, now=acts.now())
    of_key(status="active")(scene)
    scene.refused()
    again = scene.robot.begin()
    assert scene.ask(again.access).status_code == 200
    new = machine_keys.rotate(key_id=key_id, overlap=timedelta(), by=by, now=acts.now())
    scene.refused(again.access)
    slug, name = scene.world.scope.slug, scene.robot.row.key_id
    problem(basic(name, scene.robot.secret, slug), 401, "unauthenticated")
    assert basic(name, new, slug).status_code == 200
    kept = scene.robot.begin()
    machine_keys.rotate(key_id=key_id, overlap=timedelta(hours=1), by=by, now=acts.now())
    assert scene.ask(kept.access).status_code == 200
    assert basic(name, new, slug).status_code == 200
    machine_ends.end(session_id=kept.session_id, reason="x", by=by, now=acts.now())
    scene.refused(kept.access)
    machine_keys.revoke(key_id=key_id, by=by, now=acts.now())
    problem(basic(name, new, slug), 401, "unauthenticated")


def test_a_user_who_goes_takes_keys_and_tokens_along() -> None:
    scene = Scene()
    with cast.in_scope(scene.world):
        api_keys.revoke_all_of(scene.owner.user.id, by=scene.world.system, now=acts.now())
    scene.refused()


def test_addresses_of_a_key_count_at_v1() -> None:
    world = cast.world()
    world.member("owner", "super-admin")
    robot = programs.make(world.system, "users:list", networks=["192.0.2.0/31"])
    token = robot.begin(origin=Origin(address="192.0.2.1")).access
    near = Bearer.of(token, world.scope.slug)
    assert near.get("/users").status_code == 200
    far = Bearer.of(token, world.scope.slug)
    far.http = type(far.http)(base_url=BASE, transport=InProcess("192.0.2.2"))
    problem(far.get("/users"), 401, "unauthenticated")
