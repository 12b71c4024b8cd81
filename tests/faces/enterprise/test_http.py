"""The endpoint over HTTP: methods, media types, sizes, addresses, refusals in the clear."""

import hashlib
import json

import cbor2
import pytest
from django.test import Client, override_settings

from identity.api.enterprise import views
from identity.crypto import cose_device, ecdsa_p256
from identity.sdk.channel import Channel
from identity.web import bodies
from identity.web.throttle import Throttle
from tests import cast

pytestmark = pytest.mark.django_db

ENVELOPE = "application/octet-stream"


@pytest.fixture
def world() -> cast.World:
    return cast.world("acme")


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


def channel(member: cast.Member, key: ecdsa_p256.PrivateKey | None = None) -> Channel:
    return Channel(
        device=member.session.device,
        signing_key=key or member.session.keys.signature,
        private=member.session.keys.encryption,
        server=member.session.server,
    )


def post(path: str, body: bytes, media_type: str = ENVELOPE) -> tuple[int, bytes]:
    answer = Client().post(path, body, content_type=media_type)
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    return answer.status_code, answer.content


ME = {"action": "get", "resource": "/me", "details": {}}


@pytest.mark.parametrize("path", ["/request", "/s/acme/request"])
def test_answers_under_the_default_scope_and_under_its_path(alice: cast.Member, path: str) -> None:
    wire = channel(alice)
    status, body = post(path, wire.seal(ME).body)
    assert status == 200
    assert wire.open(body).content["status"] == "success"


def test_refuses_a_device_at_another_scopes_address(alice: cast.Member) -> None:
    cast.world("other")
    status, _ = post("/s/other/request", channel(alice).seal(ME).body)
    assert status == 401


def test_takes_the_same_bytes_at_a_path_that_names_the_resource(alice: cast.Member) -> None:
    wire = channel(alice)
    listed = {"action": "get", "resource": "/users", "details": {}}
    assert wire.open(post("/users", wire.seal(listed).body)[1]).content["status"] == "success"
    answer = wire.open(post("/users", wire.seal(ME).body)[1]).content
    assert (answer["status"], answer["error_code"]) == ("failed", "-7")


def test_offers_nothing_but_post() -> None:
    answer = Client().get("/request")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


def clear(body: bytes) -> dict[str, str]:
    """The content of a signed error, its signature not looked at."""
    found: dict[str, str] = json.loads(cbor2.loads(body).value[2])
    return found


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"\x00", ENVELOPE, 400),
        (b"not COSE", ENVELOPE, 400),
        (b"x" * (bodies.MOST_BYTES + 1), ENVELOPE, 413),
        (b"{}", "application/json", 415),
    ],
)
def test_signs_what_it_refuses_before_anybody_is_known(
    world: cast.World, body: bytes, media_type: str, status: int
) -> None:
    answered, answer = post("/s/acme/request", body, media_type)
    assert answered == status
    assert clear(answer)["error_code"] == "-1"
    # A body that is too large is not read, so nothing can bind the refusal to it.
    read = b"" if status == 413 else body
    opened = cose_device.open_error(
        answer,
        server_keys=world.server.signatures,
        expected_requests={hashlib.sha256(read).digest()},
    )
    assert json.loads(opened.payload)["status"] == "failed"


def test_accepts_each_envelope_once(alice: cast.Member) -> None:
    wire = channel(alice)
    sealed = wire.seal(ME).body
    assert post("/request", sealed)[0] == 200
    status, answer = post("/request", sealed)
    assert status == 401
    assert clear(answer)["error_code"] == "-6"


def test_says_when_to_come_back_after_too_many(
    alice: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "per_device", Throttle(count=2, seconds=60))
    wire = channel(alice)
    statuses = [post("/request", wire.seal(ME).body)[0] for _ in range(2)]
    assert statuses == [200, 200]
    answer = Client().post("/request", wire.seal(ME).body, content_type=ENVELOPE)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert clear(answer.content)["error_code"] == "-13"


def test_strangers_use_up_nothing_of_a_device(
    alice: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "per_device", Throttle(count=1, seconds=60))
    stranger = channel(alice, ecdsa_p256.generate())
    for _ in range(3):
        assert post("/request", stranger.seal(ME).body)[0] == 401
    assert post("/request", channel(alice).seal(ME).body)[0] == 200


@override_settings(DEFAULT_SCOPE="")
def test_has_no_scope_where_the_address_names_none() -> None:
    answer = Client().post("/request", b"x", content_type=ENVELOPE)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
