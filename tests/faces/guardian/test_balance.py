"""GET /accounts/balance and /profiles/{username}/balance."""

from typing import Any

import pytest

from accounts.ledger.local import LocalLedger
from accounts.models import LedgerAccount, User
from identity.crypto import ed25519
from tests import acts, cast
from tests.faces.guardian.client import UNAUTHORIZED, Client, envelope
from tests.faces.guardian.test_accounts import complete


@pytest.fixture
def account(world: cast.World, alice: Client) -> str:
    """Alice has a DID and an account with 833.88 in it."""
    complete(world, "alice", did="did:example:alice")
    with cast.in_scope(world):
        ledger, key = LocalLedger(world.scope.id), ed25519.generate()
        made = ledger.create_account(
            transaction_id=ledger.begin(),
            public_key=key.public.raw,
            balance=83_388_000_000,
            memo="",
        )
        keep(world, made, key.public.raw)
    return made


def keep(world: cast.World, account_id: str, public_key: bytes) -> None:
    LedgerAccount.objects.create(
        scope_id=world.scope.id,
        user=User.objects.get(username="alice"),
        network="local",
        account_id=account_id,
        public_key=public_key,
        sealed_key=b"sealed",
        created_at=acts.now(),
    )


def test_says_what_the_account_holds(alice, account) -> None:
    assert alice.get("/accounts/balance").json == {
        "balance": "833.88 ℏ",
        "unit": "Hbar",
        "user": {"username": "alice", "did": "did:example:alice"},
    }
    assert alice.get("/profiles/alice/balance").json == 833.88


def test_the_name_in_the_path_makes_no_difference(alice, account, acme) -> None:
    assert alice.get("/profiles/acme/balance").json == 833.88
    assert acme.get("/profiles/alice/balance").json is None


@pytest.mark.parametrize("path", ["/accounts/balance", "/profiles/alice/balance"])
def test_null_where_there_is_no_account(alice, path) -> None:
    answer = alice.get(path)
    assert (answer.status, answer.json) == (200, None)


@pytest.mark.parametrize("path", ["/accounts/balance", "/profiles/alice/balance"])
def test_422_where_the_ledger_knows_no_such_account(world, alice, path) -> None:
    complete(world, "alice", did="did:example:alice")
    with cast.in_scope(world):
        keep(world, "0.0.999999", b"x" * 32)
    answer: Any = alice.get(path)
    expected = envelope(422, "The ledger does not know this account", "Unprocessable Entity")
    assert (answer.status, answer.json) == (422, expected)


def test_is_401_for_nobody(nobody) -> None:
    assert nobody.get("/accounts/balance").json == UNAUTHORIZED
    assert nobody.get("/profiles/alice/balance").json == UNAUTHORIZED
