"""Passkeys of users over `/v1`, as staff see them and take them away."""

import pytest

from accounts.errors import AccountHoldsMore
from accounts.models import Device, Passkey
from identity.models import AuditEvent
from sessions_app.errors import TokenRefused
from tests import cast, passkey_holders, signed_in
from tests.faces.v1.client import Signed, problem


@pytest.fixture
def carol(world: cast.World) -> cast.Member:
    return world.member("carol", "member")


@pytest.fixture
def held(world: cast.World, carol: cast.Member) -> Passkey:
    with cast.in_scope(world):
        return passkey_holders.passkey(carol.user, by=world.system)


def test_lists_and_removes_also_the_last_way_in(
    world: cast.World, alice: Signed, carol: cast.Member, held: Passkey
) -> None:
    path = f"/users/{carol.uid}/passkeys"
    with cast.in_scope(world):
        Device.objects.filter(user=carol.user).delete()
    session = signed_in.start(world, carol)
    [shown] = alice.get(path).json()["items"]
    assert (shown["id"], shown["name"], shown["rp_id"]) == (str(held.id), "Key", "localhost")
    assert (shown["alarmed_at"], shown["suspended_at"]) == (None, None)
    answer = alice.send("DELETE", f"{path}/{held.id}", {"reason": "lost"})
    assert answer.json() == {"id": str(held.id)}
    assert alice.get(path).json()["items"] == []
    problem(alice.send("DELETE", f"{path}/{held.id}"), 404, "missing")
    with cast.in_scope(world):
        event = AuditEvent.objects.get(name="passkey.removed")
    assert event.facts["reason"] == "lost"
    with pytest.raises(TokenRefused):
        signed_in.check(world, session.access)


def test_is_for_who_may(
    world: cast.World, alice: Signed, bob: Signed, carol: cast.Member, held: Passkey
) -> None:
    path = f"/users/{carol.uid}/passkeys"
    problem(bob.get(path), 403, "forbidden")
    problem(bob.send("DELETE", f"{path}/{held.id}"), 403, "forbidden")
    # Another user's address does not lead to it.
    other = world.member("dave").uid
    problem(alice.send("DELETE", f"/users/{other}/passkeys/{held.id}"), 404, "missing")


def test_nobody_alone_takes_those_of_who_may_more(world: cast.World, alice: Signed) -> None:
    officer = Signed.of(world.member("officer", "security-officer"), world.scope.slug)
    with cast.in_scope(world):
        owner = world.member("olga", "super-admin")
        row = passkey_holders.passkey(owner.user, by=world.system)
    answer = officer.send("DELETE", f"/users/{owner.uid}/passkeys/{row.id}")
    problem(answer, 403, AccountHoldsMore.code)
