"""Signing in to the admin, the scope of each page, and what is refused."""

import threading

import httpx
import pytest

from tests.browser.people import House, Person, Tab, Tabs

pytestmark = pytest.mark.browser


def test_says_what_to_do_about_a_wrong_password(house: House, tab: Tab) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "super-admin")
    wrong = Person(scope=scope, username=person.username, password="wrong horse battery")
    tab.sign_in(wrong)
    assert "Scope, user name and password don't fit together." in tab.text
    assert tab.page.get_by_label("Scope").input_value() == scope
    assert tab.page.get_by_label("Password").input_value() == ""
    tab.picture("sign-in-wrong")
    # The same words for a name that nobody has.
    text = tab.page.get_by_role("alert").inner_text()
    tab.sign_in(Person(scope=scope, username="nobody", password="wrong horse battery"))
    assert tab.page.get_by_role("alert").inner_text() == text


def test_lets_no_member_in_who_is_not_staff(house: House, tab: Tab) -> None:
    scope = house.scope()
    bundle = house.invite(scope, "bob@example.test", "super-admin")
    house.device(scope, bundle, "bob's laptop", "correct horse battery")
    tab.sign_in(Person(scope, "bob@example.test", "correct horse battery"))
    assert tab.path.startswith("login/") or tab.page.get_by_label("Password").is_visible()
    assert "don't fit together" in tab.text


def test_gives_staff_their_own_scope_only(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.staff(scope, "alice", "super-admin"))
    assert f"the scope {scope} as super-admin" in tab.text
    tab.picture("index-staff")
    assert tab.page.get_by_role("link", name="Change scope").count() == 0
    tab.open("scope/")
    assert tab.page.locator("button[name=scope]").all_inner_texts() == [scope]
    tab.picture("scopes-of-staff")
    assert tab.open("nowhere/") == 404
    tab.picture("not-found")


def test_changes_ones_own_password(house: House, tabs: Tabs) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "workspace-auditor")
    tab, elsewhere = tabs.new(), tabs.new()
    tab.sign_in(person)
    elsewhere.sign_in(person)
    tab.follow("Your sign-in")
    tab.follow("Change password")
    tab.picture("password")
    for old, new, again, text in (
        ("wrong horse battery", "a new good one", "a new good one", "This is not your password"),
        (person.password, "a new good one", "another", "The two new passwords differ."),
        (person.password, "short", "short", "Use at least 8 characters."),
    ):
        tab.page.get_by_label("Present password").fill(old)
        tab.page.get_by_label("New password", exact=True).fill(new)
        tab.page.get_by_label("New password again").fill(again)
        tab.press("Change the password")
        assert text in tab.text
    tab.picture("password-wrong")
    tab.page.get_by_label("Present password").fill(person.password)
    tab.page.get_by_label("New password", exact=True).fill("a new good one")
    tab.page.get_by_label("New password again").fill("a new good one")
    tab.press("Change the password")
    assert "Your password is changed." in tab.text
    tab.open("identity/auditevent/?q=password.changed")
    assert "password.changed" in tab.page.locator("#result_list").inner_text()
    elsewhere.open()
    assert elsewhere.page.get_by_label("Password").is_visible()
    elsewhere.sign_in(Person(scope, person.username, "a new good one"))
    assert scope in elsewhere.text


def test_changes_an_operators_password_in_whichever_scope(house: House, tab: Tab) -> None:
    operator = house.operator()
    tab.sign_in(operator, scope=house.scope())
    tab.follow("Your sign-in")
    tab.follow("Change password")
    tab.page.get_by_label("Present password").fill(operator.password)
    tab.page.get_by_label("New password", exact=True).fill(operator.password)
    tab.page.get_by_label("New password again").fill(operator.password)
    tab.press("Change the password")
    assert "Your password is changed." in tab.text


def test_signs_out(house: House, tab: Tab) -> None:
    tab.sign_in(house.operator(), scope=house.scope())
    tab.press("Log out")
    assert "You are signed out" in tab.text
    tab.picture("signed-out")
    tab.open("accounts/user/")
    assert tab.page.get_by_label("Password").is_visible()


def test_takes_no_form_without_its_token(house: House, tab: Tab) -> None:
    tab.sign_in(house.operator(), scope=house.scope())
    tab.open("invitations/invitation/issue/")
    tab.page.get_by_label("E-mail address").fill("newcomer@example.test")
    tab.page.evaluate("document.querySelector('#content-main [name=csrfmiddlewaretoken]').remove()")
    tab.press("Issue the invitation")
    assert "This form was not sent from our page" in tab.text
    tab.picture("csrf")
    tab.open("invitations/invitation/")
    assert "Nobody has been invited yet." in tab.text


