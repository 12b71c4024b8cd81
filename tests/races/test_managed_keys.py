"""A user has one account, however many calls make it at the same moment."""

from datetime import UTC, datetime

import pytest

from accounts.models import ManagedKey
from accounts.services import managed_keys
from identity.models import AuditEvent
from tests import cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def test_fifty_calls_make_one_account() -> None:
    world = cast.world()
    bob = world.member("bob")

    def make(_: int) -> str:
        with cast.in_scope(world):
            return managed_keys.create(user=bob.user, now=datetime.now(UTC)).address

    ends = together.run(make, count=THREADS)
    with cast.in_scope(world):
        row = ManagedKey.objects.get()
        made = AuditEvent.objects.filter(name="managed-key.created").count()
    assert ends == [row.address] * THREADS
    assert made == 1
