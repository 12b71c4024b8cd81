"""One-time passwords in a real browser: set up by QR, asked at sign-in, lost and reset."""

import pytest

from tests.browser.people import House, Person, Tab, Tabs
from tests.staff import Generator

pytestmark = pytest.mark.browser


def set_up(tab: Tab) -> tuple[Generator, list[str]]:
    """Set a generator up, typing the secret as it is written."""
    tab.press("Show a new secret")
    picture = tab.page.locator("img.qr")
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 100
    tab.picture("one-time-password-set-up")
    generator = Generator.of_text(tab.page.locator("#secret").inner_text())
    tab.page.get_by_label("Code that the generator shows").fill(generator.code())
    tab.press("Take it into use")
    codes = tab.page.locator("ul.codes code").all_inner_texts()
    assert len(codes) == 10
    tab.picture("recovery-codes")
    tab.follow("I have kept them")
    return generator, codes


def give(tab: Tab, code: str) -> None:
    tab.page.get_by_label("One-time password").fill(code)
    tab.press("Sign in")


def test_signs_in_with_a_generator_set_up_by_its_owner(house: House, tabs: Tabs) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "super-admin")
    tab = tabs.new().sign_in(person)
    tab.follow("Your sign-in")
    tab.picture("your-sign-in")
    tab.follow("Set up one-time passwords")
    generator, codes = set_up(tab)
    assert f"the scope {scope} as super-admin" in tab.text

    again = tabs.new().sign_in(person)
    again.picture("one-time-password")
    give(again, "000000")
    assert "This code is wrong" in again.text
    give(again, generator.code())
    assert f"the scope {scope} as super-admin" in again.text
    # The same code again, in a third window; then a recovery code.
    third = tabs.new().sign_in(person)
    give(third, codes[0])
    assert f"the scope {scope} as super-admin" in third.text
    third.follow("Your sign-in")
    assert "9 recovery codes left" in third.text


def test_ends_sessions_when_a_generator_is_reset(house: House, tabs: Tabs) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "super-admin")
    tab = tabs.new().sign_in(person)
    tab.open("sign-in/one-time-password/")
    set_up(tab)
    house.served.manage("staff", "otp-reset", "--scope", scope, "--username", person.username)
    tab.open()
    assert tab.page.get_by_label("Password").is_visible()
    tab.sign_in(person)
    assert scope in tab.text


def test_works_in_two_scopes_with_one_sign_in(house: House, tabs: Tabs) -> None:
    home, elsewhere = house.scope(), house.scope()
    person: Person = house.staff(home, "alice", "super-admin")
    login = f"{home}/{person.username}"
    house.served.manage(
        "staff", "join", "--scope", elsewhere, "--login", login, "--role", "workspace-auditor"
    )
    tab = tabs.new().sign_in(person)
    assert f"the scope {home} as super-admin" in tab.text
    tab.follow("Change scope")
    tab.picture("scopes-of-two")
    tab.press(elsewhere)
    assert f"the scope {elsewhere} as workspace-auditor" in tab.text
    assert tab.open("invitations/invitation/issue/") == 403
    house.served.manage("staff", "leave", "--scope", elsewhere, "--username", login)
    tab.open("accounts/user/")
    assert tab.path.startswith("scope/")
    tab.press(home)
    assert f"the scope {home} as super-admin" in tab.text
