"""Class 1 of the known attacks, on tokens of providers: algorithm, key, header, claims.

Seen in Keycloak as CVE-2026-11800, in PyJWT as CVE-2026-48523, in Authlib as CVE-2026-27962 and
CVE-2025-59420 (`crit`).
"""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from accounts.models import User
from sessions_app.models import Session
from tests import cast
from tests.stand_in import StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in)
    return made


def refused(world: cast.World, stand_in: StandIn) -> None:
    answer = Visitor(world).through(stand_in)
    assert answer.status_code == 422, answer.content
    with cast.in_scope(world):
        assert not User.objects.exists()
        assert not Session.objects.exists()


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": ["countersign", "another-client"]},
        {"aud": ["countersign"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"exp": NOW - 120},
        {"exp": None},
        {"exp": "9999999999"},
        {"iat": NOW - 3600},
        {"iat": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"nonce": "of another round"},
        {"nonce": None},
        {"nonce": ""},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\nb"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_refuses_a_wrong_claim(
    world: cast.World, stand_in: StandIn, claims: dict[str, Any]
) -> None:
    stand_in.token_claims = claims
    refused(world, stand_in)


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["bork"], "bork": True},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
        {"kid": "unknown"},
        {"kid": "../../one"},
        {"b64": False},
    ],
)
def test_refuses_a_header_that_says_how_to_verify(
    world: cast.World, stand_in: StandIn, headers: dict[str, Any]
) -> None:
    stand_in.headers = headers
    refused(world, stand_in)


def test_refuses_a_signature_of_another_key(world: cast.World, stand_in: StandIn) -> None:
    stand_in.signing_key = ec.generate_private_key(ec.SECP256R1())
    refused(world, stand_in)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_refuses_another_algorithm(
    world: cast.World, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    pem = stand_in.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    right = stand_in.id_token

    def forged(asked: dict[str, str]) -> str:
        claims = jwt.decode(right(asked), options={"verify_signature": False})
        header = _part({"alg": algorithm, "kid": "one", "typ": "JWT"})
        signed = f"{header}.{_part(claims)}"
        if algorithm == "none":
            return f"{signed}."
        from identity.crypto import base64url

        digest = hmac.new(pem, signed.encode(), "sha256").digest()
        return f"{signed}.{base64url.encode(digest)}"

    monkeypatch.setattr(stand_in, "id_token", forged)
    refused(world, stand_in)


def test_refuses_what_is_said_of_another_account(world: cast.World, stand_in: StandIn) -> None:
    stand_in.userinfo = {"sub": "another", "email": "x@example.test", "email_verified": True}
    refused(world, stand_in)
    stand_in.userinfo = {"email": "x@example.test", "email_verified": True}
    refused(world, stand_in)


def test_takes_what_is_right(world: cast.World, stand_in: StandIn) -> None:
    stand_in.token_claims = {"aud": ["countersign"], "azp": "countersign"}
    assert Visitor(world).through(stand_in).status_code == 302


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
