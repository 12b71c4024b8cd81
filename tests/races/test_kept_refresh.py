"""Of many renewals with one successor at the same time one moves the line on; all are answered."""

import pytest

from identity.scoping import current
from sessions_app import jwt
from sessions_app.models import Session
from sessions_app.services import renewals, tokens
from tests import acts, cast, signed_in
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def renewed(world: cast.World, token: str) -> str:
    """The successor of a token, as a client that keeps its token gets it."""
    now = acts.now()
    found = tokens.inspect(token, expected_use=jwt.REFRESH, now=now)
    live = renewals.renew(found, lasts=signed_in.WEEK, origin=signed_in.LAPTOP, now=now)
    with current.in_scope(world.scope.id):
        return tokens.refresh(live, now=now)


def test_fifty_with_a_successor_move_the_line_on_once() -> None:
    world = cast.world()
    held = signed_in.start(world, world.member("alice"))
    successor = renewed(world, held.refresh)
    following: list[str] = []

    def renew(_: int) -> None:
        following.append(renewed(world, successor))

    assert together.run(renew, count=50) == [None] * 50
    assert len(set(following)) == 1
    with current.in_scope(world.scope.id):
        session = Session.objects.get()
    assert (session.refresh_serial, session.status) == (held.session.refresh_serial + 1, "active")


def test_fifty_with_a_kept_token_move_nothing() -> None:
    world = cast.world()
    held = signed_in.start(world, world.member("alice"))

    def renew(_: int) -> None:
        renewed(world, held.refresh)

    assert together.run(renew, count=50) == [None] * 50
    with current.in_scope(world.scope.id):
        session = Session.objects.get()
    assert (session.refresh_serial, session.status) == (held.session.refresh_serial, "active")
