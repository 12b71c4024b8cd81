"""Users, groups, roles, rules, devices and server keys in the admin: the main acts."""

import pytest

from identity.sdk.errors import Refused
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Done
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser
BOB = "bob@example.test"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def scope(house: House) -> str:
    return house.scope()


@pytest.fixture
def desk(house: House, tab: Tab, scope: str) -> Tab:
    """An operator at work in the scope."""
    return tab.sign_in(house.operator(), scope=scope)


def open_user(tab: Tab, name: str = BOB) -> None:
    tab.open(f"accounts/user/?q={name}")
    tab.follow_row()


def follow_tool(tab: Tab, name: str) -> None:
    """A button above the list; the navigation has entries of like names."""
    tab.click(tab.page.locator("#content").get_by_role("link", name=name, exact=True).first)


def test_disables_enables_and_deletes_a_user(house: House, desk: Tab, scope: str) -> None:
    client = house.device(scope, house.invite(scope, BOB), "bob's laptop")
    open_user(desk)
    assert "bob's laptop" in desk.text
    desk.follow("Disable")
    desk.press("Disable the user")
    assert "The user is disabled." in desk.text
    with pytest.raises(Refused):
        client.request("get", "/me")
    desk.follow("Enable")
    desk.press("Enable the user")
    assert isinstance(client.request("get", "/me"), Done)
    desk.follow("Delete")
    desk.picture("delete-user")
    desk.press("Delete for ever")
    assert "The user is deleted." in desk.text
    assert BOB not in desk.page.locator("#content-main").inner_text()
    with pytest.raises(Refused):
        client.request("get", "/me")


def test_edits_a_user_and_escapes_what_is_written(house: House, desk: Tab, scope: str) -> None:
    house.invite(scope, BOB)
    open_user(desk)
    desk.follow("Edit")
    desk.page.get_by_label("First name").fill(HOSTILE)
    desk.press("Save")
    assert HOSTILE in desk.text
    desk.open("accounts/user/")
    assert HOSTILE in desk.text


def test_makes_a_rule_and_a_role_and_grants_it(house: House, desk: Tab, scope: str) -> None:
    house.device(scope, house.invite(scope, BOB), "bob's laptop")
    desk.open("accounts/role/")
    follow_tool(desk, "Rules")
    desk.follow("Make a rule")
    desk.page.get_by_label("Name").fill("See the groups")
    desk.page.get_by_label("Right").select_option("/groups list")
    desk.press("Make the rule")
    assert "The rule is made." in desk.text
    follow_tool(desk, "Roles")
    desk.follow("Make a role")
    desk.page.get_by_label("Name").fill("Onlookers")
    desk.page.get_by_label("See the groups").check()
    desk.press("Make the role")
    open_user(desk)
    desk.follow("Grant a role")
    desk.click(desk.page.locator("#content-main").get_by_role("link", name="Onlookers"))
    desk.press("Grant the role")
    assert "The role is granted." in desk.text
    desk.follow("Onlookers")
    assert BOB in desk.text
    desk.picture("role")


def test_fills_a_group_by_how_a_name_begins(house: House, desk: Tab, scope: str) -> None:
    house.invite(scope, BOB)
    desk.open("accounts/group/")
    desk.follow("Make a group")
    desk.page.get_by_label("Name").fill("Signers")
    desk.press("Make the group")
    desk.follow_row()
    desk.follow("Add a member")
    desk.page.get_by_label("How a user name begins").fill("BO")
    desk.press("Search")
    desk.click(desk.page.locator("#content-main").get_by_role("link", name=BOB))
    desk.press("Put into the group")
    assert "The user is in the group." in desk.text
    desk.picture("group")
    desk.follow("Take out")
    desk.press("Take out of the group")
    assert "Nobody is in the group yet." in desk.text


def test_suspends_and_resumes_a_device(house: House, desk: Tab, scope: str) -> None:
    client = house.device(scope, house.invite(scope, BOB), "bob's laptop")
    desk.open("accounts/device/")
    desk.follow_row()
    desk.picture("device-keys")
    desk.follow("Suspend")
    desk.page.get_by_label("Reason").fill("Left in a train.")
    desk.press("Suspend the device")
    with pytest.raises(Refused):
        client.request("get", "/me")
    desk.follow("Resume")
    desk.press("Resume the device")
    assert isinstance(client.request("get", "/me"), Done)


def test_makes_a_program_and_rotates_a_key(desk: Tab) -> None:
    keys = DeviceKeys.generate()
    desk.open("accounts/user/")
    desk.follow("Make a program")
    desk.page.get_by_label("E-mail address").fill("robot@example.test")
    desk.page.get_by_label("Public signature key").fill(keys.signature_pubkey)
    desk.page.get_by_label("Public encryption key").fill(keys.encryption_pubkey)
    desk.page.get_by_label("May call from").fill("192.0.2.1/24")
    desk.press("Make the program")
    assert "Write networks as 192.0.2.0/24" in desk.text
    desk.page.get_by_label("May call from").fill("192.0.2.0/24")
    desk.press("Make the program")
    assert "The program is made." in desk.text
    open_user(desk, "robot")
    assert "192.0.2.0/24" in desk.text
    desk.open("identity/serverkey/")
    desk.follow("Rotate the signature key")
    desk.press("Make the new key")
    assert "The new key is in use." in desk.text
    assert "retiring" in desk.text
    desk.picture("server-keys-rotated")


def test_says_beforehand_that_it_waits_and_leads_to_the_proposal(house: House, tabs: Tabs) -> None:
    scope = house.scope(accept_attested_votes=True)
    alice = house.elector(scope, "alice", "super-admin")
    house.elector(scope, "bob", "super-admin")
    tab = tabs.new().sign_in(alice)
    open_user(tab)
    tab.follow("Delete")
    assert "This will wait for approval." in tab.text
    tab.press("Delete for ever")
    assert "This waits for approval" in tab.text
    tab.follow("see the proposal")
    assert tab.path.startswith("invitations/proposal/")
