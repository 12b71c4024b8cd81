"""Credentials have places of their own, and are revoked once, however many act at once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from accounts.models import Credential, CredentialStatusList
from accounts.services import credential_statements, credentials, users
from accounts.services.credential_statements import Said
from identity import ids
from identity.crypto import data_integrity
from identity.errors import DomainError
from identity.models import AuditEvent
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 20


def issue(world: cast.World, member: cast.Member, credential_id: UUID | None = None) -> str:
    said = Said(member.user.id, "Employee", {"desk": "4"}, "", data_integrity.JCS, None)
    try:
        with cast.in_scope(world):
            row = credential_statements.issue(
                said,
                credential_id=credential_id or ids.new(),
                by=world.system,
                now=datetime.now(UTC),
            )
    except DomainError as refusal:
        return refusal.code
    return str(row.id)


def test_each_gets_a_place_of_its_own_in_one_list() -> None:
    world = cast.world()
    members = [world.member(f"member{number}") for number in range(4)]
    ends = together.run(lambda number: issue(world, members[number % 4]), count=THREADS)
    with cast.in_scope(world):
        places = Credential.objects.values_list("status_list__number", "status_index")
        assert len(set(places)) == len(places) == THREADS
        assert CredentialStatusList.objects.get().taken == THREADS
    assert len(set(ends)) == THREADS


def test_of_one_id_one_is_made() -> None:
    world = cast.world()
    bob, credential_id = world.member("bob"), ids.new()
    ends = together.run(lambda _: issue(world, bob, credential_id), count=THREADS)
    with cast.in_scope(world):
        assert Credential.objects.count() == 1
    assert sorted(set(ends)) == sorted([str(credential_id), "conflict"])
    assert ends.count(str(credential_id)) == 1


def test_is_revoked_once() -> None:
    world = cast.world()
    bob = world.member("bob")
    made = UUID(issue(world, bob))

    def revoke(_: int) -> str:
        with cast.in_scope(world):
            row = credentials.revoke(credential_id=made, by=world.system, now=datetime.now(UTC))
        return str(row.status)

    assert together.run(revoke, count=THREADS) == ["revoked"] * THREADS
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="credential.revoked").count() == 1
        assert CredentialStatusList.objects.get().version == 1


def test_nobody_who_is_let_go_meanwhile_keeps_a_valid_one() -> None:
    world = cast.world()
    bob = world.member("bob")

    def act(number: int) -> str:
        if number != THREADS // 2:
            return issue(world, bob)
        with cast.in_scope(world):
            users.delete(user_id=bob.user.id, by=world.system, now=datetime.now(UTC))
        return "deleted"

    ends = together.run(act, count=THREADS)
    assert "deleted" in ends
    with cast.in_scope(world):
        assert not Credential.objects.filter(status="valid").exists()
