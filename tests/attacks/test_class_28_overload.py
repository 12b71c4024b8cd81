"""Class 28 of the known attacks: small requests that cost much, and bytes that break the parser.

Seen in Keycloak as CVE-2026-4634, CVE-2026-0707 (and again CVE-2026-9803) and CVE-2026-2575, in
Better Auth as better-auth#11323 (passwords of a mebibyte were hashed) and in GHSA-xmf8. Whatever
comes, the answer is quick and never a 5xx.
"""

import io
import random
import time
from collections.abc import Iterator
from typing import Any

import argon2
import cbor2
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from accounts.services import passwords
from identity import logs
from identity.api.enterprise import views
from identity.errors import DomainError
from identity.scoping import current
from identity.web.throttle import Throttle
from identity.wsgi import application
from tests import acts, cast
from tests.attacks import wire
from tests.faces.enterprise.desk import Desk, keys

pytestmark = pytest.mark.django_db

MEBIBYTE = 1024 * 1024
SECONDS = 2.0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> cast.World:
    # The brake in front would hide what the parsers do.
    monkeypatch.setattr(views, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(views, "per_device", Throttle(count=0, seconds=60))
    return cast.world()


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    # As Django's own test client: the transaction of the test outlives its requests.
    watched = (request_started, request_finished)
    for signal in watched:
        signal.disconnect(close_old_connections)
    yield
    for signal in watched:
        signal.connect(close_old_connections)


def sent(body: bytes, path: str = "/request", **changes: str) -> tuple[int, bytes, float]:
    """Status, content and seconds of the whole application's answer."""
    heard: list[int] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        heard.append(int(status[:3]))

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/octet-stream",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        **changes,
    }
    begun = time.perf_counter()
    content = b"".join(application(environ, start))
    return heard[0], content, time.perf_counter() - begun


def at(world: cast.World) -> str:
    return f"/s/{world.scope.slug}/request"


def nested(depth: int, opening: bytes, inner: bytes = b"\x00") -> bytes:
    return opening * depth + inner


BODIES = {
    "empty": b"",
    "a mebibyte of zeros": b"\0" * MEBIBYTE,
    "a byte more than a mebibyte": b"\0" * (MEBIBYTE + 1),
    "eight mebibytes": b"\xd8\x60" + b"A" * (8 * MEBIBYTE),
    "arrays in arrays": nested(500_000, b"\x81"),
    "tags in tags": nested(500_000, b"\xd2"),
    "maps in maps": nested(250_000, b"\xa1\x00"),
    "endless arrays": nested(500_000, b"\x9f"),
    "an array of four milliard": b"\x9b\x00\x00\x00\x01\x00\x00\x00\x00",
    "a text of 2^63 bytes": b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "bytes of 2^64": b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    "a big number": b"\xc2\x5a\x00\x0f\x00\x00" + b"\xff" * 0xF0000,
    "a map of equal keys": b"\xba\x00\x03\xd0\x90" + b"\x00\x00" * 250_000,
    "a shared reference to itself": b"\xd8\x1c\x81\xd8\x1d\x00",
    "json in json": b'{"a":' * 100_000,
    "json arrays": b"[" * MEBIBYTE,
}


@pytest.mark.parametrize("name", BODIES)
def test_no_body_costs_much_or_breaks_it(world: cast.World, name: str) -> None:
    status, _, seconds = sent(BODIES[name], at(world))
    assert 400 <= status < 500
    assert seconds < SECONDS


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with a few bytes changed, cut out, doubled or put in."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed)) if changed else 0
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[place : place + chance.randint(1, 40)]
            case 2:
                changed[place:place] = changed[place : place + chance.randint(1, 40)]
            case _:
                changed[place:place] = chance.randbytes(chance.randint(1, 9))
    return bytes(changed)


