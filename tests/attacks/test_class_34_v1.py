"""Class 34 of the known attacks, over the API of our own and the admin: approvals nobody gave.

Nobody has public ids for this class yet; the cases are those that Utila, Paribu and Fireblocks
write rules against, each with a statement that a real device signed.
"""

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Group, User
from accounts.services import staff
from identity import ids
from identity.crypto import cose_device
from identity.scoping import current
from invitations.models import Policy, Proposal
from tests import acts, cast
from tests import staff as people
from tests.faces.v1.client import Signed
from tests.matrix.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "workspace-owner")


def client(world: cast.World, member: cast.Member) -> Signed:
    return Signed.of(member, world.scope.slug)


def proposed(world: cast.World, alice: cast.Member, name: str = "treasury") -> dict[str, Any]:
    answer = client(world, alice).post("/groups", {"name": name})
    assert answer.status_code == 202, answer.text
    shown: dict[str, Any] = (
        client(world, alice).get(f"/proposals/{answer.json()['proposal']['id']}").json()
    )
    return shown


def ballot(
    member: cast.Member, shown: dict[str, Any], decision: str = "approve", **more: Any
) -> dict[str, Any]:
    """A vote for what `shown` is, by the member's device; `more` is said in the statement alone."""
    details = {"proposal_hash": shown["hash"], "reason": "seen"}
    said = {"action": decision, "resource": f"/proposals/{shown['id']}", "details": details}
    statement = cose_device.sign_request(
        json.dumps({**said, **more}).encode(),
        device=member.device.id,
        signing_key=member.session.keys.signature,
        recipient=member.session.server.encryption,
        now=int(time.time()),
    )
    return {
        "decision": decision,
        **details,
        "statement": base64.b64encode(statement).decode(),
    }


def vote(world: cast.World, member: cast.Member, shown: dict[str, Any], body: Any) -> int:
    path = f"/proposals/{shown['id']}/votes"
    return client(world, member).post(path, body).status_code


def state(world: cast.World, shown: dict[str, Any]) -> str:
    with cast.in_scope(world):
        return str(Proposal.objects.get(id=shown["id"]).state)


def test_the_honest_vote_decides(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    shown = proposed(world, alice)
    assert vote(world, bob, shown, ballot(bob, shown)) == 200
    assert state(world, shown) == "executed"


def test_no_proposer_approves_itself(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    shown = proposed(world, alice)
    assert vote(world, alice, shown, ballot(alice, shown)) == 403
    # Nor with a statement of somebody else's device, nor from a session.
    assert vote(world, alice, shown, ballot(bob, shown)) == 401
    with cast.in_scope(world):
        User.objects.filter(id=alice.user.id).update(is_staff=True)
        user = User.objects.get(id=alice.user.id)
    browser = Scene(world, client(world, alice), {}).browser(user)
    path = f"/s/{world.scope.slug}/v1/proposals/{shown['id']}/votes"
    answer = browser.post(path, ballot(alice, shown), content_type="application/json")
    assert answer.status_code == 403
    page = f"/admin/invitations/proposal/{shown['id']}/decide/"
    browser.post(page, {"decision": "approve", "proposal_hash": shown["hash"]})
    assert state(world, shown) == "pending"


def test_no_second_membership_in_another_scope_votes(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    home = cast.world(governance=False)
    charlie = people.add(home, "charlie", "super-admin")
    with cast.in_scope(world):
        public_id = ids.new()
        staff.admit_login(
            public_id=public_id,
            name=f"{home.scope.slug}/charlie",
            roles=["workspace-auditor"],
            by=world.system,
            now=acts.now(),
        )
    shown = proposed(world, alice)
    browser = Scene(world, client(world, alice), {}).browser(charlie, scope=world.scope.slug)
    # The statement is by a device of the other scope; the role there decides nothing here.
    foreign = home.member("other", "workspace-owner")
    path = f"/s/{world.scope.slug}/v1/proposals/{shown['id']}/votes"
    answer = browser.post(path, ballot(foreign, shown), content_type="application/json")
    assert answer.status_code == 403, answer.content
    page = f"/admin/invitations/proposal/{shown['id']}/decide/"
    browser.post(page, {"decision": "approve", "proposal_hash": shown["hash"]})
    assert state(world, shown) == "pending"


@pytest.mark.parametrize("change", ["other proposal", "hash", "decision", "reason", "twice"])
def test_no_statement_counts_for_another_vote(
    world: cast.World, alice: cast.Member, bob: cast.Member, change: str
) -> None:
    first, second = proposed(world, alice), proposed(world, alice, "other")
    body = ballot(bob, first)
    if change == "other proposal":
        status = vote(world, bob, second, body)
    elif change == "hash":
        status = vote(world, bob, second, body | {"proposal_hash": second["hash"]})
    elif change == "decision":
        status = vote(world, bob, first, body | {"decision": "reject"})
    elif change == "reason":
        status = vote(world, bob, first, body | {"reason": "other"})
    else:
        unsure = ballot(bob, first, "reject")
        assert vote(world, bob, first, unsure) == 200
        assert state(world, first) == "rejected"
        status = vote(world, bob, second, unsure)
    assert status in {400, 401, 409}, status
    assert state(world, second) == "pending"


def test_no_statement_is_taken_twice(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    world.member("dave", "workspace-owner")
    shown = proposed(world, alice)
    body = ballot(bob, shown)
    wrong = body | {"reason": "not what was signed"}
    assert vote(world, bob, shown, wrong) == 400
    # Its nonce is used up with the first try, though that one was refused.
    assert vote(world, bob, shown, body) == 401
    assert state(world, shown) == "pending"


def test_a_stale_hash_and_an_old_statement_count_for_nothing(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    shown = proposed(world, alice)
    stale = {**shown, "hash": "0" * 64}
    assert vote(world, bob, shown, ballot(bob, stale)) == 400
    assert state(world, shown) == "pending"


@pytest.mark.parametrize("end", ["policy", "expired", "proposer", "cancelled"])
def test_what_changed_in_flight_is_not_carried_out(
    world: cast.World, alice: cast.Member, bob: cast.Member, end: str
) -> None:
    world.member("dave", "super-admin")
    shown = proposed(world, alice)
    with cast.in_scope(world):
        row = Proposal.objects.get(id=shown["id"])
        if end == "policy":
            Policy.objects.filter(public_id=row.policy_id).update(version=row.policy_version + 1)
        if end == "expired":
            Proposal.objects.filter(id=row.id).update(expires_at=acts.now() - timedelta(seconds=1))
        if end == "proposer":
            User.objects.filter(id=alice.user.id).update(status="disabled")
    if end == "cancelled":
        path = f"/proposals/{shown['id']}/cancellation"
        assert client(world, alice).post(path).status_code == 200
    vote(world, bob, shown, ballot(bob, shown))
    assert state(world, shown) != "executed"


def test_a_change_is_done_once(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    shown = proposed(world, alice)
    assert vote(world, bob, shown, ballot(bob, shown)) == 200
    vote(world, bob, shown, ballot(bob, shown))
    with current.in_scope(world.scope.id):
        assert Group.objects.filter(name="treasury").count() == 1
