"""The whole of the staff's main job, with one-time passwords required: from a first sign-in to a
device that is refused, and everything in between by two people.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from identity import sdk
from tests import prepared
from tests.browser.people import House, Person, Tab, Tabs
from tests.browser.test_one_time_passwords import set_up
from tests.serving import Served

pytestmark = pytest.mark.browser
NEWCOMER = "newcomer@example.test"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A deployment that asks its staff for one-time passwords, as production does."""
    home = prepared.home(tmp_path_factory.mktemp("strict") / "home")
    environment = {"COUNTERSIGN_STAFF_OTP": "true"}
    with Served(home, environment) as served, httpx.Client(timeout=30) as http:
        yield House(served, http)


@pytest.fixture
def windows(chrome: Browser, strict: House) -> Iterator[Tabs]:
    opened = Tabs(chrome, strict)
    yield opened
    opened.close()


def first_sign_in(windows: Tabs, person: Person) -> Tab:
    """Signing in leads to the generator before anything else; then this browser is a device."""
    tab = windows.new().sign_in(person)
    for path in ("", "accounts/user/", "invitations/invitation/issue/"):
        tab.open(path)
        assert "Show a new secret" in tab.text, path
    set_up(tab)
    tab.open("own-devices/")
    tab.page.get_by_label("Name of this device").fill(f"{person.username}'s browser")
    tab.press("Register this browser")
    tab.page.get_by_text("(this browser)").wait_for()
    return tab


def waiting(tab: Tab) -> None:
    """Open the one proposal that waits for this person."""
    tab.open("invitations/proposal/")
    tab.follow_row()


def test_plays_the_main_job_from_the_first_sign_in_to_a_refused_device(
    strict: House, windows: Tabs
) -> None:
    scope = strict.scope()
    alice = first_sign_in(windows, strict.staff(scope, "alice", "super-admin"))
    bob = first_sign_in(windows, strict.staff(scope, "bob", "super-admin"))

    alice.open("invitations/invitation/issue/")
    alice.page.get_by_label("E-mail address").fill(NEWCOMER)
    alice.press("Issue the invitation")
    assert "This waits for approval" in alice.text
    alice.follow("see the proposal")
    proposal = alice.page.url
    assert alice.page.get_by_role("button", name="Approve").count() == 0

    waiting(bob)
    assert bob.page.url.split("?")[0] == proposal
    assert NEWCOMER in bob.text
    bob.picture("story-proposal")
    bob.press("Approve")
    assert "Executed" in bob.text

    alice.page.goto(proposal)
    alice.press("Show the answer")
    alice.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice.page.get_by_role("button", name="Copy").first.click()
    link = alice.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{strict.url}/s/{scope}/join#")
    alice.picture("story-link")

    keys = sdk.DeviceKeys.generate()
    session = sdk.authorize(
        f"{strict.url}/s/{scope}/request", sdk.Invitation.from_link(link), keys, "a phone"
    )
    assert isinstance(session, sdk.Session)
    with sdk.Client(f"{strict.url}/s/{scope}/request", session) as client:
        assert client.request("get", "/me").details["username"] == NEWCOMER

        alice.open("accounts/device/")
        row = alice.page.locator("#result_list tbody tr", has_text="a phone")
        assert NEWCOMER in row.inner_text()
        alice.click(row.get_by_role("link", name="Revoke…"))
        alice.page.get_by_label("Reason").fill("Left in a train.")
        alice.press("Revoke the device")
        assert "This waits for approval" in alice.text
        assert client.request("get", "/me").details["username"] == NEWCOMER

        waiting(bob)
        assert "Left in a train." in bob.text
        bob.press("Approve")
        assert "Executed" in bob.text
        with pytest.raises(sdk.Refused) as refused:
            client.request("get", "/me")
    assert refused.value.error_code == "-4"
    report = strict.served.manage("audit", "verify", "--scope", scope)
    assert "events hold" in report
