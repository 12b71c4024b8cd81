"""A session begins with a proof, is renewed in one line, and ends at once."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from accounts.services import devices, users
from identity import queries as ground
from identity.paging import After
from identity.scoping import current
from identity.services import scopes, server_keys, token_keys
from sessions_app import refresh_token
from sessions_app.errors import SignInRefused, TokenRefused
from sessions_app.models import Provider, Session, SignIn
from sessions_app.services import rotation, sessions
from sessions_app.services.sessions import Proof
from tests import cast, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def events(world: cast.World, name: str) -> list[dict]:
    with current.in_scope(world.scope.id):
        rows = ground.audit_window(After(filters={"name": name})).rows
        return [dict(row.facts) for row in rows]


def test_checks_an_access_token(world, alice) -> None:
    held = signed_in.start(world, alice)
    checked = signed_in.check(world, held.access)
    assert checked.door.session_id == held.session.id
    actor = checked.actor("192.0.2.7")
    assert actor.user_id == alice.user.id
    assert not actor.permissions
    assert not actor.approves
    with current.in_scope(world.scope.id):
        assert [row.outcome for row in SignIn.objects.all()] == ["succeeded"]
    assert events(world, "session.started") == [{"method": "password", "provider": "password"}]


def test_asks_one_statement(world, alice, django_assert_num_queries) -> None:
    held = signed_in.start(world, alice)
    with django_assert_num_queries(1):
        signed_in.check(world, held.access)


def test_refuses_a_token_that_is_over(world, alice) -> None:
    held = signed_in.start(world, alice)
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access, now=later(601))


def test_takes_no_refresh_token_for_access_nor_the_other_way(world, alice) -> None:
    held = signed_in.start(world, alice)
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.refresh)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.access)


def test_renews_in_one_line(world, alice) -> None:
    token = signed_in.start(world, alice).refresh
    for _ in range(3):
        live, token = signed_in.renew(world, token)
    assert live.serial == 4


def test_the_end_moves_on_in_steps(world, alice) -> None:
    held = signed_in.start(world, alice)
    end = held.session.expires_at
    live, token = signed_in.renew(world, held.refresh, now=later(3600))
    assert live.expires_at == end
    now = later(8 * 3600)
    live, token = signed_in.renew(world, token, now=now)
    assert live.expires_at == now + signed_in.WEEK
    # The scope lets sessions live for a day only, from now on.
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"session_days": 1}, by=world.system, now=now)
    live, _ = signed_in.renew(world, token, now=now)
    assert live.expires_at == now + timedelta(days=1)


def test_gives_a_lost_answer_again_to_its_holder(world, alice) -> None:
    held = signed_in.start(world, alice)
    first = signed_in.renew(world, held.refresh)
    assert signed_in.renew(world, held.refresh) == first
    assert signed_in.renew(world, held.refresh, now=later(9)) == first
    assert signed_in.renew(world, first[1])[0].serial == 3


def test_a_thief_outside_the_networks_of_the_user_is_an_alarm(world, alice) -> None:
    held = signed_in.start(world, alice)
    _, successor = signed_in.renew(world, held.refresh)
    with current.in_scope(world.scope.id):
        User.objects.filter(id=alice.user.id).update(networks=["192.0.2.0/24"])
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh, origin=signed_in.PHONE)
    with current.in_scope(world.scope.id):
        assert Session.objects.get(id=held.session.id).status == Session.Status.ENDED
    with pytest.raises(TokenRefused):
        signed_in.renew(world, successor)


def test_what_was_changed_since_it_was_found_is_no_theft(world, alice, monkeypatch) -> None:
    held = signed_in.start(world, alice)
    rotate = rotation.rotate

    def late(door, *rest):
        Session.objects.filter(id=door.session_id).update(audience="https://other.example")
        return rotate(door, *rest)

    monkeypatch.setattr(rotation, "rotate", late)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh)
    with current.in_scope(world.scope.id):
        session = Session.objects.get(id=held.session.id)
    assert (session.status, session.refresh_serial) == (Session.Status.ACTIVE, 1)


def test_ends_the_family_when_another_holder_presents_a_spent_token(world, alice) -> None:
    held = signed_in.start(world, alice)
    _, successor = signed_in.renew(world, held.refresh)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh, origin=signed_in.PHONE)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, successor)
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access)
    assert events(world, "session.refresh-reused") == [
        {"alarm": True, "serial": 1, "living": 2},
    ]


def test_ends_the_family_when_a_spent_token_comes_late(world, alice) -> None:
    held = signed_in.start(world, alice)
    signed_in.renew(world, held.refresh)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh, now=later(11))
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access)


def disabled_user(world, alice, held) -> None:
    users.disable(user_id=alice.user.id, by=world.system, now=datetime.now(UTC))


def suspended_scope(world, alice, held) -> None:
    scopes.suspend(by=world.system, now=datetime.now(UTC))


def ended(world, alice, held) -> None:
    assert sessions.end(
        session_id=held.session.id, reason="signed-out", by=world.system, now=datetime.now(UTC)
    )


def ended_all(world, alice, held) -> None:
    now = datetime.now(UTC)
    assert sessions.end_all_of(alice.user.id, by=world.system, now=now, reason="lock") == 1


def revoked_device(world, alice, held) -> None:
    devices.revoke(device_id=alice.device.id, reason="lost", by=world.system, now=datetime.now(UTC))


def disabled_provider(world, alice, held) -> None:
    with current.in_scope(world.scope.id):
        Provider.objects.update(status="disabled")


@pytest.mark.parametrize(
    "shut",
    [disabled_user, suspended_scope, ended, ended_all, revoked_device, disabled_provider],
)
def test_refuses_the_next_request_after(world, alice, shut) -> None:
    # A second owner, so that the first one's device may go.
    world.member("bob", "super-admin")
    now = datetime.now(UTC)
    provider = signed_in.provider(world, now=now)
    proof = Proof(Session.Method.OAUTH, provider_id=provider.id, device_id=alice.device.id)
    held = signed_in.start(world, alice, proof=proof)
    signed_in.check(world, held.access)
    shut(world, alice, held)
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access)
    with pytest.raises(TokenRefused):
        signed_in.renew(world, held.refresh)


def test_does_not_revive_with_the_user(world, alice) -> None:
    world.member("bob", "super-admin")
    held = signed_in.start(world, alice)
    now = datetime.now(UTC)
    users.disable(user_id=alice.user.id, by=world.system, now=now)
    users.enable(user_id=alice.user.id, by=world.system, now=now)
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access)


def test_begins_none_for_a_disabled_user(world, alice) -> None:
    world.member("bob", "super-admin")
    users.disable(user_id=alice.user.id, by=world.system, now=datetime.now(UTC))
    with pytest.raises(SignInRefused):
        signed_in.start(world, alice)


def test_keeps_old_tokens_when_the_key_is_rotated(world, alice) -> None:
    held = signed_in.start(world, alice)
    server_keys.rotate(purpose=server_keys.TOKEN, by=world.system, now=datetime.now(UTC))
    signed_in.check(world, held.access)
    live, successor = signed_in.renew(world, held.refresh)
    assert live.serial == 2
    kid = refresh_token.parse(successor).kid
    with current.in_scope(world.scope.id):
        published = [kid for kid, _ in token_keys.published(now=datetime.now(UTC))]
        assert kid == published[0]
        assert len(published) == 2
        server_keys.retire_expired(now=later(91 * 24 * 3600))
    with pytest.raises(TokenRefused):
        signed_in.check(world, held.access)


def test_is_refused_in_another_scope(world, alice) -> None:
    other = cast.world("other")
    held = signed_in.start(world, alice)
    with pytest.raises(TokenRefused):
        signed_in.check(other, held.access)
