"""Staff at the pages of signing in: sessions, mail, locks, providers, applications, keys."""

import httpx
import pytest

from identity.crypto import eip191, ethereum_address, secp256k1
from tests.browser.people import House, Person, Tab, Tabs
from tests.browser.test_login_ways import by_password, to_login

pytestmark = pytest.mark.browser


def user_page(tab: Tab, person: Person) -> Tab:
    tab.open(f"accounts/user/?q={person.username}")
    tab.follow_row()
    return tab


def is_signed_in(tab: Tab) -> bool:
    tab.page.reload()
    return "You are signed in" in tab.text


def test_ends_one_session_then_all_then_locks(house: House, tabs: Tabs) -> None:
    scope = house.scope(governance=False)
    alice = house.staff(scope, "alice", "super-admin")
    bob = house.staff(scope, "bob", "workspace-auditor")
    windows = [to_login(tabs.new(), scope) for _ in range(2)]
    for window in windows:
        by_password(window, bob)
        assert "You are signed in" in window.text
    admin = tabs.new().sign_in(alice)

    admin.open("sessions_app/session/")
    assert admin.page.locator("#result_list tbody tr").count() == 2
    admin.follow_row()
    admin.follow("End the session")
    admin.press("End the session")
    assert "The session is ended." in admin.text
    # The list begins with the newest.
    assert [is_signed_in(window) for window in windows] == [True, False]
    assert admin.page.get_by_role("link", name="End the session").count() == 0

    by_password(windows[1], bob)
    user_page(admin, bob)
    admin.follow("End all sessions")
    admin.press("End all sessions")
    assert "The sessions are ended." in admin.text
    assert [is_signed_in(window) for window in windows] == [False, False]

    by_password(windows[0], bob)
    assert "You are signed in" in windows[0].text
    user_page(admin, bob)
    admin.follow("Lock now")
    admin.picture("lock-now")
    admin.press("Lock the account now")
    assert "The account is locked." in admin.text
    assert not is_signed_in(windows[0])
    by_password(windows[0], bob)
    assert "We could not sign you in with this." in windows[0].text

    admin.open("sessions_app/signin/")
    listed = admin.page.locator("#result_list").inner_text().lower()
    assert listed.count("succeeded") == 4
    assert listed.count("refused") == 1
    admin.follow_row()
    assert "password" in admin.text


def test_mail_is_listed_without_what_it_said(house: House, tabs: Tabs) -> None:
    scope = house.scope(sign_up=True)
    alice = house.staff(scope, "alice", "super-admin")
    tab = to_login(tabs.new(), scope)
    address = f"bob@{scope}.test"
    tab.page.get_by_label("E-mail address", exact=True).fill(address)
    tab.press("Send a code")
    admin = tabs.new().sign_in(alice)
    admin.open("identity/sentmail/")
    assert address in admin.page.locator("#result_list").inner_text()
    admin.follow_row()
    assert f"sign-in to {address}" in admin.text
    assert admin.page.locator("main").inner_text().find("Your code to sign in") == -1


def test_an_api_key_is_shown_once_and_revoked(house: House, tabs: Tabs) -> None:
    scope = house.scope(governance=False)
    admin = tabs.new().sign_in(house.staff(scope, "alice", "super-admin"))
    admin.open("identity/apikey/")
    admin.follow("Make an API key")
    admin.page.get_by_label("Name", exact=True).fill("Nightly export")
    admin.page.get_by_label("users:list", exact=True).check()
    admin.press("Make the key")
    secret = admin.page.get_by_label("Secret").input_value()
    assert secret.startswith("csk_")
    admin.picture("api-key-once")
    bearer = {"Authorization": f"Bearer {secret}"}
    users = f"{house.url}/s/{scope}/v1/users"
    assert httpx.get(users, headers=bearer, timeout=30).status_code == 200
    admin.follow("The key's page")
    assert secret not in admin.page.content()
    admin.open("identity/apikey/")
    admin.follow_row()
    admin.follow("Revoke")
    admin.press("Revoke the key")
    assert "The API key is revoked." in admin.text
    assert httpx.get(users, headers=bearer, timeout=30).status_code == 401


