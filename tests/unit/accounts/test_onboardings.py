"""Onboardings are begun once for a name, read by their owner, told to anybody without a secret."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accounts import onboarding_secrets
from accounts.errors import NameTaken
from accounts.ledger import AccountTaken
from accounts.models import Onboarding
from accounts.onboarding_errors import (
    AccountIdInvalid,
    AccountKeyInvalid,
    ParentNotReady,
    ParentRequired,
    ParentUnknown,
    RemoteAccountRequired,
    RemoteSigningIncomplete,
)
from accounts.queries import onboardings as queries
from accounts.services import ledger_accounts, onboardings
from identity import errors
from identity.actor import Actor
from tests import cast, onboarding

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = "00" * 31 + "07"
REMOTE = {
    "vault_id": "1",
    "asset_id": "HBAR",
    "api_key": "k",
    "private_key": rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode(),
}


@pytest.fixture
def world() -> cast.World:
    made = cast.world()
    onboarding.registry(made)
    return made


def start(world: cast.World, request: Any = None) -> Onboarding:
    with cast.in_scope(world):
        return onboardings.start(request=request or onboarding.request(), by=world.system, now=NOW)


class TestStart:
    def test_keeps_nine_steps_and_no_secret_in_clear(self, world: cast.World) -> None:
        row = start(world, onboarding.request(account_id="0.0.5", account_key=KEY))
        with cast.in_scope(world):
            stored = repr(Onboarding.objects.filter(id=row.id).values().get())
            assert [step.number for step in queries.steps(row.id)] == list(range(1, 10))
            kept = onboarding_secrets.unseal(Onboarding.objects.get(id=row.id))
        assert row.state == "queued"
        assert onboarding.PASSWORD not in stored
        assert KEY not in stored
        assert onboarding.PASSWORD not in repr(kept)
        assert kept.seed == KEY
        assert kept.verifier != onboarding.PASSWORD

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"account_key": KEY}, AccountIdInvalid),
            ({"account_key": KEY, "account_id": "0.0"}, AccountIdInvalid),
            ({"account_id": "0.0.5"}, AccountKeyInvalid),
            ({"account_id": "0.0.5", "account_key": "secp"}, AccountKeyInvalid),
            ({"parent": " "}, ParentRequired),
            ({"parent": "nobody"}, ParentUnknown),
            ({"parent": "alice@example.test"}, ParentUnknown),
            ({"uses_remote_signing": True}, RemoteSigningIncomplete),
            (
                {"uses_remote_signing": True, "remote_signing": REMOTE | {"private_key": "pem"}},
                RemoteSigningIncomplete,
            ),
            ({"uses_remote_signing": True, "remote_signing": REMOTE}, RemoteAccountRequired),
            ({"username": ""}, errors.Invalid),
            ({"fields": {"x": "y" * 70_000}}, errors.Invalid),
            ({"fields": {"a b<c>": "x"}}, errors.Invalid),
        ],
    )
    def test_refuses_at_the_door(
        self, world: cast.World, more: Any, refusal: type[errors.DomainError]
    ) -> None:
        world.member("alice")
        with pytest.raises(refusal):
            start(world, onboarding.request(**more))
        with cast.in_scope(world):
            assert not Onboarding.objects.exists()

    def test_takes_a_key_in_either_form(self, world: cast.World) -> None:
        der = f" 302E020100300506032B657004220420{KEY} "
        row = start(world, onboarding.request(account_id="0.0.5", account_key=der))
        with cast.in_scope(world):
            assert onboarding_secrets.unseal(Onboarding.objects.get(id=row.id)).seed == KEY

    def test_one_name_is_held_by_one(self, world: cast.World) -> None:
        start(world)
        with pytest.raises(NameTaken):
            start(world, onboarding.request("NEWCOMER"))
        with pytest.raises(NameTaken):
            start(world, onboarding.request("Registry"))

    def test_refuses_another_users_ledger_account(self, world: cast.World) -> None:
        alice = world.member("alice")
        with cast.in_scope(world):
            ledger_accounts.keep(
                network="local",
                account_id="0.0.5",
                seed=bytes.fromhex(KEY),
                user=alice.user,
                by=world.system,
                now=NOW,
            )
        with pytest.raises(AccountTaken):
            start(world, onboarding.request(account_id="0.0.5", account_key=KEY))

    def test_a_registry_without_a_did_takes_nobody(self, world: cast.World) -> None:
        onboarding.registry(world, "unready", is_ready=False)
        with pytest.raises(ParentNotReady):
            start(world, onboarding.request(parent="unready"))


class TestReads:
    def test_anybody_with_the_id_hears_how_far_it_is(self, world: cast.World) -> None:
        row = start(world)
        told = queries.poll(row.id)
        assert told is not None
        assert (told.action, told.state, told.expectation) == ("onboard", "queued", 9)
        assert not told.is_completed
        assert not told.is_failed
        assert "newcomer" not in repr(told)

    def test_an_unknown_id_and_one_of_elsewhere_are_unknown(self, world: cast.World) -> None:
        row = start(world)
        assert queries.poll(uuid4()) is None
        assert queries.poll(row.id, scope_id=uuid4()) is None
        assert queries.poll(row.id, scope_id=world.scope.id) is not None

    def test_its_owner_alone_reads_it(self, world: cast.World) -> None:
        bob, eve = (_acting(world, name) for name in ("bob", "eve"))
        with cast.in_scope(world):
            row = onboardings.start(request=onboarding.request(), by=bob, now=NOW)
            assert queries.full(row.id, reader=bob).row.username == "newcomer"
            for reader in (eve, world.system):
                with pytest.raises(errors.Missing):
                    queries.full(row.id, reader=reader)


def _acting(world: cast.World, name: str) -> Actor:
    user = world.member(name).user
    return Actor(
        kind=world.system.kind, scope_id=world.scope.id, user_id=user.id, public_id=user.public_id
    )
