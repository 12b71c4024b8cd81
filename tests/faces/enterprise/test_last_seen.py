"""A device that sends envelopes is noted as used, as one that signs requests of `/v1` is."""

import pytest

from accounts.models import Device
from identity.scoping import current
from tests import cast


@pytest.mark.django_db(transaction=True)
def test_notes_when_the_device_was_last_used() -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin")
    alice.client.request("get", "/me")
    with current.in_scope(world.scope.id):
        assert Device.objects.filter(last_seen_at__isnull=False).count() == 1
