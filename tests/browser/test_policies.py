"""Policies in the admin: written, tried out, proposed, and approved with a signed vote."""

import pytest

from tests.browser.people import House, Person, Tab, Tabs

pytestmark = pytest.mark.browser
CREATE = "invitations/policy/create/"


@pytest.fixture
def scope(house: House) -> str:
    return house.scope()


@pytest.fixture
def alice(house: House, scope: str) -> Person:
    return house.elector(scope, "alice", "super-admin")


@pytest.fixture
def bob(house: House, scope: str) -> Person:
    """Somebody who signs in and has no device yet."""
    return house.staff(scope, "bob", "super-admin")


def voter_of(tabs: Tabs, person: Person) -> Tab:
    """A browser that is the person's device."""
    tab = tabs.new().sign_in(person)
    tab.open("own-devices/")
    tab.page.get_by_label("Name of this device").fill("this browser")
    tab.press("Register this browser")
    tab.page.get_by_text("(this browser)").wait_for()
    return tab


def write(tab: Tab, **fields: str) -> None:
    for label, text in fields.items():
        field = tab.page.get_by_label(label.replace("_", " "))
        tag = field.evaluate("element => element.tagName")
        (field.select_option if tag == "SELECT" else field.fill)(text)


def verdicts(tab: Tab) -> list[str]:
    return tab.page.locator(".verdict > p:first-of-type .badge").all_inner_texts()


def test_makes_a_policy_that_a_second_person_approved(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    voter, writer = voter_of(tabs, bob), tabs.new().sign_in(alice)
    writer.open("invitations/policy/")
    writer.picture("policies")
    writer.follow("Write a policy")
    write(writer, Name="No webhooks", Resources="/webhooks", Then="DENY", Acts="add")
    writer.press("Make the policy")
    assert "This waits for approval" in writer.text
    writer.follow("see the proposal")
    voter.page.goto(writer.page.url)
    assert "Make the policy “No webhooks”" in voter.text
    voter.press("Approve")
    assert voter.page.locator(".state strong").inner_text() == "Executed"
    assert "the person's device" in voter.text
    writer.open("invitations/policy/")
    writer.follow("No webhooks")
    assert "Such a change is refused." in writer.text
    writer.picture("policy")


def test_shows_both_verdicts_and_marks_faults(tabs: Tabs, alice: Person, bob: Person) -> None:
    voter_of(tabs, bob)
    tab = tabs.new().sign_in(alice)
    tab.open(CREATE)
    write(tab, Name="No invitations", Resources="/users/*", Then="DENY", Priority="1")
    write(tab, What_somebody_would_do="invite")
    tab.press("What would this decide?")
    assert verdicts(tab) == ["needs review", "denied"]
    assert tab.page.url.endswith("#trial")
    tab.picture("policy-tried")
    write(tab, Only_if='actor.type == "api"')
    tab.press("What would this decide?")
    assert verdicts(tab) == ["needs review", "needs review"]
    assert "changes nothing for this" in tab.text
    write(tab, Only_if='action == "add" &&\nactor.name == "bob"')
    tab.press("What would this decide?")
    assert verdicts(tab) == ["needs review"]
    assert "At line 2, character 1: Use a known name" in tab.text
    assert tab.page.locator(".fault mark").inner_text() == "a"
    tab.picture("policy-fault")
    # Nothing was saved by any of this.
    tab.open("invitations/policy/")
    assert "No invitations" not in tab.text
