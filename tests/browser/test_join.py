"""The page behind an invitation's link."""

import base64
from uuid import UUID

import pytest

from identity.crypto import check_code
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser


@pytest.fixture
def scope(house: House) -> str:
    return house.scope()


def link(house: House, scope: str, email: str = "bob@example.test", *roles: str) -> str:
    """The link of a new invitation, made of its bundle."""
    return link_of(house, scope, house.invite(scope, email, *roles))


def link_of(house: House, scope: str, bundle: dict[str, str]) -> str:
    held = (
        UUID(bundle["deviceUuid"]).bytes
        + bytes.fromhex(bundle["oneTimePrivateKey"])
        + base64.urlsafe_b64decode(bundle["invite_string"].removeprefix("inv_") + "=")
        + bytes.fromhex(bundle["server_ecdsa_pub_key"])
    )
    fragment = base64.urlsafe_b64encode(held).rstrip(b"=").decode()
    return f"{house.url}/s/{scope}/join#{fragment}"


def opened(tab: Tab, address: str) -> Tab:
    tab.page.goto(address)
    tab.page.get_by_label("Name of this device").wait_for()
    return tab


def test_registers_this_browser_by_keyboard_and_shows_the_check_code(
    house: House, tab: Tab, scope: str
) -> None:
    opened(tab, link(house, scope, "bob@example.test", "super-admin"))
    assert "#" not in tab.page.url
    assert scope in tab.text
    assert "b…@example.test" in tab.text
    tab.picture("join")
    tab.page.keyboard.type("bob's browser")
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("This browser is your device now").wait_for()
    tab.picture("join-done")
    code = tab.page.locator("[data-code]").inner_text().replace(" ", "")
    (key,) = house.keys(scope)
    assert check_code.of_key(key) == code


def test_says_what_to_do_about_an_invitation_that_was_used(
    house: House, tabs: Tabs, scope: str
) -> None:
    address = link(house, scope)
    first, second = tabs.new(), tabs.new()
    opened(first, address)
    first.page.get_by_label("Name of this device").fill("laptop")
    first.page.get_by_role("button", name="Register this browser").click()
    first.page.get_by_text("This browser is your device now").wait_for()
    second.page.goto(address)
    second.page.get_by_text("This invitation is not valid. Ask for a new one.").wait_for()
    second.picture("join-refused")


def test_believes_no_server_that_lacks_the_key_in_the_link(
    house: House, tab: Tab, scope: str
) -> None:
    bundle = house.invite(scope, "bob@example.test")
    other = house.invite(house.scope(), "bob@example.test")["server_ecdsa_pub_key"]
    tab.page.goto(link_of(house, scope, {**bundle, "server_ecdsa_pub_key": other}))
    tab.page.get_by_text("does not hold the key in your link").wait_for()
    tab.picture("join-other-server")
    assert not tab.page.get_by_label("Name of this device").is_visible()


def test_says_what_to_do_without_an_invitation(house: House, tab: Tab, scope: str) -> None:
    for fragment in ("", "#", "#x", "#" + "A" * 151 + "!"):
        tab.page.goto("about:blank")
        tab.page.goto(f"{house.url}/s/{scope}/join{fragment}")
        tab.page.get_by_text("This address holds no invitation.").wait_for()


def test_asks_for_the_password_where_there_is_one(house: House, tab: Tab, scope: str) -> None:
    person = house.staff(scope, "bob", "super-admin")
    opened(tab, link(house, scope, person.username))
    tab.page.get_by_label("Name of this device").fill("laptop")
    tab.page.get_by_label("Your password").fill("wrong horse")
    tab.page.get_by_role("button", name="Register this browser").click()
    tab.page.get_by_text("A password is required or the given one is wrong.").wait_for()
    tab.page.get_by_label("Your password").fill(person.password)
    tab.page.get_by_role("button", name="Register this browser").click()
    tab.page.get_by_text("This browser is your device now").wait_for()


def test_knows_this_browser_in_the_admin_afterwards(house: House, tab: Tab, scope: str) -> None:
    person = house.staff(scope, "bob", "super-admin")
    opened(tab, link(house, scope, person.username))
    tab.page.get_by_label("Name of this device").fill("bob's browser")
    tab.page.get_by_label("Your password").fill(person.password)
    tab.page.get_by_role("button", name="Register this browser").click()
    tab.page.get_by_text("This browser is your device now").wait_for()
    tab.sign_in(person)
    tab.open("own-devices/")
    tab.page.get_by_text("(this browser)").wait_for()


def test_says_so_where_a_browser_can_make_no_keys(house: House, tab: Tab, scope: str) -> None:
    tab.page.add_init_script("Object.defineProperty(globalThis, 'isSecureContext', {value: false})")
    tab.page.goto(link(house, scope))
    tab.page.get_by_text("Open it with https://.").wait_for()
