"""What the one statement rotates, the longer way would have; what it leaves alone goes that way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Device, User
from identity.models import Scope, ServerKey
from identity.scoping import current
from identity.services import scopes
from sessions_app.errors import TokenRefused
from sessions_app.models import Provider, Session
from sessions_app.services import refresh_tokens, renewal_statement, rotation, sessions, tokens
from sessions_app.services.sessions import Proof
from tests import cast, forging, signed_in
from tests.signed_in import LAPTOP, SignedIn

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_postgresql"),
]


@pytest.fixture
def on_postgresql() -> None:
    """SQLite has no such statement."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def held(world: cast.World) -> SignedIn:
    """A session of a scope of which another session was renewed before."""
    signed_in.renew(world, signed_in.start(world, world.member("bob")).refresh)
    return signed_in.start(world, world.member("alice"))


def at_once(
    world: cast.World, token: str, *, audience: str = "", visitor: str | None = None
) -> bool:
    """Whether the statement alone rotates."""
    asked = renewal_statement.Asked(
        refresh_tokens.parse(token),
        audience or tokens.issuer(world.scope.slug),
        visitor,
        LAPTOP.holder,
    )
    with current.in_scope(world.scope.id):
        return renewal_statement.run(asked, now=now()) is not None


def serial(held: SignedIn, world: cast.World) -> int:
    with current.in_scope(world.scope.id):
        return Session.objects.get(id=held.session.id).refresh_serial


def test_rotates_opaque_and_telling_ones(world: cast.World, held: SignedIn) -> None:
    assert at_once(world, held.refresh, visitor=LAPTOP.visitor)
    assert serial(held, world) == 2
    # It was spent.
    assert not at_once(world, held.refresh)
    assert not at_once(world, held.telling)
    other = signed_in.start(world, world.member("charlie"))
    assert at_once(world, other.telling)
    assert serial(other, world) == 2


def test_nothing_for_another_audience_or_label(world: cast.World, held: SignedIn) -> None:
    assert not at_once(world, held.refresh, audience="https://other.example")
    assert not at_once(world, held.refresh, visitor="somebody-else")
    with pytest.raises(TokenRefused):
        at_once(world, held.telling, audience="https://other.example")
    assert serial(held, world) == 1


def test_nothing_without_the_code(world: cast.World, held: SignedIn) -> None:
    for token in (held.refresh, held.telling):
        with pytest.raises(TokenRefused):
            at_once(world, token[:-2] + ("AA" if token[-2:] != "AA" else "BA"))
    assert serial(held, world) == 1


def test_nothing_of_another_scope(world: cast.World, held: SignedIn) -> None:
    other = cast.world()
    signed_in.renew(other, signed_in.start(other, other.member("eve")).refresh)
    with current.in_scope(other.scope.id), pytest.raises(TokenRefused):
        rotation.redeem(
            held.refresh,
            audience=tokens.issuer(world.scope.slug),
            origin=LAPTOP,
            now=now(),
        )
    assert serial(held, world) == 1


