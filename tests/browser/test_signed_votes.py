"""Votes in the admin are signed by a device of the voter's: this browser."""

import json

import pytest

from identity.crypto import evidence
from tests.browser.people import House, Person, Tab, Tabs

pytestmark = pytest.mark.browser
NEWCOMER = "newcomer@example.test"
STORED = """async () => {
    const request = indexedDB.open('countersign', 1)
    const database = await new Promise((done) => (request.onsuccess = () => done(request.result)))
    const all = database.transaction('devices').objectStore('devices').getAll()
    return await new Promise((done) => (all.onsuccess = () => done(all.result)))
}"""


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


def propose(tab: Tab) -> str:
    """Give somebody a role, which needs a second person; the address of the proposal."""
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill(NEWCOMER)
    tab.press("Issue the invitation")
    assert "This waits for approval" in tab.text, tab.text
    tab.follow("see the proposal")
    return tab.page.url


def register(tab: Tab, name: str = "bob's browser") -> None:
    """Register this browser on the page “Your devices”."""
    tab.page.get_by_label("Name of this device").fill(name)
    tab.press("Register this browser")


def state(tab: Tab) -> str:
    return tab.page.locator(".state strong").inner_text()


def with_device(tabs: Tabs, person: Person) -> Tab:
    tab = tabs.new().sign_in(person)
    tab.open("own-devices/")
    register(tab)
    tab.page.get_by_text("(this browser)").wait_for()
    return tab


def exported(house: House, scope: str, url: str) -> evidence.Report:
    proposal = url.split("/proposal/")[1].split("/", maxsplit=1)[0]
    text = house.served.manage("proposals", "export", proposal, "--scope", scope)
    return evidence.verify_bundle(json.loads(text))


def test_registers_this_browser_and_votes_with_it(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    voter = tabs.new().sign_in(bob)
    voter.open("own-devices/")
    assert "You have no device yet." in voter.text
    voter.picture("own-devices-none")
    register(voter)
    voter.page.get_by_text("(this browser)").wait_for()
    voter.picture("own-devices")
    proposer = tabs.new().sign_in(alice)
    url = propose(proposer)
    voter.page.goto(url)
    voter.page.get_by_label("Reason").fill("We met her.")
    voter.picture("proposal-to-sign")
    voter.press("Approve")
    assert state(voter) == "Executed"
    assert "the person's device" in voter.text
    report = exported(house, scope, url)
    (vote,) = report.votes
    assert (vote.decision, vote.signed_by) == ("approve", "device")
    assert any("signed by its own new key" in note for note in report.notes)


def test_keeps_keys_that_nobody_exports(tabs: Tabs, alice: Person, bob: Person) -> None:
    voter = with_device(tabs, bob)
    tried = voter.page.evaluate(
        """async (stored) => {
            const [device] = await eval(stored)
            const results = []
            for (const pair of [device.signature, device.encryption]) {
                for (const form of ['pkcs8', 'jwk']) {
                    try {
                        await crypto.subtle.exportKey(form, pair.privateKey)
                        results.push('exported')
                    } catch (error) {
                        results.push(error.name)
                    }
                }
            }
            return results
        }""".replace("await eval(stored)", f"await ({STORED})()"),
        "",
    )
    assert tried == ["InvalidAccessError"] * 4


def test_rejects_with_a_signed_reason(
    house: House, tabs: Tabs, scope: str, alice: Person, bob: Person
) -> None:
    voter, proposer = with_device(tabs, bob), tabs.new().sign_in(alice)
    url = propose(proposer)
    voter.page.goto(url)
    voter.page.get_by_role("button", name="Reject").click()
    voter.page.get_by_text("A rejection needs a reason.").wait_for()
    assert state(voter) == "Pending"
    voter.page.get_by_label("Reason").fill("Unknown.")
    voter.press("Reject")
    assert state(voter) == "Rejected"
    assert exported(house, scope, url).votes[0].signed_by == "device"


@pytest.mark.parametrize("part", ["hash", "resource", "scope"])
def test_signs_nothing_on_a_page_that_was_tampered_with(
    tabs: Tabs, alice: Person, bob: Person, part: str
) -> None:
    voter, proposer = with_device(tabs, bob), tabs.new().sign_in(alice)
    voter.page.goto(propose(proposer))
    wrong = {"hash": "0" * 64, "resource": "/users", "scope": ""}[part]
    voter.page.evaluate(
        "([part, wrong]) => (document.querySelector('form[data-proposal]').dataset[part] = wrong)",
        [part, wrong],
    )
    voter.page.get_by_role("button", name="Approve").click()
    told = voter.page.locator("[data-told]")
    told.get_by_text("Nothing was signed." if part != "scope" else "Register it first").wait_for()
    voter.page.reload()
    assert state(voter) == "Pending"
    assert "Nobody has voted." in voter.text


def test_leads_who_has_no_device_to_the_page_and_back(
    tabs: Tabs, alice: Person, bob: Person
) -> None:
    proposer, voter = tabs.new().sign_in(alice), tabs.new()
    voter.sign_in(bob)
    with_another = with_device(tabs, bob)
    url = propose(proposer)
    with_another.page.goto(url)
    assert with_another.page.get_by_role("button", name="Approve").count() == 1
    voter.page.goto(url)
    voter.page.get_by_text("This browser is no device of yours yet.").wait_for()
    voter.follow("Register it first, then come back.")
    voter.page.get_by_label("Name of this device").fill("another browser")
    voter.page.get_by_role("button", name="Register this browser").click()
    # There is a device already, so a second person has to agree.
    voter.page.get_by_text("This waits for a second person.").wait_for()
    voter.open("own-devices/")
    voter.page.get_by_text("waits for a second person, or was refused").wait_for()


def test_revokes_an_own_device(tabs: Tabs, alice: Person, bob: Person) -> None:
    voter = with_device(tabs, bob)
    voter.follow("Revoke")
    assert "The next request that bob's browser signs is refused" in voter.text
    voter.picture("own-device-revoke")
    voter.page.get_by_label("Reason").fill("lost")
    voter.press("Revoke the device")
    assert "The device is revoked." in voter.text
    assert "revoked" in voter.text.lower()
    assert voter.page.get_by_label("Name of this device").is_visible()


def test_says_why_where_a_browser_can_make_no_keys(tabs: Tabs, alice: Person, bob: Person) -> None:
    voter = tabs.new().sign_in(bob)
    voter.page.add_init_script(
        "Object.defineProperty(globalThis, 'isSecureContext', {value: false})"
    )
    voter.open("own-devices/")
    voter.page.get_by_text("Open it with https://.").wait_for()
    assert not voter.page.get_by_label("Name of this device").is_visible()
