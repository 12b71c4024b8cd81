"""Of many acceptances with JSON alone at the same time one makes a device."""

import pytest

from accounts.models import Device, KnownKey
from identity.models import AuditEvent
from identity.services import audit_trail
from invitations.errors import InvitationInvalid
from invitations.models import Invitation
from invitations.services.governance import Done
from tests import acts, cast, holders
from tests.races import key_pool, together

COUNT = 50

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("is_same", [True, False], ids=["same keys", "different keys"])
def test_fifty_make_one_device(is_same: bool) -> None:
    world = cast.world()
    bundle = acts.invitation(world, "bob@example.test")
    pairs = key_pool.keys(COUNT)
    made = [
        holders.acceptance(world, bundle, pairs[0 if is_same else number])
        for number in range(COUNT)
    ]
    ends = together.run(lambda number: holders.accept(world, made[number]), count=COUNT)
    done = [end for end in ends if isinstance(end, Done)]
    assert len(done) == (COUNT if is_same else 1)
    assert all(end == done[0] for end in done)
    assert {type(end) for end in ends if end not in done} <= {InvitationInvalid}
    with cast.in_scope(world):
        device = Device.objects.get()
        assert str(device.id) == done[0].result["device"]["id"]
        assert KnownKey.objects.count() == 2
        assert Invitation.objects.get().state == "used"
        alarms = AuditEvent.objects.filter(name="invitation.used-again").count()
        assert alarms == (0 if is_same else 1)
        audit_trail.verify()
