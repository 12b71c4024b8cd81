"""Batches of invitations: a dry run that is true, then each line once."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import RoleAssignment, User
from identity.errors import Conflict, Forbidden, Missing
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from invitations import batch_queries, bulk_lines
from invitations.errors import LinksByMailOff
from invitations.models import Invitation, InvitationBatch, InvitationBatchLine, Proposal
from invitations.services import bulk, bulk_work
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


def upload(member: cast.Member, text: str, **more: Any) -> InvitationBatch:
    with current.in_scope(member.user.scope_id):
        lines = bulk_lines.read(text.encode())
        return bulk.upload(lines=lines, by=acts.as_actor(member), now=acts.now(), **more)


def lines_of(member: cast.Member, batch: InvitationBatch) -> list[batch_queries.LineRow]:
    with current.in_scope(member.user.scope_id):
        return list(batch_queries.lines(batch.id, by=acts.as_actor(member)))


def fates(member: cast.Member, batch: InvitationBatch) -> list[str]:
    return [line.fate for line in lines_of(member, batch)]


def states(member: cast.Member, batch: InvitationBatch) -> list[str]:
    return [line.state for line in lines_of(member, batch)]


def confirm(member: cast.Member, batch: InvitationBatch) -> None:
    with current.in_scope(member.user.scope_id):
        bulk.confirm(batch_id=batch.id, by=acts.as_actor(member), now=acts.now())


def take(member: cast.Member, batch: InvitationBatch) -> list[bulk.Taken]:
    with current.in_scope(member.user.scope_id):
        return bulk.take(batch_id=batch.id, by=acts.as_actor(member), now=acts.now())


def test_shows_each_lines_fate_and_does_nothing(world: cast.World, alice: cast.Member) -> None:
    world.member("joined")
    acts.invitation(world, "again@example.test")
    batch = upload(
        alice,
        "email,roles,hours\n"
        "new@example.test,member,\n"
        "joined@example.test,,\n"
        "again@example.test,,\n"
        "NEW@example.test,,\n"
        "nobody,,\n"
        "role@example.test,no-such,\n"
        "hours@example.test,,9000\n",
    )
    shown = lines_of(alice, batch)
    assert [line.fate for line in shown] == [
        "new",
        "further",
        "again",
        "duplicate",
        "refused",
        "refused",
        "refused",
    ]
    assert shown[3].reason == "The same address as line 2."
    assert "no such role" in shown[5].reason
    with cast.in_scope(world):
        assert not User.objects.filter(username_folded="new@example.test").exists()
        assert Invitation.objects.count() == 1


def test_does_what_the_dry_run_showed(world: cast.World, alice: cast.Member) -> None:
    batch = upload(
        alice, "email;roles\nnew@example.test;support member\nnobody;\nother@example.test;\n"
    )
    confirm(alice, batch)
    assert states(alice, batch) == ["issued", "refused", "issued"]
    with cast.in_scope(world):
        held = RoleAssignment.objects.filter(user__username="new@example.test")
        assert set(held.values_list("predefined", flat=True)) == {"support", "member"}
        batch.refresh_from_db()
        assert batch.state == "done"


def test_gives_the_bundles_once_and_they_work(world: cast.World, alice: cast.Member) -> None:
    batch = upload(alice, "email\none@example.test\ntwo@example.test\n")
    confirm(alice, batch)
    taken = take(alice, batch)
    assert [(item.number, item.email) for item in taken] == [
        (2, "one@example.test"),
        (3, "two@example.test"),
    ]
    assert take(alice, batch) == []
    acts.authorize(world, taken[0].result, DeviceKeys.generate())
    with cast.in_scope(world):
        assert not InvitationBatchLine.objects.exclude(sealed_bundle=None).exists()


def test_makes_one_proposal_of_an_invitation_with_roles(
    world: cast.World, alice: cast.Member
) -> None:
    bob = world.member("bob", "workspace-owner")
    batch = upload(alice, "email,roles\nnew@example.test,member\n")
    (line,) = lines_of(alice, batch)
    assert line.fate == "waits"
    assert "New and removed users" in line.reason
    confirm(alice, batch)
    (line,) = lines_of(alice, batch)
    assert (line.state, line.invitation) == ("pending", None)
    assert line.proposal is not None
    assert acts.approve(bob, line.proposal).state == "executed"
    with cast.in_scope(world):
        held = RoleAssignment.objects.filter(user__username="new@example.test")
        assert held.get().predefined == "member"


def test_counts_lines_that_wait_against_the_makers_room(
    world: cast.World, alice: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.member("bob", "workspace-owner")
    monkeypatch.setattr("invitations.services.proposals.MOST_PENDING", 2)
    text = "email\n" + "".join(f"p{number}@example.test\n" for number in range(3))
    batch = upload(alice, text)
    assert fates(alice, batch) == ["waits", "waits", "refused"]
    confirm(alice, batch)
    assert states(alice, batch) == ["pending", "pending", "refused"]


def test_says_which_right_is_missing(world: cast.World) -> None:
    helper = world.member("helper", "support")
    batch = upload(helper, "email,roles\nnew@example.test,\nother@example.test,super-admin\n")
    first, second = lines_of(helper, batch)
    assert first.fate in {"new", "waits"}
    assert second.fate == "forbidden"
    assert "users:edit" in second.reason


def test_is_for_who_may_invite_and_for_the_maker_alone(
    world: cast.World, alice: cast.Member
) -> None:
    with pytest.raises(Forbidden):
        upload(world.member("member", "member"), "email\na@example.test\n")
    batch = upload(alice, "email\na@example.test\n")
    bob = world.member("bob", "super-admin")
    for act in (confirm, take, lines_of):
        asked: Callable[..., Any] = act
        with pytest.raises(Missing):
            asked(bob, batch)


def test_is_confirmed_once(alice: cast.Member) -> None:
    batch = upload(alice, "email\na@example.test\n")
    confirm(alice, batch)
    with pytest.raises(Conflict):
        confirm(alice, batch)


def test_does_nothing_to_whom_changed_since_the_dry_run(
    world: cast.World, alice: cast.Member
) -> None:
    batch = upload(alice, "email\nnew@example.test\n")
    world.member("new")
    confirm(alice, batch)
    (line,) = lines_of(alice, batch)
    assert line.state == "refused"
    assert "changed since the dry run" in line.reason


def test_stops_when_its_maker_may_not_act_any_more(
    world: cast.World, alice: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = upload(alice, "email\nnew@example.test\n")
    monkeypatch.setattr(bulk, "queues", [])
    confirm(alice, batch)
    with cast.in_scope(world):
        alice.device.status = "revoked"
        alice.device.revoked_at = acts.now()
        alice.device.save()
        bulk_work.work(batch.id, clock=acts.now)
        line = InvitationBatchLine.objects.get()
    assert line.state == "refused"
    assert not line.invitation_id


def test_offers_links_by_mail_only_where_the_scope_does(alice: cast.Member) -> None:
    with pytest.raises(LinksByMailOff):
        upload(alice, "email\nnew@example.test\n", mails_links=True)


def test_waits_for_the_dry_run(alice: cast.Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "queues", [])
    batch = upload(alice, "email\nnew@example.test\n")
    with pytest.raises(Conflict):
        confirm(alice, batch)


def test_forgets_drafts_and_bundles(world: cast.World, alice: cast.Member) -> None:
    kept = upload(alice, "email\nnew@example.test\n")
    confirm(alice, kept)
    draft = upload(alice, "email\nother@example.test\n")
    with cast.in_scope(world):
        assert bulk.forget_due(now=acts.now()) == 0
        assert bulk.forget_due(now=acts.now() + bulk.BUNDLE_LIFE + bulk.DRAFT_LIFE) == 2
        assert not InvitationBatch.objects.filter(id=draft.id).exists()
        assert InvitationBatch.objects.filter(id=kept.id).exists()
    assert take(alice, kept) == []


def test_is_discarded_only_as_a_draft(world: cast.World, alice: cast.Member) -> None:
    batch = upload(alice, "email\nnew@example.test\n")
    with cast.in_scope(world):
        bulk.discard(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
        assert not InvitationBatchLine.objects.exists()
        assert not Proposal.objects.exists()
    done = upload(alice, "email\nnew@example.test\n")
    confirm(alice, done)
    with cast.in_scope(world), pytest.raises(Conflict):
        bulk.discard(batch_id=done.id, by=acts.as_actor(alice), now=acts.now())
