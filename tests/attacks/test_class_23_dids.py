"""Class 23 of the known attacks, by DIDs: a stranger's DID names an address within.

Seen in Keycloak as CVE-2026-1180 (`jwks_uri`), in Better Auth as GHSA-5rr4. The resolver asks its
own tables and fetches nothing.
"""

import socket
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import cast
from tests.faces.v1.client import problem
from tests.faces.v1.test_dids import web

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every name that is looked up and every address that is called."""
    seen: list[Any] = []

    def noted(*arguments: Any, **_: Any) -> Any:
        seen.append(arguments)
        raise OSError("nobody is called")

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    monkeypatch.setattr(socket.socket, "connect", noted)
    return seen


@pytest.mark.parametrize(
    ("did", "status", "code"),
    [
        ("did:web:169.254.169.254:latest:meta-data", 404, "missing"),
        ("did:web:localhost%3A5432", 404, "missing"),
        ("did:web:metadata.internal", 404, "missing"),
        ("did:web:user@127.0.0.1", 400, "did.invalid"),
        ("did:web:%5B::1%5D", 400, "did.invalid"),
        ("did:web:127.0.0.1%2F..%2Fadmin", 400, "did.invalid"),
        ("did:web:example.org:..:..:admin", 400, "did.invalid"),
        ("did:webvh:example.org", 404, "not-supported"),
        ("did:ethr:0x00", 404, "not-supported"),
        ("http://169.254.169.254/", 400, "did.invalid"),
        ("file:///etc/passwd", 400, "did.invalid"),
    ],
)
def test_no_did_makes_the_server_call_anybody(
    asked: list[Any], did: str, status: int, code: str
) -> None:
    world = cast.world()
    problem(web(world, f"/v1/dids/resolve?{urlencode({'did': did})}"), status, code)
    assert asked == []
