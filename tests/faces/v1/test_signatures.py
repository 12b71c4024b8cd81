"""Requests signed by devices: what is accepted, and that everything else is one refusal."""

import time
from typing import Any

import httpx
import pytest
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

from accounts.models import Device, User
from identity import ids
from identity.api.v1 import auth
from identity.crypto import ecdsa_p256, http_signatures
from identity.crypto.http_signatures import Request
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.v1.client import BASE, InProcess, Signed, problem

UNAUTHENTICATED = 401


def raw(headers: dict[str, str], path: str, method: str = "GET", body: bytes = b"") -> Any:
    with httpx.Client(base_url=BASE, transport=InProcess()) as http:
        return http.request(method, path, headers=headers, content=body)


def signed(who: Signed, path: str, **more: Any) -> dict[str, str]:
    """The headers of a request as it should be, but for what `more` changes."""
    request = Request(
        more.pop("method", "GET"),
        more.pop("url", f"{BASE}{path}"),
        more.pop("headers", {}),
        more.pop("body", b""),
    )
    given: dict[str, Any] = {"key_id": str(who.device), "now": int(time.time())} | more
    key = given.pop("key", who.key)
    return {**request.headers, **http_signatures.sign_request(request, key, **given)}


@pytest.fixture
def path(alice: Signed) -> str:
    return f"{alice.prefix}/devices/{alice.device}"


def test_reads_with_a_signature(alice: Signed, path: str) -> None:
    answer = raw(signed(alice, path), path)
    assert answer.status_code == 200
    assert answer.json()["id"] == str(alice.device)
    assert answer.headers["cache-control"] == "no-store"


def test_refuses_a_replay(alice: Signed, path: str) -> None:
    headers = signed(alice, path)
    assert raw(headers, path).status_code == 200
    problem(raw(headers, path), 401, "unauthenticated")


def test_refuses_everything_wrong_with_one_answer(alice: Signed, path: str) -> None:
    now = int(time.time())
    good = signed(alice, path)
    label, _, rest = good["Signature-Input"].partition("=")
    wrong = {
        "no signature": {"Signature-Input": good["Signature-Input"]},
        "no input": {"Signature": good["Signature"]},
        "another key": signed(alice, path, key=ecdsa_p256.generate()),
        "unknown device": signed(alice, path, key_id=str(ids.new())),
        "no device": signed(alice, path, key_id="alice"),
        "upper case": signed(alice, path, key_id=str(alice.device).upper()),
        "too old": signed(alice, path, now=now - 302),
        "too new": signed(alice, path, now=now + 302),
        "short nonce": signed(alice, path, nonce="x" * 15),
        "long nonce": signed(alice, path, nonce="x" * 65),
        "another method": signed(alice, path, method="DELETE"),
        "another path": signed(alice, path, url=f"{BASE}{path}x"),
        "another query": signed(alice, path, url=f"{BASE}{path}?a=b"),
        "another host": signed(alice, path, url=f"http://evil.test{path}"),
        "unbound key": signed(alice, path) | {"Idempotency-Key": "added"},
        "unknown parameter": good | {"Signature-Input": f"{good['Signature-Input']};x=1"},
        "another algorithm": good | {"Signature-Input": rest and f'{label}={rest};alg="ed25519"'},
        "two": {name: f"{value}, {value.replace(label, 'b', 1)}" for name, value in good.items()},
        "very long": good | {"Signature-Input": good["Signature-Input"] + " " * 5000 + ";a"},
        "rubbish": {"Signature": "\x01", "Signature-Input": "((("},
    }
    told = {
        name: problem(raw(headers, path), 401, "unauthenticated") for name, headers in wrong.items()
    }
    assert all(each == told["unknown device"] for each in told.values())
    assert "detail" not in told["unknown device"]


def test_binds_the_body(alice: Signed) -> None:
    path = f"{alice.prefix}/groups"
    json = {"content-type": "application/json"}
    body = b'{"name": "treasury"}'
    headers = json | signed(alice, path, method="POST", body=body, headers={})
    answer = raw(headers, path, "POST", b'{"name": "evil"}')
    problem(answer, 401, "unauthenticated")
    bare = json | signed(alice, path, method="POST")
    problem(raw(bare, path, "POST", body), 401, "unauthenticated")
    assert raw(headers, path, "POST", body).status_code == 201


def test_refuses_a_device_at_another_scopes_address(alice: Signed) -> None:
    other = cast.world()
    path = f"/s/{other.scope.slug}/v1/devices/{alice.device}"
    problem(raw(signed(alice, path), path), 401, "unauthenticated")


@pytest.mark.parametrize("status", ["revoked", "suspended"])
def test_refuses_a_device_that_ended(alice: Signed, world: cast.World, status: str) -> None:
    with cast.in_scope(world):
        ended = {"revoked_at": "2026-01-01T00:00Z"} if status == "revoked" else {}
        Device.objects.filter(id=alice.device).update(status=status, **ended)
    problem(alice.get("/groups/x"), 404, "missing")
    problem(alice.get(f"/devices/{alice.device}"), 401, "unauthenticated")


def test_refuses_a_disabled_user(alice: Signed, world: cast.World) -> None:
    with cast.in_scope(world):
        User.objects.update(status="disabled")
    problem(alice.get(f"/devices/{alice.device}"), 401, "unauthenticated")


def test_notes_when_a_device_was_seen(alice: Signed) -> None:
    assert alice.get(f"/devices/{alice.device}").json()["last_seen_at"] is not None


class _ServerKey(HTTPSignatureKeyResolver):
    def __init__(self, world: cast.World) -> None:
        self.key = world.server.signatures[0]

    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == self.key.kid.hex()
        return self.key.key


@pytest.mark.parametrize("path", ["/devices/{}", "/groups/{}"])
def test_signs_its_answers_on_request(alice: Signed, world: cast.World, path: str) -> None:
    answer = alice.get(
        path.format(alice.device), headers={"Accept-Signature": 'mine=("@status");keyid="x"'}
    )
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=_ServerKey(world)
    )
    (found,) = verifier.verify(
        answer,
        body=answer.content,
        require_components=["@status", "content-digest", "content-type", '"signature";req'],
    )
    assert found.label == "mine"


def test_strangers_use_up_nothing_of_a_device(
    alice: Signed, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "per_device", Throttle(count=1, seconds=60))
    for _ in range(3):
        forged = signed(alice, path, key=ecdsa_p256.generate())
        problem(raw(forged, path), 401, "unauthenticated")
    assert raw(signed(alice, path), path).status_code == 200
    problem(raw(signed(alice, path), path), 429, "too-many-requests")