def test_no_broken_envelope_breaks_it(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    whole = wire.channel(alice).seal({"action": "get", "resource": "/me"}).body
    chance = random.Random(28)
    for _ in range(300):
        body = mutated(whole, chance)
        status, content, _ = sent(body, at(world))
        assert 400 <= status < 500 or body == whole, (status, content, body.hex())


def test_no_signed_nonsense_breaks_it(world: cast.World) -> None:
    # A real device may send what it likes: each is refused, sealed and signed.
    alice = world.member("alice", "super-admin")
    channel = wire.channel(alice)
    deep: Any = "x"
    for _ in range(100):
        deep = {"a": [deep]}
    payloads: list[dict[str, Any]] = [
        {},
        {"action": None, "resource": 7},
        {"action": "get", "resource": "/me", "details": deep},
        {"action": "add", "resource": "/groups", "details": {"gid": "x" * 500_000}},
        {"action": "get" * 100_000, "resource": "/me"},
        {"action": "get", "resource": "/" + "a/" * 100_000},
        {"action": "get", "resource": "/users", "details": {"offset": 2**50, "limit": 2**50}},
        {"action": "get", "resource": "/users", "details": {"limit": -1}},
        {"batch": [{"action": "get", "resource": "/me"}] * 51},
        {"batch": "x", "atomicBatch": {}},
        {"batch": [[], None, 1, {}]},
        {"action": "get", "resource": "/me", "idempotency_key": "k" * 100_000},
        {"action": "get", "resource": "/me\0", "details": {"\0": "\ufffe"}},
    ]
    for payload in payloads:
        request = channel.seal(payload)
        status, content, seconds = sent(request.body, at(world))
        assert status < 500, payload
        assert seconds < SECONDS
        if status == 200:
            answer = channel.open(content).content
            assert answer.get("status") in {"failed", "unauthorized", None}, (payload, answer)


HEADERS = (
    {"CONTENT_TYPE": "\0"},
    {"CONTENT_TYPE": "application/octet-stream; " + "a=b; " * 10_000},
    {"CONTENT_LENGTH": "-1"},
    {"CONTENT_LENGTH": "99999999999999999999"},
    {"CONTENT_LENGTH": "ten"},
    {"CONTENT_LENGTH": ""},
    {"HTTP_X_SCOPE_ID": "\u2028" * 5_000},
    {"HTTP_X_SCOPE_ID": "' OR 1=1 --"},
    {"HTTP_HOST": "x" * 10_000},
    {"HTTP_HOST": "[::1"},
    {"HTTP_X_FORWARDED_FOR": "," * 100_000},
    {"HTTP_X_REQUEST_ID": "\r\nSet-Cookie: a=b"},
    {"HTTP_TRANSFER_ENCODING": "chunked, chunked"},
    {"QUERY_STRING": "a=" * 100_000},
    {"PATH_INFO": "/s/" + "a" * 10_000 + "/request"},
    {"PATH_INFO": "/s/%00/request"},
    {"PATH_INFO": "/s/../request"},
    {"REQUEST_METHOD": "PROPFIND"},
    {"REMOTE_ADDR": "nowhere"},
)


@pytest.mark.parametrize("changes", HEADERS, ids=range(len(HEADERS)))
def test_no_header_breaks_it(world: cast.World, changes: dict[str, str]) -> None:
    for path in (at(world), "/request", "/users", "/admin/login/"):
        status, _, seconds = sent(b"nope", **({"path": path} | changes))
        assert 200 <= status < 500, (path, changes, status)
        assert seconds < SECONDS


@pytest.mark.parametrize("size", [1025, 4096, MEBIBYTE])
def test_a_long_password_is_refused_and_never_hashed(
    world: cast.World, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    hashed = argon2.PasswordHasher.hash

    def observed(self: argon2.PasswordHasher, password: Any, **more: Any) -> str:
        seen.append(len(password))
        return hashed(self, password, **more)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", observed)
    with pytest.raises(DomainError):
        passwords.make_verifier("x" * size)
    bundle = acts.invitation(world, "bob@example.test")
    refused = wire.refusal(
        lambda: wire.join(world, wire.offer(world, bundle), keys(0), password="x" * size)
    )
    assert refused[1] in {"-1", "-7"}
    answer = Client().post("/admin/login/", {"username": "alice", "password": "x" * size})
    assert answer.status_code < 500
    assert max(seen, default=0) <= 1024


def test_an_expression_is_bounded() -> None:
    desk = Desk.new()
    with current.in_scope(desk.scope_id):
        alice = desk.person("alice")
        for text in ("(" * 5_000, "!" * 2_000 + "true", "a" * 3_000, " && ".join(["1 == 1"] * 300)):
            details = {
                "plid": str(alice.device.id),
                "name": "deep",
                "resource": "/groups",
                "action": "add",
                "decision_on_true": "DENY",
                "expression": text,
            }
            begun = time.perf_counter()
            assert alice.ask("add", "/policies", details)["error_code"] == "-7"
            assert time.perf_counter() - begun < SECONDS


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "secret" * 3_000, "passw" * 4_000, "eyJ-" * 5_000, "a_" * 9_000]
)
def test_no_text_makes_a_log_line_expensive(text: str) -> None:
    begun = time.perf_counter()
    logs.Redactor(["a known secret"]).clean_text(text)
    assert time.perf_counter() - begun < 0.5


def test_the_search_for_nonsense_uses_valid_cbor_too(world: cast.World) -> None:
    values: list[Any] = [[], {}, None, 1.5, "text", [b"", {}, b"", b""]]
    for value in [*values, cbor2.CBORTag(96, [b"", {}, b"", []])]:
        status, _, _ = sent(cbor2.dumps(value), at(world))
        assert 400 <= status < 500, value
