"""A browser that was signed out by an alarm is told why; no other one is."""

from datetime import UTC, datetime

import pytest
from django.http import HttpResponse

from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import rotation, sessions, tokens
from sessions_app.services.sessions import Origin
from tests import cast
from tests.faces.v1 import apps
from tests.faces.v1.apps import PASSWORD
from tests.visitors import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = "You were signed out for your safety."
THIEF = Origin("203.0.113.66", "Thief/1")


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    member = world.member("alice", "member")
    apps.protect(world, member.user)
    return member


def sign_in(visitor: Visitor, alice: cast.Member) -> HttpResponse:
    return visitor.post(step="password", username=alice.user.username, password=PASSWORD)


@pytest.fixture
def visitor(world: cast.World, alice: cast.Member) -> Visitor:
    visitor = Visitor(world)
    assert sign_in(visitor, alice).status_code == 302
    return visitor


def stolen(world: cast.World, visitor: Visitor) -> str:
    """Somebody renews with a copy of this browser's token; what the thief holds then."""
    with cast.in_scope(world):
        renewed = rotation.redeem(
            visitor.cookie(world, "refresh"),
            audience=tokens.issuer(world.scope.slug),
            origin=THIEF,
            now=datetime.now(UTC),
        )
        return tokens.refresh(renewed.live, now=datetime.now(UTC))


def expire_access(world: cast.World, visitor: Visitor) -> None:
    del visitor.client.cookies[f"countersign-access-{world.scope.slug}"]


def alarmed(world: cast.World, visitor: Visitor) -> None:
    """The thief comes first; then the owner's browser brings what was spent, and that is it."""
    stolen(world, visitor)
    expire_access(world, visitor)


def page(visitor: Visitor) -> str:
    return visitor.get().content.decode()


def test_the_browser_whose_token_raises_the_alarm_is_told_once(
    world: cast.World, visitor: Visitor
) -> None:
    alarmed(world, visitor)
    shown = page(visitor)
    assert TOLD in shown
    assert "Your sessions" in shown
    with cast.in_scope(world):
        assert Session.objects.get().ended_reason == "reuse"
    assert TOLD not in page(visitor)
    assert visitor.cookie(world, "refresh") == ""


def test_the_browser_whose_session_the_alarm_ended_is_told(
    world: cast.World, visitor: Visitor
) -> None:
    copied = visitor.cookie(world, "refresh")
    expire_access(world, visitor)
    assert TOLD not in page(visitor)  # It renews.
    with cast.in_scope(world), pytest.raises(TokenRefused):
        audience = tokens.issuer(world.scope.slug)
        rotation.redeem(copied, audience=audience, origin=THIEF, now=datetime.now(UTC))
    assert TOLD in page(visitor)


def test_what_is_no_page_does_not_use_it_up(
    world: cast.World, visitor: Visitor, alice: cast.Member
) -> None:
    alarmed(world, visitor)
    visitor.client.handler.enforce_csrf_checks = False
    for path, status in (("login/wallet", 400), ("login/out", 302)):
        answer = visitor.client.post(f"{visitor.base}/{path}", {"address": "x"})
        assert answer.status_code == status
    wrong = {"step": "password", "username": alice.user.username, "password": "wrong"}
    answer = visitor.client.post(f"{visitor.base}/login", wrong)
    assert TOLD in answer.content.decode()
    assert sign_in(visitor, alice).status_code == 302
    assert TOLD not in page(visitor)


@pytest.mark.parametrize("reason", ["signed-out", "revoked", "user-disabled"])
def test_a_session_that_ended_otherwise_is_no_theft(
    world: cast.World, visitor: Visitor, alice: cast.Member, reason: str
) -> None:
    with cast.in_scope(world):
        sessions.end_all_of(alice.user.id, by=world.system, now=datetime.now(UTC), reason=reason)
    assert TOLD not in page(visitor)


def test_a_stranger_is_told_nothing(world: cast.World, visitor: Visitor) -> None:
    alarmed(world, visitor)
    token = visitor.cookie(world, "refresh")
    assert TOLD not in page(Visitor(world))
    other = cast.world(governance=False)
    # Neither with an altered token, nor with that of another scope, nor with one for another use.
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for where, sent in ((world, flipped), (other, token), (world, visitor.cookie(world))):
        stranger = Visitor(where)
        stranger.client.cookies[f"countersign-refresh-{where.scope.slug}"] = sent
        assert TOLD not in page(stranger)
