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
    assert "Send the link by mail" not in tab.text
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
    assert "operator" in row.inner_text()
    tab.picture("invitations-used")
    tab.follow_row()
    assert tab.page.get_by_role("link", name="Revoke").count() == 0
    assert "Notice without the link" in tab.text
    tab.picture("invitation-used")


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


def test_shows_a_link_and_a_picture_that_a_reload_does_not_show_again(
    house: House, tab: Tab
) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    issue(tab)
    link = tab.page.get_by_label("Invitation link").input_value()
    assert f"/s/{scope}/join#" in link
    assert tab.page.locator("figure.qr svg").is_visible()
    tab.picture("invitation-once")
    secret = bundle(tab)["invite_string"]
    tab.page.reload()
    assert "This form was sent before." in tab.text
    assert secret not in tab.page.content()
    assert link not in tab.page.content()
    # It did nothing again: there is one invitation, and it is open.
    tab.open("invitations/invitation/?state=open")
    assert tab.page.locator("#result_list tbody tr").count() == 1


def test_revokes_an_invitation(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    issue(tab)
    given = bundle(tab)
    tab.follow("Back to invitations")
    assert "open" in tab.page.locator("#result_list tbody tr").inner_text()
    tab.follow_row()
    tab.follow("Revoke")
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


def test_issues_again_and_the_old_link_is_dead(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    issue(tab)
    old = bundle(tab)
    tab.follow("Back to invitations")
    tab.follow_row()
    tab.follow("Issue again")
    tab.picture("issue-again")
    tab.press("Issue the invitation again")
    new = bundle(tab)
    with pytest.raises(Refused) as refused:
        house.device(scope, old, "too late")
    assert refused.value.error_code == "-11"
    house.device(scope, new, "laptop")
    tab.follow("Back to invitations")
    tab.follow_row()
    tab.follow("Issue again")
    assert "This person has joined already" in tab.text
    tab.press("Issue the invitation again")
    assert "Ask for an invitation for a further device." in tab.text
    tab.page.get_by_label("This is for a further device of this person").check()
    tab.press("Issue the invitation again")
    house.device(scope, bundle(tab), "phone")


def test_gives_roles_and_sends_the_link_where_the_scope_allows_it(house: House, tab: Tab) -> None:
    scope = house.scope(mail_invitation_links=True)
    tab.sign_in(house.operator(), scope=scope)
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill(NEWCOMER)
    tab.page.get_by_label("workspace-auditor").check()
    tab.page.get_by_label("Send the link by mail").check()
    tab.picture("issue-with-mail")
    tab.press("Issue the invitation")
    tab.picture("bundle-with-mail")
    client = house.device(scope, bundle(tab), "laptop")
    assert client.request("get", "/me").details["roles"] == ["workspace-auditor"]
    tab.follow("the invitation's page")
    for _ in range(60):
        if "queued" not in tab.page.locator("#mails").inner_text():
            break
        tab.page.wait_for_timeout(500)
        tab.page.reload()
    mails = tab.page.locator("#mails").inner_text()
    assert "The link" in mails
    tab.picture("invitation-mails")


CSV = (
    "email;first_name;roles\n"
    "one@example.test;=HYPERLINK(1);member\n"
    "two@example.test;<script>alert(1)</script>;\n"
    "ONE@example.test;;\n"
    "nobody;;\n"
    "three@example.test;;no-such-role\n"
)


def upload(tab: Tab, text: str, name: str = "people.csv") -> None:
    tab.open("invitations/invitation/many/")
    tab.page.get_by_label("List of people (CSV)").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    tab.press("Check the list")


def test_issues_many_after_a_dry_run_and_gives_the_links_once(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    tab.open("invitations/invitation/many/")
    tab.picture("many")
    upload(tab, "email,nickname\none@example.test,x\n")
    assert "There is no column “nickname”." in tab.text
    tab.picture("many-wrong")
    upload(tab, CSV)
    tab.page.wait_for_selector("text=This is a dry run")
    tab.picture("many-dry-run")
    assert "Confirming issues 2 of 5 lines" in tab.text
    assert "The same address as line 2." in tab.text
    tab.open("invitations/invitation/")
    assert "Nobody has been invited yet." in tab.text
    tab.page.go_back()
    tab.press("Invite 2 people")
    tab.page.wait_for_selector("text=2 links are waiting for you.")
    tab.picture("many-done")
    batch = tab.path
    tab.press("Take the links on a page")
    tab.picture("many-links")
    links = [tab.page.get_by_label(f"{name}@example.test").input_value() for name in ("one", "two")]
    assert all(f"/s/{scope}/join#" in link for link in links)
    assert len(set(links)) == 2
    tab.page.reload()
    assert "These links were taken before" in tab.text
    assert links[0] not in tab.page.content()
    tab.open(batch)
    assert "Take the links" not in tab.text


def test_gives_the_links_as_a_file(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.operator(), scope=scope)
    upload(tab, "email\none@example.test\n=1+1@example.test\n", name='"><b>=cmd.csv')
    tab.page.wait_for_selector("text=This is a dry run")
    tab.press("Invite 2 people")
    tab.page.wait_for_selector("text=2 links are waiting for you.")
    with tab.page.expect_download() as waited:
        tab.page.get_by_role("button", name="Take the links as CSV").click()
    table = waited.value.path().read_text("utf-8-sig")
    assert table.splitlines()[0] == '"line","email","link"'
    assert '"\'=1+1@example.test"' in table
    assert table.count(f"/s/{scope}/join#") == 2
    tab.page.reload()
    assert "Take the links" not in tab.text


def test_discards_a_list(house: House, tab: Tab) -> None:
    tab.sign_in(house.operator(), scope=house.scope())
    upload(tab, "email\none@example.test\n")
    tab.page.wait_for_selector("text=This is a dry run")
    tab.press("Discard the list")
    assert "Nobody was invited." in tab.text
    assert "You have not uploaded a list yet." in tab.text


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
    tab.page.wait_for_selector("#link")
    tab_to("#link")
    assert bundle(tab)["invite_string"].startswith("inv_")
