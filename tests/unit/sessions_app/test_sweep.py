"""What has run out goes, in every scope; what has not stays."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.scoping import current
from sessions_app.models import Challenge, Session, SignIn, SpentToken
from sessions_app.services import challenges, exchanges, machine_ends, sessions, sweep
from sessions_app.services.exchanges import Beginner
from sessions_app.services.sessions import Origin
from tests import cast, programs, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def begun(world: cast.World, name: str, at: datetime) -> Session:
    return signed_in.start(world, world.member(name), now=at).session


def machine_sessions(world: cast.World) -> None:
    """One that ended eight days ago, one that ran out then, and three that are kept."""
    robot = programs.make(world.system, now=NOW - 20 * DAY)
    robot.begin(now=NOW - 15 * DAY)
    robot.begin(now=NOW - 13 * DAY)
    robot.begin(now=NOW)
    for days in (8, 6):
        session_id = robot.begin(now=NOW - 9 * DAY).session_id
        at = NOW - days * DAY
        machine_ends.end(session_id=session_id, reason="x", by=world.system, now=at)


def test_removes_what_has_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_BATCH", 2)
    kept = []
    for world in (cast.world(), cast.world()):
        old = begun(world, "old", NOW - 91 * DAY)
        sessions.end(
            session_id=old.id, reason="signed-out", by=world.system, now=NOW - timedelta(days=90.5)
        )
        begun(world, "forgotten", NOW - 98 * DAY)  # its week was over 91 days ago
        kept += [begun(world, "idle", NOW - 89 * DAY).id, begun(world, "here", NOW).id]
        machine_sessions(world)
        with current.in_scope(world.scope.id):
            for days in (-2, -1.5, -0.5, 1):
                challenges.issue(purpose="x", lasts=DAY, now=NOW + (days - 1) * DAY)
                if days == -2:
                    began = Beginner(Origin(), browser="")
                    exchanges.begin(action="x", beginner=began, now=NOW + days * DAY)
                SpentToken.objects.create(
                    scope_id=world.scope.id,
                    digest=f"{world.scope.slug} {days}",
                    expires_at=NOW + days * DAY,
                )
    swept = sweep.sweep(now=NOW)
    assert swept == sweep.Swept(
        challenges=4,
        exchanges=2,
        spent_tokens=6,
        sign_ins=4,
        sessions=4,
        machine_sessions=4,
    )
    assert sweep.sweep(now=NOW) == sweep.Swept(0, 0, 0, 0, 0, 0)
    with current.across_scopes(why="a test counts"):
        assert set(Session.objects.values_list("id", flat=True)) == set(kept)
        assert SignIn.objects.count() == 4
        assert Challenge.objects.count() == 4
        assert SpentToken.objects.count() == 2