def test_a_provider_is_changed_switched_off_and_deleted(house: House, tabs: Tabs) -> None:
    scope = house.scope(governance=False)
    admin = tabs.new().sign_in(house.staff(scope, "alice", "super-admin"))
    people = tabs.new()

    def offered() -> list[str]:
        to_login(people, scope)
        return people.page.locator("ul.ways a").all_inner_texts()

    admin.open("providers/create/github/")
    admin.page.get_by_label("Name", exact=True).fill("Hub")
    admin.page.get_by_label("Client id").fill("client-of-the-hub")
    admin.page.get_by_label("Client secret").fill("canary-of-the-hub")
    admin.press("Save")
    assert offered() == ["Continue with Hub"]
    admin.follow_row()
    admin.follow("Change…")
    assert "canary-of-the-hub" not in admin.page.content()
    admin.page.get_by_label("Name", exact=True).fill("The hub")
    admin.press("Save")
    assert offered() == ["Continue with The hub"]
    admin.follow("Switch off…")
    admin.press("Switch off")
    assert offered() == []
    admin.follow("Switch on…")
    admin.press("Switch on")
    assert offered() == ["Continue with The hub"]
    admin.follow("Delete…")
    admin.press("Delete")
    assert "No provider yet" in admin.text
    assert offered() == []


def test_an_application_is_changed_switched_off_and_deleted(house: House, tabs: Tabs) -> None:
    scope = house.scope(governance=False)
    admin = tabs.new().sign_in(house.staff(scope, "alice", "super-admin"))
    admin.open("applications/create/")
    admin.page.get_by_label("Name", exact=True).fill("Shop")
    admin.page.get_by_label("Return addresses").fill("https://shop.example.test/*")
    admin.press("Save")
    assert admin.page.locator(".errorlist, [role=alert]").first.is_visible()
    admin.page.get_by_label("Return addresses").fill("https://shop.example.test/back")
    admin.press("Save")
    admin.follow_row()
    admin.follow("Change…")
    admin.page.get_by_label("Return addresses").fill("https://shop.example.test/other")
    admin.press("Save")
    assert "https://shop.example.test/other" in admin.text
    client_id = house.ids(scope)["application"]
    asked = f"client_id={client_id}&redirect_uri=https%3A%2F%2Fshop.example.test%2F"
    login = f"{house.url}/s/{scope}/login?{asked}"
    # The registered address is told what is wrong with the rest; any other stops on our page.
    assert httpx.get(f"{login}other", timeout=30).status_code == 302
    assert httpx.get(f"{login}back", timeout=30).status_code == 400
    admin.follow("Switch off…")
    admin.press("Switch off")
    assert httpx.get(f"{login}other", timeout=30).status_code == 400
    admin.follow("Switch on…")
    admin.press("Switch on")
    assert httpx.get(f"{login}other", timeout=30).status_code == 302
    admin.follow("Delete…")
    admin.press("Delete")
    assert "No application yet" in admin.text
    assert httpx.get(f"{login}other", timeout=30).status_code == 400


def status_of_newcomer(house: House, scope: str, secret: int) -> int:
    """What an unknown wallet is answered when it signs in."""
    key = secp256k1.parse_private(secret.to_bytes(32, "big"))
    account = {"address": ethereum_address.of_key(key.public.uncompressed[1:])}
    url = f"{house.url}/s/{scope}/v1/sign-in/wallet"
    text = house.http.post(f"{url}/challenge", json=account).json()["message"]
    signed = {"message": text, "signature": eip191.sign(key, text.encode())}
    return house.http.post(url, json=signed).status_code


def test_settings_say_what_protects_less(house: House, tabs: Tabs) -> None:
    scope = house.scope(governance=False)
    admin = tabs.new().sign_in(house.staff(scope, "alice", "super-admin"))
    admin.open("settings/")
    admin.follow("Change…")
    admin.page.get_by_label("Joining unasked").check()
    admin.press("Look at the change")
    assert "protects less" in admin.text
    # Nothing has changed before it is confirmed.
    assert status_of_newcomer(house, scope, 1) == 403
    admin.press("Confirm")
    assert "The settings are changed." in admin.text
    row = admin.page.locator("#settings tr", has_text="Joining unasked")
    assert row.locator("td").inner_text() == "yes"
    assert status_of_newcomer(house, scope, 1) == 200
