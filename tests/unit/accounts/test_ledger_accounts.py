"""Accounts on a ledger that a scope keeps: sealed, one to a user, never shown."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.ledger import AccountTaken, Refused, open_ledger
from accounts.ledger.remote_signing import RemoteConfig
from accounts.models import LedgerAccount
from accounts.services import ledger_accounts
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid, SealBroken
from identity.models import AuditEvent, Scope
from tests.unit.accounts.conftest import NOW
from tests.unit.accounts.people import Events, MakeUser

SEED, OTHER_SEED = bytes(range(32)), bytes(range(1, 33))
REMOTE = RemoteConfig("7", "COIN_TEST", "the api key", "the pem")


def keep(by: Actor, account_id: str = "0.0.1001", **given: Any) -> LedgerAccount:
    given = {"network": "local", "seed": SEED, "user": None} | given
    return ledger_accounts.keep(account_id=account_id, by=by, now=NOW, **given)


def test_keeps_an_account_that_signs(system: Actor, inside: Scope, events: Events) -> None:
    account = keep(system)
    assert bytes(account.public_key) == ed25519.parse_private(SEED).public.raw
    assert ledger_accounts.open_key(account) == SEED
    signer = ledger_accounts.signer_of(account)
    ledger = open_ledger(inside.id)
    topic = ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=signer)
    receipt = ledger.submit_message(
        transaction_id=ledger.begin(), topic_id=topic, message=b"x", signer=signer
    )
    assert receipt.sequence == 1
    assert events()[-1] == "ledger-account.kept"


def test_keeping_again_changes_nothing(system: Actor, events: Events, person: MakeUser) -> None:
    account = keep(system)
    assert keep(system).id == account.id
    assert events().count("ledger-account.kept") == 1
    bob = person("bob")
    assert keep(system, user=bob).user_id == bob.id
    assert keep(system, user=bob).id == keep(system).id == account.id
    assert events().count("ledger-account.given") == 1


def test_an_account_belongs_to_one_user(system: Actor, person: MakeUser) -> None:
    bob, carol = person("bob"), person("carol")
    account = keep(system, user=bob)
    for another in ({"seed": OTHER_SEED}, {"user": carol}):
        with pytest.raises(AccountTaken):
            keep(system, **another)
    with pytest.raises(AccountTaken):
        ledger_accounts.give(account=account, user=carol, by=system, now=NOW)
    account.refresh_from_db()
    assert account.user_id == bob.id


def test_a_user_has_one_account(system: Actor, person: MakeUser) -> None:
    bob = person("bob")
    keep(system, user=bob)
    with pytest.raises(AccountTaken):
        keep(system, "0.0.1002", user=bob)
    free = keep(system, "0.0.1003")
    with pytest.raises(AccountTaken):
        ledger_accounts.give(account=free, user=bob, by=system, now=NOW)
    assert keep(system, "0.0.1003").user_id is None


def test_gives_an_account_once(system: Actor, person: MakeUser, events: Events) -> None:
    account, bob = keep(system), person("bob")
    for _ in range(2):
        given = ledger_accounts.give(account=account, user=bob, by=system, now=NOW)
        assert given.user_id == bob.id
    assert events().count("ledger-account.given") == 1
    account.id = LedgerAccount().id
    with pytest.raises(refusals.Missing):
        ledger_accounts.give(account=account, user=bob, by=system, now=NOW)


def test_the_same_id_on_another_network_is_another_account(system: Actor) -> None:
    assert keep(system).id != keep(system, network="testnet", seed=OTHER_SEED).id


def test_a_seed_opens_for_its_row_alone(system: Actor) -> None:
    account, other = keep(system), keep(system, "0.0.1002", seed=OTHER_SEED)
    account.sealed_key = other.sealed_key
    with pytest.raises(SealBroken):
        ledger_accounts.open_key(account)


def test_keeps_how_a_remote_signer_is_reached(system: Actor) -> None:
    account = keep(system, remote=REMOTE)
    assert account.signer == "remote"
    assert ledger_accounts.remote_config(account) == REMOTE
    assert ledger_accounts.open_key(account) == SEED
    account.sealed_key = b""
    with pytest.raises(Refused):
        ledger_accounts.open_key(account)


def test_nothing_shows_a_secret(system: Actor) -> None:
    account = keep(system, remote=REMOTE)
    shown = [
        repr(account),
        str(account),
        repr(REMOTE),
        repr(ledger_accounts.remote_config(account)),
    ]
    shown += [f"{event.facts}{event.actor}" for event in AuditEvent.objects.all()]
    text = " ".join(shown)
    for secret in (SEED.hex(), REMOTE.api_key, REMOTE.private_key):
        assert secret not in text
        assert secret.encode() not in bytes(account.sealed_key) + bytes(
            account.sealed_remote_config
        )


@pytest.mark.parametrize("seed", [b"", b"x" * 31, b"x" * 64])
def test_keeps_no_seed_of_another_size(system: Actor, seed: bytes) -> None:
    with pytest.raises(KeyInvalid):
        keep(system, seed=seed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signer": "local", "sealed_key": b""},
        {"signer": "local", "sealed_key": b"x", "sealed_remote_config": b"x"},
        {"signer": "remote", "sealed_key": b"x"},
        {"signer": "mail", "sealed_key": b"x"},
    ],
)
def test_the_database_holds_what_must_be(system: Actor, wrong: dict[str, Any]) -> None:
    given = {"network": "local", "account_id": "0.0.1", "public_key": b"k", "created_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(scope_id=system.scope_id, **given, **wrong)