def test_takes_no_form_from_another_site(house: House, tab: Tab) -> None:
    tab.sign_in(house.operator(), scope=house.scope())
    tab.open("invitations/invitation/issue/")
    cookies = {str(cookie["name"]): str(cookie["value"]) for cookie in tab.page.context.cookies()}
    token = tab.page.locator("#content-main [name=csrfmiddlewaretoken]").input_value()
    answer = httpx.post(
        tab.page.url,
        data={"email": "newcomer@example.test", "hours": "72", "csrfmiddlewaretoken": token},
        cookies=cookies,
        headers={"Origin": "https://evil.example", "Accept": "text/html"},
    )
    assert answer.status_code == 403
    tab.open("invitations/invitation/")
    assert "Nobody has been invited yet." in tab.text


def test_keeps_two_scopes_apart_in_two_browsers(house: House, tabs: Tabs) -> None:
    scopes = [house.scope(), house.scope()]
    people = [house.staff(scope, f"owner-of-{scope}", "super-admin") for scope in scopes]
    windows = [tabs.new().sign_in(person) for person in people]
    for scope, window in zip(scopes, windows, strict=True):
        window.open("invitations/invitation/issue/")
        window.page.get_by_label("E-mail address").fill(f"guest-of-{scope}@example.test")
        window.press("Issue the invitation")
        assert "Shown once" in window.text
    jars = [
        {str(cookie["name"]): str(cookie["value"]) for cookie in window.page.context.cookies()}
        for window in windows
    ]
    found: list[str] = []

    def read(number: int) -> None:
        own, foreign = scopes[number], scopes[1 - number]
        with httpx.Client(base_url=house.url, cookies=jars[number], timeout=30) as client:
            for path in ("invitations/invitation/", "accounts/user/", "identity/auditevent/") * 8:
                text = client.get(f"/admin/{path}").text
                if foreign in text or own not in text:
                    found.append(f"{own}: {path}")

    readers = [threading.Thread(target=read, args=(number,)) for number in (0, 1, 0, 1)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not found
    for own, foreign, window in zip(scopes, reversed(scopes), windows, strict=True):
        for path in ("invitations/invitation/", "accounts/user/", "identity/auditevent/"):
            window.open(path)
            assert own in window.text
            assert foreign not in window.page.content()


def test_keeps_an_operators_two_browsers_apart(house: House, tabs: Tabs) -> None:
    scopes = [house.scope(), house.scope()]
    windows = [tabs.new().sign_in(house.operator(), scope=scope) for scope in scopes]
    for _ in range(3):
        for own, foreign, window in zip(scopes, reversed(scopes), windows, strict=True):
            window.open("identity/auditevent/")
            assert own in window.page.locator("#header").inner_text()
            assert foreign not in window.page.content()
    windows[0].choose(scopes[1])
    windows[0].open("identity/auditevent/")
    assert scopes[1] in windows[0].page.locator("#header").inner_text()


@pytest.mark.parametrize(
    "path",
    [
        "accounts/user/{user}/change/",
        "accounts/user/{user}/history/",
        "accounts/device/{device}/change/",
        "accounts/device/{device}/revoke/",
        "invitations/invitation/{invitation}/change/",
        "invitations/invitation/{invitation}/revoke/",
        "invitations/proposal/{proposal}/change/",
        "invitations/policy/{policy}/change/",
        "identity/auditevent/{auditevent}/change/",
        "identity/serverkey/{serverkey}/change/",
    ],
)
def test_reaches_nothing_of_another_scope(
    house: House, tabs: Tabs, foreign: dict[str, str], path: str
) -> None:
    noun = path.split("{")[1].split("}", maxsplit=1)[0]
    tab = tabs.new().sign_in(house.operator(), scope=foreign["own scope"])
    status = tab.open(path.format_map(foreign))
    assert foreign["scope"] not in tab.page.content()
    assert foreign["name"] not in tab.page.content()
    # The same answer as for an id that nothing has, but for the id itself.
    text = tab.text.replace(foreign[noun], "ID")
    unknown = "01a1f985-0000-714b-8d8b-38ffc4e37c4f"
    assert tab.open(path.format_map({noun: unknown})) == status
    assert tab.text.replace(unknown, "ID") == text
    assert status in {403, 404} or "There is no such" in text or "exist. Perhaps" in text


@pytest.fixture(scope="module")
def foreign(house: House) -> dict[str, str]:
    """Ids of everything in a scope that nobody in these tests works in."""
    scope = house.scope(accept_attested_votes=True)
    alice = house.elector(scope, "foreign-alice", "super-admin")
    house.elector(scope, "foreign-bob", "super-admin")
    assert alice.client is not None
    waiting = alice.client.request(
        "add",
        "/groups",
        {"gid": "01a1f985-1111-714b-8d8b-38ffc4e37c4f", "name": "foreign-group"},
    )
    ids = house.ids(scope)
    assert ids["proposal"] == str(waiting.proposal_id)  # type: ignore[union-attr]
    return ids | {"scope": scope, "own scope": house.scope(), "name": "foreign-alice"}
