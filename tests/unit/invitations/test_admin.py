"""Invitations and proposals in the admin, without a browser."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.services import operators
from identity import ids
from invitations.models import Invitation, Proposal
from invitations.services import invitations
from tests import acts, cast

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}
SOME = "01a1f985-0000-714b-8d8b-38ffc4e37c4f"


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world(accept_attested_votes=True)


def staff(world: cast.World, name: str, *roles: str) -> Client:
    """A signed-in member of staff."""
    with cast.in_scope(world):
        operators.add_staff(
            username=name,
            password=PASSWORD,
            email="",
            first_name="",
            last_name="",
            roles=roles,
            by=world.system,
            now=datetime.now(UTC),
        )
    client = Client(headers=HTML)
    client.post(
        "/admin/login/",
        {"scope": world.scope.slug, "username": name, "password": PASSWORD, "next": "/admin/"},
    )
    return client


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def waiting(world: cast.World, member: cast.Member) -> Proposal:
    answer = acts.submit(member, "group.create", group=str(ids.new()), name="readers")
    return acts.proposal(world, answer)


def decide(client: Client, proposal_id: UUID | str, **form: str) -> list[str]:
    answer = client.post(f"/admin/invitations/proposal/{proposal_id}/decide/", form)
    assert answer.status_code == 302, answer.content
    return told(answer)


def test_tells_caches_to_forget_the_bundle(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    form = {"email": "newcomer@example.test", "hours": "72", "sent": str(ids.new())}
    answer = client.post("/admin/invitations/invitation/issue/", form)
    assert "inv_" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_gives_an_invitation_the_hours_asked_for(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    form = {"email": "newcomer@example.test", "hours": "5", "sent": str(ids.new())}
    client.post("/admin/invitations/invitation/issue/", form)
    with cast.in_scope(world):
        row = Invitation.objects.get()
    assert row.expires_at - row.created_at == timedelta(hours=5)


@pytest.mark.parametrize("hours", ["0", "721", "many", ""])
def test_bounds_the_hours(world: cast.World, hours: str) -> None:
    client = staff(world, "alice", "super-admin")
    form = {"email": "newcomer@example.test", "hours": hours, "sent": str(ids.new())}
    answer = client.post("/admin/invitations/invitation/issue/", form)
    assert "Correct what is marked below" in answer.content.decode()
    with cast.in_scope(world):
        assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("state", "rows"), [("open", 1), ("expired", 1), ("revoked", 0), ("nonsense", 0), ("", 0)]
)
def test_filters_by_the_state_that_readers_see(world: cast.World, state: str, rows: int) -> None:
    acts.invitation(world, "bob@example.test")
    late = acts.invitation(world, "robin@example.test")
    with cast.in_scope(world):
        past = datetime.now(UTC) - timedelta(minutes=1)
        Invitation.objects.filter(id=late["invitation"]).update(expires_at=past)
    client = staff(world, "alice", "workspace-auditor")
    page = client.get("/admin/invitations/invitation/", {"state": state})
    assert page.context["cl"].result_count == rows


def test_says_that_an_unknown_invitation_is_unknown(world: cast.World) -> None:
    client = staff(world, "alice", "super-admin")
    for ask in (client.get, client.post):
        answer = ask(f"/admin/invitations/invitation/{SOME}/revoke/")
        assert answer.status_code == 302
        assert told(answer)[-1] == "There is no such invitation."


def test_offers_no_end_of_what_has_ended(world: cast.World) -> None:
    made = acts.invitation(world, "bob@example.test")
    with cast.in_scope(world):
        invitations.revoke(invitation_id=made["invitation"], by=world.system, now=acts.now())
    client = staff(world, "alice", "super-admin")
    path = f"/admin/invitations/invitation/{made['invitation']}/revoke/"
    answer = client.get(path, follow=True)
    shown = answer.content.decode()
    assert "This invitation is revoked: it can&#x27;t be revoked any more." in shown
    assert "Revoke the invitation" not in shown


def test_takes_no_decision_that_it_does_not_know(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    client = staff(world, "carol", "super-admin")
    for form in ({}, {"decision": "execute"}, {"decision": "approve", "reason": "x" * 513}):
        assert decide(client, proposal.id, **form)[-1].startswith("Choose what to do")
    answer = client.get(f"/admin/invitations/proposal/{proposal.id}/decide/")
    assert told(answer)[-1].startswith("Choose what to do")
    assert "proposal_hash" in decide(client, proposal.id, decision="approve")[-1]
    with cast.in_scope(world):
        assert Proposal.objects.get().state == "pending"


def test_refuses_a_vote_on_another_text(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    client = staff(world, "carol", "super-admin")
    form = {"decision": "approve", "proposal_hash": "0" * 64}
    decide(client, proposal.id, **form)
    with cast.in_scope(world):
        found = Proposal.objects.get()
        assert (found.state, found.votes.count()) == ("pending", 0)


def test_hands_an_answer_to_its_proposer_alone(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    bob = world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    assert acts.approve(bob, proposal.id).state == "executed"
    client = staff(world, "carol", "super-admin")
    assert "not yours" in decide(client, proposal.id, decision="outcome")[-1]
    with cast.in_scope(world):
        assert Proposal.objects.get().sealed_outcome is not None


@pytest.mark.parametrize("decision", ["approve", "reject", "retract", "cancel", "outcome"])
def test_lets_a_reader_decide_nothing(world: cast.World, decision: str) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    client = staff(world, "carol", "workspace-auditor")
    decide(client, proposal.id, decision=decision, proposal_hash=proposal.hash, reason="no")
    with cast.in_scope(world):
        found = Proposal.objects.get()
        assert (found.state, found.votes.count()) == ("pending", 0)


def test_lets_nobody_decide_in_another_scope(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    client = staff(cast.world(accept_attested_votes=True), "charlie", "super-admin")
    for decision in ("approve", "reject", "retract", "cancel", "outcome"):
        form = {"decision": decision, "proposal_hash": proposal.hash, "reason": "no"}
        known = decide(client, proposal.id, **form)[-1]
        assert known == decide(client, SOME, **form)[-1]
    with cast.in_scope(world):
        found = Proposal.objects.get()
        assert (found.state, found.votes.count()) == ("pending", 0)


def test_lets_nobody_without_a_role_send_a_decision(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    proposal = waiting(world, alice)
    client = staff(world, "carol", "member")
    answer = client.post(
        f"/admin/invitations/proposal/{proposal.id}/decide/", {"decision": "cancel"}
    )
    assert answer.status_code == 403
