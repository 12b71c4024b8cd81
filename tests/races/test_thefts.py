"""An alarm while what was begun from the session ends, and all others do: each gets its way."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import ending, sessions
from tests import cast, signed_in
from tests.races import together
from tests.signed_in import PHONE, SignedIn

ROUNDS, CHILDREN = 10, 8

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def family(world: cast.World, number: int) -> tuple[SignedIn, list[Session]]:
    """A browser's session, renewed twice, and what applications got from it, before and after."""
    alice, at = world.member(f"alice-{number}"), datetime.now(UTC) - timedelta(minutes=1)
    older = [signed_in.start(world, alice, now=at) for _ in range(2)]
    parent = signed_in.start(world, alice, now=at)
    younger = [signed_in.start(world, alice, now=at) for _ in range(CHILDREN - 2)]
    _, token = signed_in.renew(world, parent.refresh, now=at)
    signed_in.renew(world, token, now=at)
    children = [each.session for each in (*older, *younger)]
    with cast.in_scope(world):
        Session.objects.filter(id__in=[each.id for each in children]).update(
            data={ending.BEGUN_FROM: str(parent.session.id)}
        )
    return parent, children


def state(world: cast.World, session: Session) -> tuple[str, str]:
    with cast.in_scope(world):
        found = Session.objects.get(id=session.id)
    return found.status, found.ended_reason


def alarm(world: cast.World, parent: SignedIn) -> str:
    with pytest.raises(TokenRefused):
        signed_in.renew(world, parent.refresh, origin=PHONE)
    return "alarm"


def test_an_alarm_is_not_lost_to_what_ends_beside_it(world: cast.World) -> None:
    for number in range(ROUNDS):
        parent, children = family(world, number)

        def work(number: int, parent: SignedIn = parent, children: list[Session] = children) -> str:
            if number == 0:
                return alarm(world, parent)
            child = children[number - 1]
            sessions.end(
                session_id=child.id,
                reason="signed-out",
                by=sessions.bearer(child, child.user),
                now=datetime.now(UTC),
            )
            return "ended"

        assert sorted(together.run(work, count=CHILDREN + 1)) == ["alarm"] + ["ended"] * CHILDREN
        assert state(world, parent.session) == ("ended", ending.REUSE)
        assert {state(world, each)[0] for each in children} == {"ended"}


def test_all_of_somebody_end_while_a_family_does(world: cast.World) -> None:
    for number in range(ROUNDS):
        parent, children = family(world, number)

        def work(number: int, parent: SignedIn = parent, children: list[Session] = children) -> str:
            by, now = sessions.bearer(parent.session, parent.session.user), datetime.now(UTC)
            if number % 3 == 0:
                sessions.end(session_id=parent.session.id, reason="signed-out", by=by, now=now)
            elif number % 3 == 1:
                sessions.end_all_of(parent.session.user_id, by=by, now=now)
            else:
                alarm(world, parent)
            return "done"

        assert together.run(work, count=6) == ["done"] * 6
        ends = {state(world, each)[0] for each in (parent.session, *children)}
        assert ends == {"ended"}
