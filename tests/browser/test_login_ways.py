"""Users at the sign-in page: with a password, with a mailed code, for an application."""

import base64
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.browser.people import House, Person, Tab, Tabs
from tests.browser.test_one_time_passwords import set_up

pytestmark = pytest.mark.browser

VERIFIER = "v" * 43


class Shop(BaseHTTPRequestHandler):
    """An application's page, at an origin of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Shop</title><link rel=icon href=data:,><h1>The shop</h1>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def back() -> Iterator[str]:
    """The address that the shop registers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/back"
        server.shutdown()


def to_login(tab: Tab, scope: str, query: str = "") -> Tab:
    tab.page.goto(f"{tab.house.url}/s/{scope}/login{query}")
    return tab


def by_password(tab: Tab, person: Person) -> None:
    tab.page.get_by_label("User name or e-mail address").fill(person.username)
    tab.page.get_by_label("Password", exact=True).fill(person.password)
    tab.press("Sign in")


def mailed_code(house: House, address: str) -> str:
    """The code in the latest letter to this address, once the task worker has sent it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _, found, letter = house.served.output().rpartition(f"To: {address}\n")
        code = re.search(r"^ {4}(\d{6})$", letter, re.MULTILINE) if found else None
        if code:
            return code[1]
        time.sleep(0.1)
    raise AssertionError(f"no letter to {address}")


def test_by_password_and_one_time_password(house: House, tabs: Tabs) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "super-admin")
    admin = tabs.new().sign_in(person)
    admin.open("sign-in/one-time-password/")
    generator, codes = set_up(admin)
    tab = to_login(tabs.new(), scope)
    by_password(tab, person)
    assert "protected by one-time passwords" in tab.text
    tab.picture("login-second-factor")
    tab.page.get_by_label("One-time password").fill(generator.wrong())
    tab.press("Sign in")
    assert tab.page.get_by_role("alert").is_visible()
    # Going back to the page is no way around the step.
    to_login(tab, scope)
    assert "You are signed in" not in tab.text
    by_password(tab, person)
    tab.page.get_by_label("One-time password").fill(codes[0])
    tab.press("Sign in")
    assert "You are signed in" in tab.text
    assert person.username in tab.text
    tab.press("Sign out here")
    assert tab.page.get_by_label("Password", exact=True).is_visible()


def test_by_a_mailed_code_in_the_browser_that_asked(house: House, tabs: Tabs) -> None:
    scope = house.scope(sign_up=True)
    address = f"newcomer@{scope}.test"
    tab, other = to_login(tabs.new(), scope), to_login(tabs.new(), scope)
    tab.page.get_by_label("E-mail address", exact=True).fill(address)
    tab.press("Send a code")
    code = mailed_code(house, address)
    tab.page.get_by_label("Code from the e-mail").fill(f"{(int(code) + 1) % 10**6:06d}")
    tab.press("Sign in")
    assert tab.page.get_by_role("alert").is_visible()
    tab.press("Send another code")
    assert "60" in tab.text or "second" in tab.text or "moment" in tab.text
    # Somebody who was told the code has another browser, which has asked for none.
    token = other.page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    jar = {str(each["name"]): str(each["value"]) for each in other.page.context.cookies()}
    form = {"step": "code", "address": address, "code": code, "csrfmiddlewaretoken": token}
    stolen = httpx.post(other.page.url, data=form, cookies=jar, headers={"Origin": house.url})
    assert stolen.status_code == 401
    tab.page.get_by_label("Code from the e-mail").fill(f"{code[:3]} {code[3:]}")
    tab.press("Sign in")
    assert "You are signed in" in tab.text
    assert address in tab.text


def test_a_wallet_that_refuses_is_told(house: House, tabs: Tabs) -> None:
    scope = house.scope(sign_up=True)
    tab = tabs.new()
    tab.page.add_init_script(
        "window.ethereum = { request: async () => { throw new Error('Not today.'); } };"
    )
    to_login(tab, scope)
    tab.page.get_by_role("button", name="Continue with a wallet").click()
    tab.page.get_by_role("status").get_by_text("Not today.").wait_for()


def test_an_application_gets_a_code_for_its_user(house: House, tabs: Tabs, back: str) -> None:
    scope = house.scope()
    person = house.staff(scope, "alice", "super-admin")
    admin = tabs.new().sign_in(person)
    admin.open("applications/create/")
    admin.page.get_by_label("Name", exact=True).fill("Shop")
    admin.page.get_by_label("Return addresses").fill(back)
    admin.press("Save")
    client_id = house.ids(scope)["application"]
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": back,
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    tab = tabs.new()
    to_login(tab, scope, f"?{urlencode(asked)}")
    assert "To go on to Shop" in tab.text
    by_password(tab, person)
    tab.page.get_by_role("heading", name="The shop").wait_for()
    told = {name: values[0] for name, values in parse_qs(urlsplit(tab.page.url).query).items()}
    issuer = f"{house.url}/s/{scope}"
    assert (told["state"], told["iss"]) == ("s1", issuer)
    given = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "redirect_uri": back,
        "code": told["code"],
        "code_verifier": VERIFIER,
    }
    pair = httpx.post(f"{issuer}/v1/token", data=given, timeout=30)
    assert pair.status_code == 200, pair.text
    assert httpx.post(f"{issuer}/v1/token", data=given, timeout=30).status_code == 400
    # Who is signed in already is asked, and goes on with one press.
    to_login(tab, scope, f"?{urlencode(asked)}")
    tab.press("Continue to Shop")
    tab.page.get_by_role("heading", name="The shop").wait_for()
    # An address that is not the registered one leads nobody away.
    to_login(tab, scope, f"?{urlencode({**asked, 'redirect_uri': back + '/'})}")
    assert "This did not work" in tab.text
