"""Invitations in the admin: issue one, see its bundle once, list and revoke."""

import json

import pytest

from identity.sdk.errors import Refused
from tests.browser.people import House, Tab

pytestmark = pytest.mark.browser
NEWCOMER = "newcomer@example.test"


def issue(tab: Tab, email: str = NEWCOMER) -> None:
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill(email)
    tab.press("Issue the invitation")


def bundle(tab: Tab) -> dict[str, str]:
    shown: dict[str, str] = json.loads(tab.page.get_by_label("Invitation bundle").input_value())
    return shown


def test_takes_an_operator_from_signing_in_to_a_working_device(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.open()
    tab.picture("sign-in")
    tab.sign_in(house.operator())
    assert tab.path == "scope/"
    tab.picture("choose-scope")
    tab.choose(scope)
    tab.picture("index")
    assert scope in tab.text
    assert "as a platform operator" in tab.text

    tab.follow("Invitations")
    assert "Nobody has been invited yet." in tab.text
    tab.picture("invitations-empty")
    tab.follow("Issue an invitation")
    tab.picture("issue")
    tab.page.get_by_label("E-mail address").fill(NEWCOMER)
    tab.press("Issue the invitation")
    assert "Shown once" in tab.text
    tab.picture("bundle")
    given = bundle(tab)

    client = house.device(scope, given, "newcomer's laptop")
    assert client.request("get", "/me").details["username"] == NEWCOMER
    tab.follow("Back to invitations")
    row = tab.page.locator("#result_list tbody tr")
    assert "used" in row.inner_text()
    assert row.get_by_role("link", name="Revoke…").count() == 0
    tab.picture("invitations-used")


def test_shows_a_bundle_once(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    issue(tab)
    secret = bundle(tab)["invite_string"]
    assert secret.startswith("inv_")
    issued_at = tab.page.url
    tab.follow("Back to invitations")
    tab.follow_row()
    tab.picture("invitation")
    assert secret not in tab.page.content()
    tab.page.goto(issued_at)
    assert secret not in tab.page.content()
    assert "E-mail address" in tab.text
    # What the browser keeps of the answer must not bring it back either.
    tab.page.go_back()
    assert secret not in tab.page.content()


def test_revokes_an_invitation(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    issue(tab)
    given = bundle(tab)
    tab.follow("Back to invitations")
    assert "open" in tab.page.locator("#result_list tbody tr").inner_text()
    tab.follow("Revoke…")
    tab.picture("revoke-invitation")
    tab.press("Revoke the invitation")
    assert "The invitation is revoked." in tab.text
    assert "revoked" in tab.page.locator("#result_list tbody tr").inner_text()
    with pytest.raises(Refused) as refused:
        house.device(scope, given, "too late")
    assert refused.value.error_code == "-11"
    tab.open("invitations/invitation/?state=open")
    assert "Nothing fits this search." in tab.text
    tab.picture("invitations-none-found")
    tab.follow("Show everything")
    assert "revoked" in tab.text


def test_says_what_is_wrong_with_an_address(house: House, tab: Tab) -> None:
    tab.sign_in(house.operator(), scope=house.scope())
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill("newcomer@nowhere")
    tab.page.get_by_label("Valid for (hours)").fill("72")
    tab.press("Issue the invitation")
    assert "Enter a valid email address." in tab.text
    assert "Correct what is marked below" in tab.text
    tab.picture("issue-wrong")


def test_can_be_done_with_the_keyboard_alone(house: House, tab: Tab) -> None:
    scope = house.scope()
    keys = tab.page.keyboard
    person = house.staff(scope, "alice", "super-admin")
    tab.open()

    def tab_to(selector: str) -> None:
        for _ in range(80):
            if tab.page.locator(selector).first.evaluate("node => node === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError(f"{selector} is not reached with Tab")

    for name, value in (
        ("scope", scope),
        ("username", person.username),
        ("password", person.password),
    ):
        tab_to(f"input[name={name}]")
        keys.type(value)
    keys.press("Enter")
    tab.page.wait_for_selector("text=Issue an invitation")
    tab_to("#content a.button:has-text('Issue an invitation')")
    keys.press("Enter")
    tab.page.wait_for_selector("input[name=email]")
    tab_to("input[name=email]")
    keys.type(NEWCOMER)
    tab_to("#content button[type=submit]")
    outline = tab.page.locator("#content button[type=submit]").evaluate(
        "node => { const style = getComputedStyle(node);"
        " return style.outlineStyle + style.boxShadow + style.backgroundColor }"
    )
    keys.press("Shift+Tab")
    plain = tab.page.locator("#content button[type=submit]").evaluate(
        "node => { const style = getComputedStyle(node);"
        " return style.outlineStyle + style.boxShadow + style.backgroundColor }"
    )
    assert outline != plain, "the focus does not show"
    tab_to("#content button[type=submit]")
    keys.press("Enter")
    tab.page.wait_for_selector("#bundle")
    tab_to("#bundle")
    assert bundle(tab)["invite_string"].startswith("inv_")
