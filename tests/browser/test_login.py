"""Users at the sign-in pages, at a real OpenID Connect provider and back (npm `oidc-provider`)."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.people import House, Tab, Tabs
from tests.serving import ROOT, free_port

pytestmark = pytest.mark.browser

INTEROP = ROOT / "tests" / "interop"
CLIENT = {"client_id": "countersign", "client_secret": "canary-of-the-browser-test"}
CLAIMS: dict[str, dict[str, Any]] = {
    "alice": {"name": "Alice There", "email": "alice@example.test", "email_verified": True},
    "alice-2": {"name": "Other Alice", "email": "alice@example.test", "email_verified": True},
    "work": {"name": "Alice at work", "email": "alice@work.example", "email_verified": False},
}


@dataclass
class Place:
    """A scope whose users sign in at the provider."""

    house: House
    scope: str
    issuer: str

    @property
    def login(self) -> str:
        return f"{self.house.url}/s/{self.scope}/login"


@pytest.fixture(scope="module")
def place(house: House) -> Iterator[Place]:
    scope = house.scope(sign_up=True, governance=False)
    port = free_port()
    asked = {
        **CLIENT,
        "port": port,
        "redirect_uri": f"{house.url}/s/{scope}/login/back/house",
        "claims": CLAIMS,
    }
    command = ["node", "openid-provider.mjs", json.dumps(asked)]
    with subprocess.Popen(command, cwd=INTEROP, stdout=subprocess.PIPE, text=True) as provider:
        try:
            assert provider.stdout is not None
            assert "ready" in provider.stdout.readline()
            yield Place(house, scope, f"http://127.0.0.1:{port}")
        finally:
            provider.terminate()


@pytest.fixture(scope="module")
def configured(place: Place, chrome: Any) -> Place:
    """The provider is made by staff, in the admin."""
    tabs = Tabs(chrome, place.house)
    tab = tabs.new().sign_in(place.house.staff(place.scope, "owner", "super-admin"))
    tab.open("providers/")
    tab.picture("providers-empty")
    tab.follow("New provider")
    tab.picture("provider-choose")
    tab.follow("OpenID Connect")
    tab.page.get_by_label("Name", exact=True).fill("House")
    tab.page.get_by_label("Name in addresses").fill("house")
    tab.page.get_by_label("Issuer").fill(place.issuer)
    tab.page.get_by_label("Client id").fill(CLIENT["client_id"])
    tab.page.get_by_label("Client secret").fill(CLIENT["client_secret"])
    tab.picture("provider-form")
    tab.press("Save")
    tab.picture("providers")
    tab.follow_row()
    assert f"{place.login}/back/house" in tab.page.content()
    assert CLIENT["client_secret"] not in tab.page.content()
    tab.picture("provider")
    tab.open("applications/create/")
    tab.page.get_by_label("Name", exact=True).fill("Shop")
    tab.page.get_by_label("Return addresses").fill("https://shop.example.test/back")
    tab.press("Save")
    tab.follow_row()
    tab.picture("application")
    tabs.close()
    return place


def through(page: Page, account: str) -> None:
    """The provider's own pages: its form, and its question whether we may know."""
    page.locator("input[name=login]").fill(account)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def signed_in(tabs: Tabs, place: Place, account: str) -> Tab:
    tab = tabs.new()
    tab.page.goto(place.login)
    tab.page.get_by_role("link", name="Continue with House").click()
    through(tab.page, account)
    tab.page.get_by_role("heading", name="You are signed in").wait_for()
    return tab


def test_an_account_is_made_and_found_again(configured: Place, tabs: Tabs) -> None:
    tab = tabs.new()
    tab.page.goto(configured.login)
    tab.picture("login")
    tab.page.get_by_role("link", name="Continue with House").click()
    through(tab.page, "alice")
    tab.page.get_by_role("heading", name="You are signed in").wait_for()
    assert "Alice There" in tab.text
    tab.picture("login-signed-in")
    tab.press("Sign out here")
    assert "Continue with House" in tab.text
    again = signed_in(tabs, configured, "alice")
    assert "Alice There" in again.text


