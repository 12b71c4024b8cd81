"""Of many renewals with one refresh token at the same time one rotates; nobody is signed out."""

import pytest

from identity.scoping import current
from sessions_app.models import Session
from tests import cast, signed_in
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_fifty_renewals_leave_one_living_family() -> None:
    world = cast.world()
    alice = world.member("alice")
    held = signed_in.start(world, alice)
    successors: list[str] = []

    def renew(number: int) -> None:
        successors.append(signed_in.renew(world, held.refresh)[1])

    assert together.run(renew, count=50) == [None] * 50
    assert len(set(successors)) == 1
    with current.in_scope(world.scope.id):
        session = Session.objects.get()
    assert session.refresh_serial == 2
    assert session.status == "active"
    assert signed_in.renew(world, successors[0])[0].serial == 3


def test_a_thief_among_fifty_ends_the_family() -> None:
    world = cast.world()
    alice = world.member("alice")
    held = signed_in.start(world, alice)

    def renew(number: int) -> None:
        thief = number == 25
        signed_in.renew(world, held.refresh, origin=signed_in.PHONE if thief else signed_in.LAPTOP)

    ends = together.run(renew, count=50)
    assert any(end is not None for end in ends)
    with current.in_scope(world.scope.id):
        assert Session.objects.get().status == "ended"
