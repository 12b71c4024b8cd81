"""Proposals in the admin: what waits, who may decide, and the deciding."""

import json

import pytest

from identity import ids
from identity.sdk.results import Pending
from tests.browser.people import House, Person, Tab, Tabs

pytestmark = pytest.mark.browser
NEWCOMER = "newcomer@example.test"


@pytest.fixture
def scope(house: House) -> str:
    return house.scope(accept_attested_votes=True)


@pytest.fixture
def alice(house: House, scope: str) -> Person:
    return house.elector(scope, "alice", "super-admin")


@pytest.fixture
def bob(house: House, scope: str) -> Person:
    return house.elector(scope, "bob", "super-admin")


def propose(tab: Tab, email: str = NEWCOMER) -> None:
    """Invite somebody in a scope with two owners, and go to the proposal."""
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill(email)
    tab.press("Issue the invitation")
    assert "This waits for approval" in tab.text
    tab.follow("see the proposal")


def state(tab: Tab) -> str:
    return tab.page.locator(".state strong").inner_text()


def test_makes_a_proposal_and_hands_its_proposer_the_answer_once(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    proposer = tabs.new().sign_in(alice)
    proposer.open("invitations/proposal/")
    assert "No change has waited for approval yet." in proposer.text
    proposer.picture("proposals-empty")
    propose(proposer)
    assert state(proposer) == "Pending"
    assert "a person who proposed it may not" in proposer.text
    assert proposer.page.get_by_role("button", name="Approve").count() == 0
    assert NEWCOMER in proposer.text
    proposer.picture("proposal-own")

    voter = tabs.new().sign_in(bob)
    voter.follow("1 proposal waits for a decision")
    voter.picture("proposals")
    voter.follow_row()
    assert f"Invite {NEWCOMER}" in voter.text
    assert "The server attests that the proposer was signed in" in voter.text
    assert NEWCOMER in voter.text
    voter.picture("proposal-to-decide")
    voter.press("Approve")
    assert "Your vote decided it: the change is made." in voter.text
    assert state(voter) == "Executed"
    assert "the server, for a signed-in person" in voter.text
    assert voter.page.get_by_role("button", name="Show the answer").count() == 0
    voter.picture("proposal-executed")

    proposer.page.reload()
    proposer.picture("proposal-answer-waits")
    proposer.press("Show the answer")
    bundle = json.loads(proposer.page.get_by_label("Invitation bundle").input_value())
    client = house.device(scope, bundle, "newcomer's laptop")
    assert client.request("get", "/me").details["username"] == NEWCOMER
    proposer.follow("Back to the proposal")
    assert proposer.page.get_by_role("button", name="Show the answer").count() == 0


def test_rejects_with_a_reason(tabs: Tabs, alice: Person, bob: Person) -> None:
    proposer, voter = tabs.new().sign_in(alice), tabs.new().sign_in(bob)
    propose(proposer)
    voter.page.goto(proposer.page.url)
    voter.press("Reject")
    assert "A rejection needs a reason." in voter.text
    assert state(voter) == "Pending"
    voter.picture("proposal-reason-needed")
    voter.page.get_by_label("Reason").fill("We don't know them.")
    voter.press("Reject")
    assert "the proposal is rejected" in voter.text
    assert state(voter) == "Rejected"
    assert "We don't know them." in voter.text
    proposer.open("accounts/user/")
    assert NEWCOMER not in proposer.text


def test_lets_an_operator_propose_and_never_vote(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    operator = tabs.new().sign_in(house.operator(), scope=scope)
    propose(operator)
    assert "Platform operators may propose, but never vote" in operator.text
    assert operator.page.get_by_role("button", name="Approve").count() == 0
    operator.picture("proposal-operator")
    # Not by sending the form by hand either.
    operator.page.evaluate(
        """() => {
            const button = document.querySelector('button[value=cancel]')
            button.value = 'approve'
        }"""
    )
    operator.press("Withdraw the proposal")
    assert "You may not decide this proposal." in operator.text
    assert state(operator) == "Pending"
    voter = tabs.new().sign_in(bob)
    voter.page.goto(operator.page.url)
    voter.press("Approve")
    operator.page.reload()
    operator.press("Show the answer")
    assert "inv_" in operator.page.get_by_label("Invitation bundle").input_value()


def test_withdraws_a_proposal(tabs: Tabs, alice: Person, bob: Person) -> None:
    proposer = tabs.new().sign_in(alice)
    propose(proposer)
    proposer.press("Withdraw the proposal")
    assert "The proposal is withdrawn." in proposer.text
    assert state(proposer) == "Cancelled"
    assert proposer.page.get_by_role("button", name="Withdraw the proposal").count() == 0


def test_takes_a_vote_back(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    carol = house.elector(scope, "carol", "super-admin")
    assert alice.client is not None
    details = {
        "plid": str(ids.new()),
        "name": "Two others",
        "description": "",
        "resource": "/users/invite",
        "action": "add",
        "priority": 10,
        "expression": "",
        "decision_on_true": "REVIEW",
        "review_expression": {"all": [], "min": 2, "deny": 1},
    }
    waiting = alice.client.request("add", "/policies", details)
    assert isinstance(waiting, Pending)
    voter = tabs.new().sign_in(bob)
    voter.open(f"invitations/proposal/{waiting.proposal_id}/change/")
    assert "Make the policy “Two others”" in voter.text
    voter.picture("proposal-policy")
    # A change of a quorum needs the old and the new one: two people.
    voter.press("Approve")
    assert "Your vote is recorded. The proposal needs 1 more" in voter.text
    assert state(voter) == "Pending"
    assert "To vote otherwise, take your vote back first." in voter.text
    voter.picture("proposal-voted")
    voter.press("Take my vote back")
    assert "Your vote is taken back." in voter.text
    assert "(taken back)" in voter.text
    voter.press("Approve")
    assert state(voter) == "Pending"
    second = tabs.new().sign_in(carol)
    second.page.goto(voter.page.url)
    second.press("Approve")
    assert state(second) == "Executed"
    second.open("invitations/policy/")
    assert "Two others" in second.text


def test_says_why_a_vote_does_not_count(house: House, tabs: Tabs) -> None:
    scope = house.scope()
    alice = house.elector(scope, "alice", "super-admin")
    bob = house.elector(scope, "bob", "super-admin")
    deviceless = house.staff(scope, "carol", "super-admin")
    maintainer = house.staff(scope, "dave", "workspace-maintainer")
    proposer = tabs.new().sign_in(alice)
    propose(proposer)
    for person, text in (
        (deviceless, "Register this browser first:"),
        (maintainer, "Your roles in this scope decide no proposals."),
    ):
        voter = tabs.new().sign_in(person)
        voter.page.goto(proposer.page.url)
        assert text in voter.text
        assert voter.page.get_by_role("button", name="Approve").count() == 0
    # A person's own device decides what was proposed in the admin.
    assert bob.client is not None
    proposal_id = proposer.path.split("/")[2]
    bob.client.proposals.approve(
        bob.client.proposals.verify(bob.client.proposals.read(proposal_id))
    )
    proposer.page.reload()
    assert state(proposer) == "Executed"
    assert "the person's device" in proposer.text