def test_an_equal_address_is_another_person(configured: Place, tabs: Tabs) -> None:
    assert "Alice There" in signed_in(tabs, configured, "alice").text
    other = signed_in(tabs, configured, "alice-2")
    assert "Other Alice" in other.text
    assert "Alice There" not in other.text


def test_works_without_scripts(configured: Place, tabs: Tabs) -> None:
    context = tabs.chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(configured.login)
    assert page.get_by_role("button", name="Continue with a wallet").count() == 0
    page.get_by_role("link", name="Continue with House").click()
    through(page, "alice")
    page.get_by_role("heading", name="You are signed in").wait_for()
    context.close()


def by_wallet(configured: Place, tabs: Tabs) -> Tab:
    """A window whose user is signed in by a new wallet of the browser."""
    from coincurve import PrivateKey

    from identity.crypto import ethereum_address, keccak

    key = PrivateKey()
    point = key.public_key.format(compressed=False)
    address = ethereum_address.normalise("0x" + keccak.digest(point[1:])[-20:].hex())

    def sign(text: str) -> str:
        message = bytes.fromhex(text[2:])
        prefixed = b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message
        signature = key.sign_recoverable(keccak.digest(prefixed), hasher=None)
        return "0x" + (signature[:64] + bytes([signature[64] + 27])).hex()

    tab = tabs.new()
    tab.page.expose_function("signForTest", sign)
    tab.page.add_init_script(
        f"""window.ethereum = {{ request: async ({{ method, params }}) => ({{
            eth_requestAccounts: () => ["{address}"], eth_chainId: () => "0x1",
            personal_sign: () => window.signForTest(params[0]) }})[method]() }};"""
    )
    tab.page.goto(configured.login)
    tab.page.get_by_role("button", name="Continue with a wallet").click()
    tab.page.get_by_role("heading", name="You are signed in").wait_for()
    return tab


def test_a_wallet_in_the_browser_signs_in(configured: Place, tabs: Tabs) -> None:
    assert "You are signed in" in by_wallet(configured, tabs).text


def test_an_account_is_linked_and_taken_away(configured: Place, tabs: Tabs) -> None:
    tab = by_wallet(configured, tabs)
    tab.page.get_by_role("button", name="Link House").click()
    through(tab.page, "work")
    tab.page.get_by_role("button", name="Take away").wait_for()
    assert "alice@work.example" in tab.text
    # Whoever comes by the provider now is the wallet's user, with that wallet.
    again = signed_in(tabs, configured, "work")
    assert again.page.get_by_role("button", name="Take away").is_visible()
    # Somebody else of this scope has it in vain.
    other = by_wallet(configured, tabs)
    other.page.get_by_role("button", name="Link House").click()
    through(other.page, "work")
    other.page.get_by_role("alert").wait_for()
    assert other.page.get_by_role("button", name="Take away").count() == 0
    tab.page.reload()
    tab.press("Take away")
    assert "alice@work.example" not in tab.text
    assert tab.page.get_by_role("button", name="Link House").is_visible()


def test_the_provider_is_the_real_one(configured: Place) -> None:
    address = f"{configured.issuer}/.well-known/openid-configuration"
    with urllib.request.urlopen(address, timeout=10) as answer:
        told = json.load(answer)
    assert told["issuer"] == configured.issuer
    assert told["code_challenge_methods_supported"] == ["S256"]


def test_the_pages_in_the_dark(configured: Place, chrome: Any) -> None:
    tabs = Tabs(chrome, configured.house, color_scheme="dark")
    tab = tabs.new()
    tab.page.goto(configured.login)
    tab.picture("login-dark")
    tab.page.get_by_label("User name or e-mail address").fill("nobody")
    tab.page.get_by_label("Password", exact=True).fill("wrong password")
    tab.press("Sign in")
    assert "We could not sign you in with this." in tab.text
    tab.picture("login-refused-dark")
    tab.page.get_by_label("E-mail address", exact=True).fill("somebody@example.test")
    tab.press("Send a code")
    tab.page.get_by_label("Code from the e-mail").wait_for()
    tab.picture("login-code-dark")
    tabs.close()
