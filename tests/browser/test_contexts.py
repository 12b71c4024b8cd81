"""Contexts in the admin: made, shared, filled; access lists written with their meaning beside."""

import pytest

from identity.crypto import user_key
from tests.browser.people import SIZES, House, Person, Tab, Tabs

pytestmark = pytest.mark.browser


@pytest.fixture
def scope(house: House) -> str:
    return house.scope()


@pytest.fixture
def alice(house: House, scope: str) -> Person:
    return house.staff(scope, "alice", "super-admin")


def make_context(tab: Tab) -> None:
    """From the empty list to an empty context that another solution may see."""
    tab.open("accounts/solution/")
    for name in ("Shop", "Help desk"):
        tab.follow("Make a solution")
        tab.page.get_by_label("Name").fill(name)
        tab.press("Make the solution")
    tab.open("accounts/context/")
    tab.follow("Make a context")
    tab.follow("Shop")
    tab.page.get_by_label("Name").fill("Customers")
    tab.page.get_by_label("Visibility").select_option("public")
    tab.press("Make the context")
    tab.follow("Customers")


def add_member(tab: Tab, name: str) -> str:
    tab.follow("Add a member")
    key = user_key.generate().public.text
    tab.page.get_by_label("User id").fill(name)
    tab.page.get_by_label("Public key").fill(key)
    tab.press("Add the member")
    assert "The user is a member of the context." in tab.text
    return key


def test_makes_shares_and_fills_a_context(tabs: Tabs, alice: Person) -> None:
    tab = tabs.new().sign_in(alice)
    tab.open("accounts/context/")
    assert "There is no context yet." in tab.text
    tab.picture("contexts-empty")
    make_context(tab)
    tab.follow("Share")
    tab.picture("context-share")
    assert "Shop" not in tab.page.locator(".table").inner_text()
    tab.follow("Help desk")
    tab.press("Share the context")
    assert "It is shared." in tab.text
    old = add_member(tab, "carol")
    tab.picture("context")
    tab.follow("carol")
    tab.follow("Replace the key")
    tab.page.get_by_label("New public key").fill(user_key.generate().wif)
    tab.press("Replace the key")
    assert "This is a private key" in tab.text
    assert tab.page.get_by_label("New public key").input_value() == ""
    tab.picture("member-private-key")
    tab.page.get_by_label("New public key").fill(user_key.generate().public.text)
    tab.press("Replace the key")
    tab.follow("carol")
    assert old in tab.text
    assert "another key took its place" in tab.text
    tab.picture("member")
    tab.follow("Remove")
    tab.press("Remove the member")
    assert "The member is removed." in tab.text


def test_says_while_one_writes_what_an_access_list_means(tabs: Tabs, alice: Person) -> None:
    tab = tabs.new().sign_in(alice)
    make_context(tab)
    add_member(tab, "carol")
    tab.follow("carol")
    tab.follow("Edit the access list")
    text, state = tab.page.get_by_label("Access list"), tab.page.get_by_role("status")
    text.fill("ALLOW ALL\nDENY thread/deleteThread")
    state.filter(has_text="Line 2: Unknown action").wait_for()
    assert tab.page.locator(".acl-numbers .is-fault").inner_text() == "2"
    assert text.get_attribute("aria-invalid") == "true"
    tab.page.get_by_text("DENY thread/threadDelete").wait_for()
    tab.picture("access-list-fault")
    text.fill("ALLOW ALL\nDENY thread/threadDelete")
    state.filter(has_text="81 of 82 functions are allowed.").wait_for()
    assert text.get_attribute("aria-invalid") == "false"
    tab.page.get_by_text("Threads", exact=True).click()
    row = tab.page.locator("tr", has_text="thread/threadDelete").first
    assert row.inner_text().split() == [
        *("thread/threadDelete", "denied", "line", "2:", "DENY", "thread/threadDelete"),
    ]
    # What was opened stays open while one goes on.
    text.press_sequentially("Many")
    state.filter(has_text="81 of 82").wait_for()
    tab.page.locator("tr", has_text="DENY thread/threadDeleteMany").wait_for()
    tab.picture("access-list")
    before = tab.page.url
    tab.page.get_by_role("button", name="Only read").click()
    state.filter(has_text="29 of 82").wait_for()
    assert (text.input_value(), tab.page.url) == ("ALLOW READ", before)
    tab.press("Save")
    assert "The access list is changed." in tab.text
    assert "29 of 82" in tab.text


def test_the_keyboard_alone_edits_an_access_list(tabs: Tabs, alice: Person) -> None:
    tab = tabs.new().sign_in(alice)
    width, height = SIZES["phone"]
    make_context(tab)
    add_member(tab, "carol")
    tab.follow("carol")
    tab.follow("Edit the access list")
    tab.page.set_viewport_size({"width": width, "height": height})
    text, keys = tab.page.get_by_label("Access list"), tab.page.keyboard
    text.focus()
    keys.press("Control+End")
    keys.type("\nDENY kvdb/ALL")
    tab.page.get_by_role("status").filter(has_text="68 of 82").wait_for()
    keys.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Everything"
    for _ in range(6):
        keys.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Save"
    with tab.page.expect_navigation():
        keys.press("Enter")
    assert "The access list is changed." in tab.text
    wide = tab.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_edits_an_access_list_without_a_script(tabs: Tabs, alice: Person) -> None:
    with_script = tabs.new().sign_in(alice)
    make_context(with_script)
    add_member(with_script, "carol")
    with_script.follow("carol")
    with_script.follow("Edit the access list")
    state = with_script.page.context.storage_state()
    context = tabs.chrome.new_context(java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(with_script.page.url)
    page.get_by_label("Access list").fill("ALLOW ALL\nDENY thread/deleteThread")
    page.get_by_role("button", name="What does this allow?").click()
    assert "Did you mean" in page.locator("#acl-reading").inner_text()
    page.get_by_role("button", name="Delete nothing").click()
    assert "64 of 82 functions are allowed." in page.locator("#acl-reading").inner_text()
    assert page.get_by_label("Access list").input_value().startswith("ALLOW ALL\nDENY thread/")
    page.get_by_role("button", name="Save").click()
    assert "The access list is changed." in page.locator("body").inner_text()
    context.close()
