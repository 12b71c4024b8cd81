"""Changes that wait, and the ballots that decide them."""

from typing import Any

from invitations.models import Proposal
from tests.faces.enterprise.desk import Desk, Person
from tests.faces.enterprise.examples import group_details, new_id, policy_details

REVIEW = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'


def review_authorize(owner: Person) -> None:
    """From now on a workspace owner must see every new device."""
    policy = {
        "plid": new_id(),
        "name": "New devices",
        "resource": "/account-management/authorize",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": REVIEW,
    }
    owner.done("add", "/policies", policy)


def propose(desk: Desk, gid: str | None = None) -> Proposal:
    """A new group, which waits for one other person."""
    answer = desk.person("alice").ask("add", "/groups", group_details(gid or new_id()))
    assert answer["status"] == "pending", answer
    assert answer["metadata"] is None
    return Proposal.objects.get(id=answer["details"]["proposal_id"])


def propose_for_two(desk: Desk) -> Proposal:
    """A recipient that both owners must see."""
    review = {"all": [{"role": "workspace-owner", "min": 2}], "deny": 1}
    more = {"decision_on_true": "REVIEW", "expression": "", "review_expression": review}
    made = desk.person("alice").ask("add", "/policies", policy_details(new_id()) | more)
    desk.person("carol").done("approve", *ballot(of(made)))
    desk.person("dave").done("approve", *ballot(of(made)))
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    return of(desk.person("alice").ask("add", "/recipients", recipient))


def of(answer: dict[str, Any]) -> Proposal:
    return Proposal.objects.get(id=answer["details"]["proposal_id"])


def ballot(proposal: Proposal, **more: object) -> tuple[str, dict[str, object]]:
    return f"/proposals/{proposal.id}", {"proposal_hash": proposal.hash} | more
