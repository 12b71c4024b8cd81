"""Class 28 of the known attacks, over the API of our own: small requests that cost or break much.

Seen in Keycloak as CVE-2026-4634, CVE-2026-0707 (again CVE-2026-9803) and CVE-2026-2575, in
better-auth#11323 and GHSA-xmf8. Whatever comes, the answer is quick and never a 5xx.
"""

import base64
import contextlib
import json
import random
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from http_message_signatures import HTTPMessageSignaturesException
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.api.v1 import auth, desk
from identity.sdk.http_signatures import DeviceAuth
from identity.web.throttle import Throttle
from tests.matrix.permissions_v1 import LINES
from tests.matrix.scene import Scene, undone

pytestmark = pytest.mark.django_db

LONGEST = 3.0
"""Seconds; on a busy machine too."""


@pytest.fixture(autouse=True)
def without_brakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many questions would be refused by number, before they are looked at."""
    endless = Throttle(count=10**9, seconds=60)
    monkeypatch.setattr(desk, "per_address", endless)
    monkeypatch.setattr(auth, "per_device", endless)


def answered(scene: Scene, method: str, path: str, **more: Any) -> httpx.Response:
    """A signed request; quick, and refused rather than broken."""
    signed = DeviceAuth(scene.owner.device, scene.owner.key)
    started = time.perf_counter()
    with undone():
        answer = scene.owner.http.request(
            method, f"{scene.owner.prefix}{path}", auth=signed, **more
        )
    assert answer.status_code < 500, (method, path, answer.status_code)
    assert time.perf_counter() - started < LONGEST, (method, path)
    return answer


JSON = {"Content-Type": "application/json", "If-Match": "*"}
BODIES: dict[str, bytes] = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a long list": json.dumps({"lines": [{}] * 100_000}).encode(),
    "long strings": json.dumps({"name": "x" * 500_000}).encode(),
    "many fields": json.dumps({f"f{n}": n for n in range(50_000)}).encode(),
    "a huge number": b'{"name":' + b"9" * 100_000 + b"}",
    "no number": b'{"name":NaN,"id":Infinity,"x":-0}',
    "half a surrogate": b'{"name":"\\ud800"}',
    "no text": b'{"name":"\xff\xfe"}',
    "a nought": b'{"name":"a\\u0000b","email":"a\\u0000@example.test"}',
    "nothing": b"null",
    "a text": b'"x"',
}


@pytest.mark.parametrize("name", BODIES)
def test_no_body_breaks_a_route(scene: Scene, name: str) -> None:
    for line in LINES:
        if line.method != "GET":
            path = scene.path(line.path)
            answer = answered(scene, line.method, path, content=BODIES[name], headers=JSON)
            assert answer.status_code >= 400, (line.name, answer.text)


def test_a_body_over_the_limit_is_not_read(scene: Scene) -> None:
    answer = answered(scene, "POST", "/groups", content=b" " * 20_000_000, headers=JSON)
    assert answer.status_code == 413


VALUES = ["\x00", "x" * 5000, "-1", "1e999", "٣", "' OR 1=1", "null", "{}", "2999-99-99", "A" * 43]
# Times that are none in UTC.
VALUES += ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
NAMES = [
    "limit",
    "after",
    "order",
    "user",
    "status",
    "search",
    "begin",
    "end",
    "at",
    "state",
    "name",
]


def test_no_parameter_breaks_a_list(scene: Scene) -> None:
    for line in LINES:
        if line.method != "GET" or "{" in line.path:
            continue
        for name in NAMES:
            for value in VALUES:
                answered(scene, "GET", line.path, params={name: value})


def test_no_cursor_breaks_a_list(scene: Scene) -> None:
    chance = random.Random(7)
    for path in ("/users", "/groups", "/audit", "/devices", "/invitations", "/policies", "/roles"):
        whole = scene.owner.get(f"{path}?limit=1").json()["next"] or "AAAA"
        cursors = [whole[:-1], whole + "A", whole.swapcase(), "=" * 40, "..", "%00"]
        for _ in range(12):
            raw = bytearray(base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)))
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            cursors.append(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))
        for cursor in cursors:
            answered(scene, "GET", path, params={"after": cursor})


HEADERS = [
    {"Signature-Input": value, "Signature": "sig=:AAAA:"}
    for value in (
        "sig=()",
        "sig=(" * 2000,
        'sig=("@method" "@target-uri");created=99999999999999999999;keyid="x";nonce="y"',
        'sig=("@method";req "@query-param";name="a");created=1;keyid="\\"";nonce=""',
        "sig=1, sig=2, sig=3",
        'sig=("x-' + "a" * 3000 + '")',
        "sig=:AAAA:",
        "\xff\xfe",
        ", ".join(f"s{n}=()" for n in range(500)),
    )
]
HEADERS += [
    {"Content-Digest": "sha-256=:AAAA:, " * 500},
    {"Accept-Signature": "sig=(" * 1000},
    {"Accept-Signature": 'sig=("@status");keyid="' + "x" * 4000 + '"'},
    {"X-Scope-Id": "\x7f" * 500},
    {"If-Match": ",".join(['"1"'] * 2000)},
    {"Idempotency-Key": "é"},
    {"Content-Type": "application/json; charset=" + "x" * 4000},
    {"Accept": ",".join(["text/x"] * 2000)},
    {"Content-Length": "-1"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda each: next(iter(each)))
def test_no_header_breaks_it(scene: Scene, headers: dict[str, str]) -> None:
    given_headers = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    for path in ("/me", f"/groups/{scene.things['group']}"):
        for is_signed in (False, True):
            auth = DeviceAuth(scene.owner.device, scene.owner.key) if is_signed else None
            started = time.perf_counter()
            # What no client can sign is sent unsigned only.
            with undone(), contextlib.suppress(HTTPMessageSignaturesException):
                answer = scene.owner.http.get(
                    f"{scene.owner.prefix}{path}", headers=given_headers, auth=auth
                )
                assert answer.status_code < 500, headers
            assert time.perf_counter() - started < LONGEST


@settings(max_examples=60)
@given(text=st.text(max_size=60))
def test_no_path_breaks_it(scene: Scene, text: str) -> None:
    answered(scene, "GET", f"/{quote(text)}")
