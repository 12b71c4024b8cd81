"""Pages about server keys: age, rotation and end of each, and rotating one."""

from datetime import timedelta

import pytest

from identity.models import ServerKey
from identity.services.server_keys import ROTATE_AFTER
from invitations.models import Proposal
from tests import acts, cast
from tests.unit.accounts.admin.desk import Desk

LIST = "identity/serverkey/"


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


def key(world: cast.World, purpose: str) -> ServerKey:
    with cast.in_scope(world):
        return ServerKey.objects.get(purpose=purpose, status="active")


def test_shows_purpose_age_and_when_the_next_is_due(desk: Desk, world: cast.World) -> None:
    shown = desk.get(LIST)
    assert "0 days" in shown
    assert f"due from {acts.now() + ROTATE_AFTER:%Y-}" in shown
    signing = key(world, "signature")
    with cast.in_scope(world):
        ServerKey.objects.filter(pk=signing.pk).update(
            activated_at=acts.now() - ROTATE_AFTER - timedelta(days=1)
        )
    shown = desk.get(f"{LIST}{signing.pk}/change/")
    for text in ("366 days", '<span class="badge attention">due</span>', signing.public):
        assert text in shown


def test_rotates_a_key_after_a_question(desk: Desk, world: cast.World) -> None:
    before = key(world, "signature")
    path = f"{LIST}rotate/signature/"
    assert before.kid in desk.get(path)
    assert desk.send(path) == ["The new key is in use."]
    after = key(world, "signature")
    assert after.kid != before.kid
    desk.refresh(before)
    assert before.status == "retiring"
    assert before.expires_at is not None
    assert f"{before.expires_at:%Y-%m-%d}" in desk.get(LIST)
    # Only an active key leads to a rotation.
    assert "rotate/" in desk.get(f"{LIST}{after.pk}/change/")
    assert "rotate/" not in desk.get(f"{LIST}{before.pk}/change/")


def test_waits_for_approval_where_policy_asks_for_it(world: cast.World) -> None:
    world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    desk, before = Desk(world, "carol", "super-admin"), key(world, "signature")
    (told,) = desk.send(f"{LIST}rotate/signature/")
    with cast.in_scope(world):
        assert f"/proposal/{Proposal.objects.get().pk}/change/" in told
    assert key(world, "signature").kid == before.kid


def test_lets_only_who_has_the_right_rotate(world: cast.World) -> None:
    auditor = Desk(world, "dave", "workspace-auditor")
    before = auditor.traces()
    assert "rotate/" not in auditor.get(LIST)
    assert auditor.status(f"{LIST}rotate/signature/") == 403
    assert auditor.client.post(f"/admin/{LIST}rotate/signature/").status_code == 403
    assert auditor.traces() == before


def test_changes_nothing_by_looking_and_knows_two_purposes(desk: Desk) -> None:
    before = desk.traces()
    for purpose in ("signature", "encryption"):
        desk.get(f"{LIST}rotate/{purpose}/")
    assert desk.status(f"{LIST}rotate/everything/") == 404
    assert desk.traces() == before