def test_the_answer_is_that_of_the_longer_way(
    world: cast.World, held: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    other = signed_in.start(world, world.member("carol"), now=held.session.created_at)

    def renewed(token: str) -> renewal_statement.Renewed:
        with current.in_scope(world.scope.id):
            audience = tokens.issuer(world.scope.slug)
            return rotation.redeem(token, audience=audience, origin=LAPTOP, now=at)

    quick = renewed(held.refresh)
    monkeypatch.setattr(renewal_statement, "run", lambda asked, now: None)
    slow = renewed(other.refresh)
    same = ("serial", "refreshed_at", "expires_at", "audience", "scope_slug")
    assert [getattr(quick.live, name) for name in same] == [
        getattr(slow.live, name) for name in same
    ]
    told = ("settings", "role", "provider_name", "wallet_os", "data")
    assert [getattr(quick, name) for name in told] == [getattr(slow, name) for name in told]
    with current.in_scope(world.scope.id):
        first, second = (
            Session.objects.values_list(
                "refresh_serial", "refreshed_at", "last_seen_at", "holder", "expires_at"
            ).get(id=each.session.id)
            for each in (held, other)
        )
    assert first == second


def _user(**changes: object) -> Callable[[SignedIn, cast.World], object]:
    return lambda held, world: User.objects.filter(id=held.session.user_id).update(**changes)


def _session(**changes: object) -> Callable[[SignedIn, cast.World], object]:
    return lambda held, world: Session.objects.filter(id=held.session.id).update(**changes)


STANDS_AGAINST: dict[str, Callable[[SignedIn, cast.World], object]] = {
    "user": _user(status=User.Status.DISABLED),
    "user-over": _user(expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "network": _user(networks=["203.0.113.0/24"]),
    "session": _session(status=Session.Status.ENDED, ended_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "session-over": _session(expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "scope": lambda held, world: Scope.objects.filter(id=world.scope.id).update(status="suspended"),
    "key": lambda held, world: ServerKey.objects.filter(purpose="token").update(
        status="retired", expires_at=now()
    ),
}


@pytest.mark.parametrize("what", STANDS_AGAINST)
def test_nothing_where_something_stands_against_it(
    world: cast.World, held: SignedIn, what: str
) -> None:
    with current.in_scope(world.scope.id):
        assert STANDS_AGAINST[what](held, world)
    assert not at_once(world, held.refresh)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh)
    assert serial(held, world) == 1


def test_devices_and_providers_count(world: cast.World, held: SignedIn) -> None:
    bob, at = world.member("dave"), now()
    assert bob.device is not None
    provider = signed_in.provider(world, now=at)
    proof = Proof(Session.Method.OAUTH, provider_id=provider.id, device_id=bob.device.id)
    for rows, off, on in (
        (
            Device.objects.filter(id=bob.device.id),
            {"status": "revoked", "revoked_at": at},
            {"status": "active", "revoked_at": None},
        ),
        (Provider.objects.filter(id=provider.id), {"status": "disabled"}, {"status": "enabled"}),
    ):
        held = signed_in.start(world, bob, proof=proof)
        assert at_once(world, held.refresh)
        held = signed_in.start(world, bob, proof=proof)
        with current.in_scope(world.scope.id):
            assert rows.update(**off)
        assert not at_once(world, held.refresh)
        with pytest.raises(TokenRefused):
            signed_in.renew(world, held.refresh)
        with current.in_scope(world.scope.id):
            rows.update(**on)


def test_a_foreign_subject_counts(world: cast.World, held: SignedIn) -> None:
    header, claims = forging.header_of(held.telling), forging.claims_of(held.telling)
    altered = {**claims, "sub": str(uuid4())}
    assert not at_once(world, forging.own(world, header, altered, alg="HS256"))
    with pytest.raises(TokenRefused):
        at_once(world, forging.own(world, header, {**claims, "sub": 1}, alg="HS256"))
    assert serial(held, world) == 1
    assert at_once(world, held.telling)


def test_the_settings_of_now_count(world: cast.World, held: SignedIn) -> None:
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"session_days": 1}, by=world.system, now=now())
    assert not at_once(world, held.refresh)
    live, token = signed_in.renew(world, held.refresh)
    assert live.expires_at - live.refreshed_at == timedelta(days=1)
    assert at_once(world, token)


def test_a_session_near_its_last_day_goes_the_longer_way(world: cast.World, held: SignedIn) -> None:
    begun = now() - sessions.MOST_LIFE + timedelta(days=2)
    with current.in_scope(world.scope.id):
        Session.objects.filter(id=held.session.id).update(created_at=begun)
    assert not at_once(world, held.refresh)
    assert signed_in.renew(world, held.refresh)[0].expires_at == begun + sessions.MOST_LIFE


def test_it_is_one_statement(world: cast.World, held: SignedIn) -> None:
    with CaptureQueriesContext(connection) as captured:
        signed_in.renew(world, held.refresh)
    assert len(captured) == 1
