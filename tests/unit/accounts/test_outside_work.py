"""Pictures and tests of addresses are fetched by tasks, under guard, and what comes is judged."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from accounts import tasks
from accounts.models import Avatar, Profile
from accounts.queries import avatars as pictures
from accounts.services import avatars, profiles
from identity.services import outside
from identity.services.outside import Guard
from tests import cast
from tests.attacks import receiver
from tests.attacks.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    alice = world.member("alice")
    with cast.in_scope(world):
        profiles.ensure(user_id=alice.user.id, by=world.system, now=datetime.now(UTC))
    return alice


def answering(body: bytes, status: str = "200 OK", more: str = "") -> receiver.Speak:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return receiver.saying(head.encode() + body)


def png(size: tuple[int, int] = (4, 4)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def let_in(monkeypatch: Any) -> None:
    """This deployment lets its tasks call 127.0.0.1, and nothing else within."""
    networks = outside.networks(["127.0.0.1/32"])
    allowed = Guard(networks=networks, ports=frozenset(), is_http_allowed=True)
    monkeypatch.setattr(outside, "guard", lambda: allowed)


def fetch(world, alice, listening: Receiver) -> bool:
    url = f"http://127.0.0.1:{listening.port}/picture"
    return bool(tasks.fetch_avatar.func(str(world.scope.id), str(alice.user.id), url))


def shown(world, alice) -> object:
    with cast.in_scope(world):
        return Profile.objects.get(user=alice.user).avatar


def test_shows_what_it_fetched(world, alice, let_in) -> None:
    with receiver.listening(answering(png())) as listening:
        assert fetch(world, alice, listening)
    with cast.in_scope(world):
        (avatar,) = Avatar.objects.all()
        assert pictures.stored(avatar.id) == pictures.Stored(avatar.user_id, bytes(avatar.picture))
    assert shown(world, alice) == avatar.id


@pytest.mark.parametrize(
    "speak",
    [
        answering(b"<html>"),
        answering(png(), "404 Not Found"),
        answering(b"", "302 Found", "Location: http://169.254.169.254/\r\n"),
        answering(b"x" * (avatars.MOST_BYTES + 2)),
        answering(png((9000, 1))),
        receiver.saying(b"nonsense"),
    ],
)
def test_shows_nothing_else(world, alice, let_in, speak) -> None:
    with receiver.listening(speak) as listening:
        assert not fetch(world, alice, listening)
    assert shown(world, alice) is None


def test_calls_nobody_within(world, alice, monkeypatch) -> None:
    strict = Guard(ports=frozenset(), is_http_allowed=True)
    monkeypatch.setattr(outside, "guard", lambda: strict)
    with receiver.listening() as listening:
        assert not fetch(world, alice, listening)
        url = f"http://127.0.0.1:{listening.port}/hook"
        assert not tasks.try_webhook.func(url, "api")
        assert listening.connections == 0


@pytest.mark.parametrize(("kind", "said"), [("slack", b'{"text":'), ("api", b'"type":"test"')])
def test_tries_a_webhook(world, let_in, kind, said) -> None:
    with receiver.listening() as listening:
        assert tasks.try_webhook.func(f"http://127.0.0.1:{listening.port}/hook", kind)
        assert said in listening.requests[0]
