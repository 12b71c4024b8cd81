"""What looking into a token and renewing one may cost at most, in statements and commits."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import httpx
import pytest
from django.contrib.auth import hashers
from django.db import connection

from accounts.services import passwords
from identity.crypto import ecdsa_p256
from identity.services import active_keys
from tests import cast, signed_in
from tests.budgets.test_requests import Cost, cost_of
from tests.faces.v1.client import BASE, Bearer, InProcess
from tests.faces.v1.test_bearers import key_of
from tests.signed_in import SignedIn

FORESEEN = 1 if connection.vendor == "postgresql" else 2
"""Statements of a look-up and of what was foreseen."""
PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def signing_keys_are_known(monkeypatch) -> None:
    """Once a second the active key is asked for; a slow machine must not count that."""
    monkeypatch.setattr(active_keys, "REMEMBERED", timedelta(hours=1))


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def held(world: cast.World) -> SignedIn:
    return signed_in.start(world, world.member("bob"))


def introspecting(key: Bearer, token: str) -> Cost:
    def ask() -> None:
        assert key.post("/token/introspect", {"token": token}).json()["active"] is True

    ask()
    return cost_of(ask)


def test_looking_into_a_token(world: cast.World, held: SignedIn) -> None:
    cost = introspecting(key_of(world, "sessions:introspect"), held.access)
    # The doors of the key and of the session, which is foreseen.
    assert cost.statements <= FORESEEN, cost.sql
    assert cost.commits == 0
    assert cost.private_keys == 0


def test_looking_into_a_token_for_a_user(world: cast.World, held: SignedIn) -> None:
    owner = world.member("owner", "super-admin")
    cost = introspecting(key_of(world, "sessions:introspect", owner=owner), held.access)
    assert cost.statements <= FORESEEN + 1, cost.sql  # And what the key's owner may do now.
    assert cost.commits == 0


def test_asking_with_an_access_token(world: cast.World, held: SignedIn) -> None:
    client = Bearer.of(held.access, world.scope.slug)
    client.get("/me")
    cost = cost_of(lambda: client.get("/me"))
    assert cost.statements <= 2, cost.sql
    assert cost.commits == 0


def test_renewing_a_pair(world: cast.World, held: SignedIn) -> None:
    http = httpx.Client(base_url=BASE, transport=InProcess())
    kept = [held.refresh]

    def renew() -> None:
        address = f"/s/{world.scope.slug}/v1/token/refresh"
        answer = http.post(address, json={"refresh_token": kept[-1]})
        kept.append(answer.json()["refresh_token"])

    renew()
    with mock.patch.object(ecdsa_p256, "sign", wraps=ecdsa_p256.sign) as signed:
        cost = cost_of(renew)
    assert signed.call_count == 1  # The access token; the refresh token carries an HMAC.
    # The session's door and the rotation; where the address leads is known by now.
    assert cost.statements <= (1 if connection.vendor == "postgresql" else 2), cost.sql
    assert cost.commits == 0  # The one statement that rotates commits itself.
    assert cost.private_keys == 0


def test_signing_in_by_password(world: cast.World) -> None:
    alice = world.member("alice")
    with cast.in_scope(world):
        verifier = passwords.make_verifier(PASSWORD)
        passwords.set_first(
            user_id=alice.user.id, verifier=verifier, by=world.system, now=datetime.now(UTC)
        )
    http = httpx.Client(base_url=BASE, transport=InProcess())

    def sign_in() -> None:
        body = {"username": alice.user.username, "password": PASSWORD}
        answer = http.post(f"/s/{world.scope.slug}/v1/sign-in/password", json=body)
        assert answer.status_code == 200, answer.text

    sign_in()
    with mock.patch.object(hashers, "verify_password", wraps=hashers.verify_password) as hashed:
        cost = cost_of(sign_in)
    assert hashed.call_count == 1
    is_postgresql = connection.vendor == "postgresql"
    assert cost.statements <= (11 if is_postgresql else 14), cost.sql
    # Both tries are counted before the hash, on PostgreSQL by a statement that commits itself; all
    # that follows it is one transaction.
    assert cost.commits == (1 if is_postgresql else 2)
