"""Who invited whom, when it ended, and how the mail stands."""

from uuid import UUID

import pytest

from identity import ids
from identity.paging import Page
from invitations import queries
from invitations.services import invitations
from invitations.services.governance import Done
from tests import acts, cast

pytestmark = pytest.mark.django_db


def test_tells_who_invited_whom_and_how_it_ended() -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin")
    shell = acts.invitation(world, "shell@example.test")
    answer = acts.submit(alice, "user.invite", user=str(ids.new()), email="new@example.test")
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        invitations.revoke(invitation_id=UUID(shell["invitation"]), by=world.system, now=acts.now())
        listed = queries.invitations(Page(), now=acts.now()).rows
        one = queries.invitation(UUID(answer.result["invitation"]), now=acts.now())
    assert [(row.username, row.invited_by, row.mail) for row in listed] == [
        ("shell@example.test", "system", "sent"),
        ("new@example.test", "alice@example.test", "sent"),
    ]
    assert [row.ended_at is None for row in listed] == [False, True]
    assert one == listed[1]
