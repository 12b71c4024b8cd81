"""A user gets one ledger DID, and it is published once, however many act at once."""

from datetime import UTC, datetime

import pytest

from accounts.models import DidDocument, DidKey
from accounts.services import devices, dids, users
from identity.crypto import did_key
from identity.errors import DomainError
from identity.models import AuditEvent
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 20


def store(world: cast.World, member: cast.Member, seed: bytes) -> DidDocument:
    with cast.in_scope(world):
        return dids.store_ledger_did(
            user=member.user,
            seed=seed,
            network="local",
            topic_id="0.0.7",
            by=world.system,
            now=datetime.now(UTC),
        )


def test_many_calls_store_one_did() -> None:
    world = cast.world()
    bob = world.member("bob")
    ends = together.run(lambda _: store(world, bob, bytes(32)).did, count=THREADS)
    with cast.in_scope(world):
        assert set(ends) == {DidDocument.objects.get().did}
        added = AuditEvent.objects.filter(name="did.added").count()
        assert DidKey.objects.count() == added == 1


def test_of_many_keys_one_becomes_the_users() -> None:
    world = cast.world()
    bob = world.member("bob")

    def one(number: int) -> str:
        try:
            return store(world, bob, bytes([number]) * 32).did
        except DomainError as refusal:
            return refusal.code

    ends = together.run(one, count=THREADS)
    with cast.in_scope(world):
        row = DidDocument.objects.get()
    assert sorted(ends) == sorted([row.did] + ["did.taken"] * (THREADS - 1))


def test_one_message_publishes() -> None:
    world = cast.world()
    row = store(world, world.member("bob"), bytes(32))

    def publish(number: int) -> str:
        message = f"1.{number:09}"
        try:
            with cast.in_scope(world):
                noted = dids.note_published(
                    did_document=row, message_id=message, by=world.system, now=datetime.now(UTC)
                )
        except DomainError as refusal:
            return refusal.code
        return noted.message_id

    ends = together.run(publish, count=THREADS)
    with cast.in_scope(world):
        row.refresh_from_db()
        assert AuditEvent.objects.filter(name="did.published").count() == 1
    assert sorted(ends) == sorted([row.message_id] + ["conflict"] * (THREADS - 1))


def test_no_did_outlives_the_account() -> None:
    world = cast.world()
    bob = world.member("bob")

    def act(number: int) -> str:
        now = datetime.now(UTC)
        try:
            with cast.in_scope(world):
                if number == 0:
                    users.delete(user_id=bob.user.id, by=world.system, now=now)
                else:
                    url = "https://id.test"
                    dids.add_web_did(user=bob.user, base_url=url, by=world.system, now=now)
        except DomainError as refusal:
            return refusal.code
        return ""

    ends = together.run(act, count=THREADS)
    assert set(ends) <= {"", "user.inactive", "did.taken"}
    with cast.in_scope(world):
        assert not DidDocument.objects.filter(deactivated_at__isnull=True).exists()


def test_no_did_outlives_its_device() -> None:
    world = cast.world()
    bob = world.member("bob")
    did = did_key.of_key(bob.session.keys.signature.public)

    def act(number: int) -> str:
        now = datetime.now(UTC)
        try:
            with cast.in_scope(world):
                if number == 0:
                    devices.revoke(device_id=bob.device.id, reason="", by=world.system, now=now)
                else:
                    dids.add_key_did(user=bob.user, did=did, by=world.system, now=now)
        except DomainError as refusal:
            return refusal.code
        return ""

    ends = together.run(act, count=THREADS)
    assert set(ends) <= {"", "did.unproven"}
    with cast.in_scope(world):
        assert not DidDocument.objects.filter(deactivated_at__isnull=True).exists()
        assert DidDocument.objects.count() <= 1
