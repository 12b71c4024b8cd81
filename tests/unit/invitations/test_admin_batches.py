"""The pages about many invitations and about issuing again, without a browser."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from identity import ids
from invitations.models import Invitation, InvitationBatch, Proposal
from tests import acts, cast
from tests.unit.invitations.test_admin import staff, told

MANY = "/admin/invitations/invitation/many/"


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


def upload(client: Client, text: str, name: str = "people.csv") -> str:
    """The address of the batch."""
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    answer = client.post(MANY, {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_gives_links_in_one_answer_that_nobody_keeps(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    batch = upload(client, "email\none@example.test\n")
    client.post(f"{batch}confirm/")
    answer = client.post(f"{batch}links/", {"as": "page"})
    assert "/join#" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    again: Any = client.post(f"{batch}links/", {"as": "csv"})
    assert "taken before" in told(again)[0]


@pytest.mark.parametrize("act", ["confirm", "discard", "continue", "links"])
def test_changes_nothing_on_a_get(world: cast.World, act: str) -> None:
    client = staff(world, "alice", "super-admin")
    batch = upload(client, "email\none@example.test\n")
    assert client.get(f"{batch}{act}/").status_code == 405


def test_shows_a_batch_to_its_maker_alone(world: cast.World) -> None:
    batch = upload(staff(world, "alice", "super-admin"), "email\none@example.test\n")
    other = staff(world, "eve", "super-admin")
    stranger = staff(cast.world(), "charlie", "super-admin")
    for client in (other, stranger):
        assert client.get(batch).status_code == 404
        assert client.get(f"{batch}progress/").status_code == 404
        assert client.post(f"{batch}links/").status_code == 404
        client.post(f"{batch}confirm/")
        client.post(f"{batch}discard/")
    with cast.in_scope(world):
        assert InvitationBatch.objects.get().state == "draft"


def test_is_closed_to_who_may_not_invite(world: cast.World) -> None:
    batch = upload(staff(world, "alice", "super-admin"), "email\none@example.test\n")
    client = staff(world, "bob", "workspace-auditor")
    for address in (MANY, batch, f"{batch}progress/"):
        assert client.get(address).status_code == 403
    for act in ("confirm", "discard", "continue", "links"):
        assert client.post(f"{batch}{act}/").status_code == 403


def test_asks_again_who_it_is_before_it_hands_out_links(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    batch = upload(client, "email\none@example.test\n")
    session = client.session
    session["staff_proved_at"] = int((datetime.now(UTC) - timedelta(hours=1)).timestamp())
    session.save()
    for act in ("confirm", "links"):
        answer = client.post(f"{batch}{act}/")
        assert "/reauthenticate/" in answer["Location"], answer
    with cast.in_scope(world):
        assert InvitationBatch.objects.get().state == "draft"


def test_tells_how_far_it_is(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    batch = upload(client, "email\none@example.test\nnobody\n")
    assert client.get(f"{batch}progress/").json() == {"done": 2, "lines": 2, "is_busy": False}


def test_links_a_line_that_waits_to_its_proposal(world: cast.World) -> None:
    world.member("bob", "super-admin")
    client = staff(world, "alice", "super-admin")
    batch = upload(client, "email,roles\none@example.test,member\n")
    client.post(f"{batch}confirm/")
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert f"/admin/invitations/proposal/{proposal.id}/change/" in page(client, batch)


def test_issues_again_only_once_for_one_form(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    old = acts.invitation(world, "new@example.test")
    address = f"/admin/invitations/invitation/{old['invitation']}/again/"
    form = {"hours": "5", "sent": str(ids.new())}
    assert "/join#" in client.post(address, form).content.decode()
    assert "This form was sent before." in client.post(address, form).content.decode()
    with cast.in_scope(world):
        states = Invitation.objects.order_by("created_at").values_list("state", flat=True)
        assert list(states) == ["revoked", "open"]
    missing: Any = client.get(f"/admin/invitations/invitation/{UUID(int=1)}/again/")
    assert told(missing) == ["There is no such invitation."]


def test_gives_roles_with_an_invitation_under_one_approval(world: cast.World) -> None:
    bob = world.member("bob", "super-admin")
    client = staff(world, "alice", "super-admin")
    form = {
        "email": "new@example.test",
        "hours": "5",
        "roles": ["member"],
        "sent": str(ids.new()),
    }
    answer = client.post("/admin/invitations/invitation/issue/", form)
    assert answer.status_code == 302, answer.content.decode()
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert [item["name"] for item in proposal.commands] == ["user.invite", "role.grant"]
    assert acts.approve(bob, proposal.id).state == "executed"


def test_shows_the_link_of_an_approved_invitation_once(world: cast.World) -> None:
    bob = world.member("bob", "super-admin")
    client = staff(world, "alice", "super-admin")
    form = {
        "email": "new@example.test",
        "hours": "5",
        "roles": ["member"],
        "sent": str(ids.new()),
    }
    client.post("/admin/invitations/invitation/issue/", form)
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    acts.approve(bob, proposal.id)
    address = f"/admin/invitations/proposal/{proposal.id}/decide/"
    shown = client.post(address, {"decision": "outcome"})
    assert "/join#" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    again = client.post(address, {"decision": "outcome"})
    assert "/join#" not in again.content.decode()
