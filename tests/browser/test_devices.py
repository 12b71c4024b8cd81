"""Devices, users, keys and the audit record in the admin, by role."""

import pytest

from identity.sdk.errors import Refused
from identity.sdk.results import Done
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser
REASON = "Left in a train."
LISTS = {
    "invitations/invitation/": "Invitations",
    "invitations/proposal/": "Proposals",
    "invitations/policy/": "Policies",
    "accounts/user/": "Users",
    "accounts/device/": "Devices",
    "identity/auditevent/": "Audit events",
    "identity/serverkey/": "Server keys",
}


def revoke(tab: Tab, device: str, reason: str = REASON) -> None:
    tab.open("accounts/device/")
    row = tab.page.locator("#result_list tbody tr", has_text=device)
    tab.click(row.get_by_role("link", name="Revoke…"))
    tab.page.get_by_label("Reason").fill(reason)
    tab.press("Revoke the device")


def test_revokes_a_device_whose_next_request_is_refused(house: House, tab: Tab) -> None:
    scope = house.scope()
    bundle = house.invite(scope, "bob@example.test")
    client = house.device(scope, bundle, "bob's laptop")
    assert isinstance(client.request("get", "/me"), Done)
    tab.sign_in(house.operator(), scope=scope)
    tab.open("accounts/device/")
    tab.picture("devices")
    tab.follow("Revoke…")
    tab.picture("revoke-device")
    tab.page.get_by_label("Reason").evaluate("field => field.required = false")
    tab.press("Revoke the device")
    assert "This field is required." in tab.text
    revoke(tab, "bob's laptop")
    assert "The device is revoked." in tab.text
    with pytest.raises(Refused) as refused:
        client.request("get", "/me")
    assert refused.value.error_code == "-4"
    tab.open("accounts/device/")
    assert tab.page.get_by_role("link", name="Revoke…").count() == 0
    tab.follow_row()
    assert REASON in tab.text
    tab.picture("device")
    tab.follow("Audit events about this")
    assert "device.revoked" in tab.page.locator("#result_list").inner_text()


def test_proposes_the_revocation_where_policy_asks_for_it(house: House, tabs: Tabs) -> None:
    scope = house.scope(accept_attested_votes=True)
    alice = house.elector(scope, "alice", "super-admin")
    bob = house.elector(scope, "bob", "super-admin")
    client = house.device(scope, house.invite(scope, "robin@example.test"), "robin's phone")
    proposer, voter = tabs.new().sign_in(alice), tabs.new().sign_in(bob)
    revoke(proposer, "robin's phone")
    assert "This waits for approval" in proposer.text
    proposer.picture("devices-waiting")
    assert isinstance(client.request("get", "/me"), Done)
    proposer.follow("see the proposal")
    voter.page.goto(proposer.page.url)
    assert REASON in voter.text
    voter.press("Approve")
    with pytest.raises(Refused) as refused:
        client.request("get", "/me")
    assert refused.value.error_code == "-4"


def test_reads_lists_and_changes_nothing(house: House, tab: Tab) -> None:
    scope = house.scope()
    house.elector(scope, "alice", "super-admin")
    tab.sign_in(house.operator(), scope=scope)
    for path, title in LISTS.items():
        assert tab.open(path) == 200
        assert tab.page.locator("h1").inner_text() == title
        tab.picture("list-" + path.strip("/").replace("/", "-"))
        for form in tab.page.locator("#content form[method=post]").all():
            assert form.locator("button, input[type=submit], select").count() == 0
        assert tab.open(f"{path}add/") == 403
        tab.open(path)
        first = tab.page.locator("#result_list tbody th a").first
        if not first.count():
            continue
        tab.follow_row()
        tab.picture("read-" + path.strip("/").replace("/", "-"))
        # A button may ask something, but there is nothing to fill in.
        fields = "input:not([type=hidden]), select, textarea"
        assert tab.page.locator("#content form").locator(fields).count() == 0
        changed = tab.page.url
        assert tab.open(tab.path.split("?")[0].replace("/change/", "/delete/")) == 403
        tab.page.goto(changed)
        token = tab.page.locator("#logout-form [name=csrfmiddlewaretoken]").input_value()
        answer = tab.page.request.post(
            changed,
            form={"csrfmiddlewaretoken": token, "_save": "Save", "name": "mallory"},
            headers={"Referer": changed, "Origin": house.url},
        )
        assert answer.status == 403


def test_searches_the_audit_record(house: House, tab: Tab) -> None:
    scope = house.scope()
    house.staff(scope, "alice", "workspace-auditor")
    tab.sign_in(house.operator(), scope=scope)
    tab.open("identity/auditevent/")
    tab.page.get_by_label("Search").fill("staff.")
    tab.press("Search")
    rows = tab.page.locator("#result_list tbody tr")
    assert rows.count() == 1
    assert "staff.added" in rows.inner_text()
    tab.picture("audit-found")


def test_lets_an_auditor_see_and_not_act(house: House, tab: Tab) -> None:
    scope = house.scope(accept_attested_votes=True)
    alice = house.elector(scope, "alice", "super-admin")
    house.elector(scope, "bob", "super-admin")
    assert alice.client is not None
    house.invite(scope, "robin@example.test")
    alice.client.request(
        "add", "/groups", {"gid": "01a1f985-2222-714b-8d8b-38ffc4e37c4f", "name": "readers"}
    )
    ids = house.ids(scope)
    tab.sign_in(house.staff(scope, "carol", "workspace-auditor"))
    tab.picture("index-auditor")
    assert tab.page.get_by_role("link", name="Issue an invitation").count() == 0
    for path in LISTS:
        assert tab.open(path) == 200
        assert tab.page.get_by_role("link", name="Revoke…").count() == 0
        assert tab.page.get_by_role("link", name="Issue an invitation").count() == 0
    for path in (
        "invitations/invitation/issue/",
        f"invitations/invitation/{ids['invitation']}/revoke/",
        f"accounts/device/{ids['device']}/revoke/",
    ):
        assert tab.open(path) == 403, path
        assert "Your roles in this scope don't allow it." in tab.text
    tab.open(f"invitations/proposal/{ids['proposal']}/change/")
    assert "Your roles in this scope decide no proposals." in tab.text
    assert tab.page.locator("#content form button").count() == 0


def test_shows_staff_without_a_role_nothing(house: House, tab: Tab) -> None:
    scope = house.scope()
    house.elector(scope, "alice", "super-admin")
    ids = house.ids(scope)
    tab.sign_in(house.staff(scope, "dave", "member"))
    assert (
        "Your roles give you no page here" not in tab.text
        or tab.page.locator("#content table").count() == 0
    )
    tab.picture("index-member")
    for path in LISTS:
        if path == "identity/serverkey/":  # public keys, for everybody
            continue
        assert tab.open(path) == 403, path
    for path in (
        f"invitations/invitation/{ids['invitation']}/revoke/",
        f"invitations/invitation/{ids['invitation']}/change/",
        f"accounts/device/{ids['device']}/revoke/",
        f"accounts/user/{ids['user']}/history/",
    ):
        assert tab.open(path) == 403, path
        assert "alice" not in tab.page.content()
