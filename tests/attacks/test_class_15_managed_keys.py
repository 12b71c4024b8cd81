"""Class 15: signing with an account that is another's: another user's, another scope's, a boss's.

Seen as CVE-2025-14777, CVE-2026-4628, CVE-2026-2366 (objects of others by their ids).
"""

import dataclasses
from datetime import UTC, datetime

import pytest

from accounts.models import KeySignature, ManagedKey
from accounts.services import key_signatures
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto.evm import PersonalMessage, Signed, Transaction
from identity.errors import Conflict, DomainError, Forbidden, Missing
from identity.permissions import ALL
from invitations.commands import keys
from invitations.commands.command import registry
from invitations.services import signing
from tests import acts, cast
from tests.account_holders import account, actor_of, signer_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HELLO = PersonalMessage(b"I owe mallory 5 ether")


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def victim(world: cast.World) -> ManagedKey:
    return account(world, world.member("bob"))


def command(key: ManagedKey) -> keys.SignWithKey:
    return keys.SignWithKey(
        signature=ids.new(), key=key.id, kind="personal_message", what=HELLO.wire()
    )


def attackers(world: cast.World, alice: cast.Member) -> list[Actor]:
    """Everybody who may much, and is not the user."""
    device, session = acts.as_actor(alice), actor_of(world, alice)
    staff = dataclasses.replace(device, kind=ActorKind.STAFF, permissions=ALL)
    key = dataclasses.replace(device, kind=ActorKind.API_KEY, permissions=ALL)
    operator = dataclasses.replace(staff, user_id=ids.new(), is_operator=True)
    return [device, session, staff, key, world.system, operator]


def test_no_right_signs_with_anothers_account(
    world: cast.World, alice: cast.Member, victim: ManagedKey
) -> None:
    account(world, alice)
    known = registry.get(keys.NAME)
    for by in attackers(world, alice):
        with cast.in_scope(world):
            assert not known.is_own(command(victim), by)
            assert not by.may(known.permission)
            for act in (known.execute, known.execute_reviewed):
                assert act is not None
                with pytest.raises((Forbidden, Missing)):
                    act(command(victim), by=by, now=NOW)
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


def test_everybody_signs_with_their_own_whatever_they_ask(
    world: cast.World, alice: cast.Member, victim: ManagedKey
) -> None:
    own = account(world, alice)
    signed = signing.sign(what=HELLO, by=actor_of(world, alice), now=NOW)
    assert isinstance(signed, Signed)
    assert signer_of(signed) == bytes(own.public_key) != bytes(victim.public_key)
    fields = {"to": own.address, "nonce": 0, "gas": 21000, "gasPrice": 1, "chainId": 1}
    as_victim = Transaction.read(fields | {"from": victim.address})
    with pytest.raises(DomainError):
        signing.sign(what=as_victim, by=actor_of(world, alice), now=NOW)


def test_another_scope_reaches_nothing(world: cast.World, victim: ManagedKey) -> None:
    other = cast.world()
    charlie = other.member("charlie", "super-admin")
    own = account(other, charlie)
    by = actor_of(other, charlie)
    known = registry.get(keys.NAME)
    with cast.in_scope(other):
        assert not known.is_own(command(victim), by)
        with pytest.raises(Forbidden):
            known.execute(command(victim), by=by, now=NOW)
    # The same person's id in an actor of the other scope finds no account there.
    astray = dataclasses.replace(by, user_id=victim.user_id)
    with pytest.raises(Missing):
        signing.sign(what=HELLO, by=astray, now=NOW)
    astray = dataclasses.replace(by, scope_id=world.scope.id)
    with pytest.raises(Missing):
        signing.sign(what=HELLO, by=astray, now=NOW)
    assert own.address != victim.address


def test_a_waiting_signature_is_not_moved_to_another_account(
    world: cast.World, alice: cast.Member, victim: ManagedKey
) -> None:
    account(world, alice)
    by = actor_of(world, alice)
    bob = dataclasses.replace(by, user_id=victim.user_id)
    asked = key_signatures.Request(HELLO)
    with cast.in_scope(world):
        of_bob = key_signatures.usable(by=bob, now=NOW)
        key_signatures.wait(asked, key=of_bob, proposal_id=ids.new(), by=bob, now=NOW)
        of_alice = key_signatures.usable(by=by, now=NOW)
        with pytest.raises(Conflict):
            key_signatures.sign_waiting(asked, key=of_alice, by=by, now=NOW)
        with pytest.raises(Missing):
            key_signatures.waiting_of(asked.id, key=of_alice)
