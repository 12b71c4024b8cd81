"""Proposals whose time has run out are ended in every scope."""

from datetime import timedelta

import pytest

from identity import ids
from invitations import tasks
from invitations.models import Proposal
from tests import acts, cast


@pytest.mark.django_db
def test_ends_what_has_run_out_in_every_scope() -> None:
    worlds = [cast.world(), cast.world()]
    waiting = []
    for world in worlds:
        alice = world.member("alice", "super-admin", "workspace-owner")
        world.member("bob", "workspace-owner")
        long_ago = acts.now() - timedelta(days=8)
        answer = acts.submit(
            alice, "group.create", at=long_ago, group=str(ids.new()), name="security"
        )
        fresh = acts.submit(alice, "group.create", group=str(ids.new()), name="fresh")
        waiting.append((acts.proposal(world, answer), acts.proposal(world, fresh)))
    assert tasks.expire_proposals.call() == len(worlds)
    for world, (old, fresh_one) in zip(worlds, waiting, strict=True):
        with cast.in_scope(world):
            assert Proposal.objects.get(id=old.id).state == "expired"
            assert Proposal.objects.get(id=fresh_one.id).state == "pending"
