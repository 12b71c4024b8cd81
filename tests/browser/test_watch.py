"""Webhooks, the audit record, the API and the settings of a scope in a browser."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from identity.crypto import audit_chain
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser
PATIENCE = 30


class Receiver(BaseHTTPRequestHandler):
    """Takes every message and answers as the server says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.server
        assert isinstance(receiver, Receiving)
        receiver.came.append(self.headers["webhook-id"])
        self.send_response(receiver.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: object) -> None:
        """Nothing: the test tells what came."""


class Receiving(ThreadingHTTPServer):
    """A receiver of messages on a port of its own."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.came: list[str] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with Receiving() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


def wait_for(tab: Tab, path: str, text: str) -> None:
    """Load a page again until it says so."""
    deadline = time.monotonic() + PATIENCE
    while text not in tab.page.locator("#content-main").inner_text():
        assert time.monotonic() < deadline, tab.text
        time.sleep(0.5)
        tab.open(path)


def test_follows_a_webhook_from_its_making_to_its_end(
    house: House, tab: Tab, receiver: Receiving
) -> None:
    scope = house.scope()
    tab.sign_in(house.staff(scope, "alice", "super-admin"))
    tab.follow("Webhooks")
    tab.follow("New webhook")
    tab.page.get_by_label("Address").fill("https://user@receiver.example/")
    tab.press("Save")
    assert "ask whoever operates this deployment" in tab.text
    tab.page.get_by_label("Address").fill(receiver.url)
    tab.press("Save")
    assert "The webhook is made" in tab.text
    assert "whpk_" in tab.text
    tab.follow(receiver.url)
    page = tab.path
    tab.press("Send a ping")
    assert "A ping is on its way" in tab.text
    wait_for(tab, page, "Last delivery")
    assert receiver.came
    tab.picture("webhook-on")
    tab.click(tab.page.locator("#deliveries tbody th a").first)
    wait_for(tab, tab.path, "204")
    before = len(receiver.came)
    tab.press("Send again")
    assert "The message goes out again" in tab.text
    wait_for(tab, tab.path, "delivered")
    deadline = time.monotonic() + PATIENCE
    while len(receiver.came) == before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(set(receiver.came)) < len(receiver.came)
    tab.open("webhooks/rotate-key/")
    tab.press("Rotate the key")
    assert "Two keys sign now." in tab.text
    tab.open(page)
    tab.follow("Switch off…")
    tab.press("Switch off")
    assert "Switched off by hand" in tab.text
    tab.follow("Delete…")
    tab.press("Delete")
    assert "The webhook is removed." in tab.text
    assert "No webhook yet" in tab.text


def test_searches_proves_verifies_and_exports_the_record(
    house: House, tab: Tab, tmp_path: Path
) -> None:
    scope = house.scope()
    tab.sign_in(house.staff(scope, "alice", "workspace-auditor"))
    tab.open("identity/auditevent/?q=staff.added")
    tab.follow_row()
    assert "No signed head covers it yet" in tab.text or "covers it" in tab.text
    tab.press("Prove it")
    assert "Proved." in tab.text
    tab.picture("audit-proof")
    tab.open("identity/auditevent/")
    tab.follow("Verify the chain")
    tab.press("Verify now")
    assert "The chain holds" in tab.text
    assert "alice@example.test" in tab.page.locator("table").inner_text()
    tab.picture("audit-verified")
    tab.follow("Export…")
    with tab.page.expect_download() as expected:
        tab.page.get_by_role("button", name="Export the record").click()
    file = tmp_path / "audit.jsonl"
    expected.value.save_as(file)
    with file.open(encoding="utf-8") as lines:
        report = audit_chain.verify_export(lines)
    tab.open("identity/auditevent/?q=audit.")
    shown = tab.page.locator("#result_list tbody tr")
    assert "audit.exported" in shown.first.inner_text()
    assert str(report.last_seq) in shown.first.inner_text()


def test_changes_a_setting_by_a_proposal_and_says_what_weakens(house: House, tabs: Tabs) -> None:
    scope = house.scope(accept_attested_votes=True)
    alice = house.elector(scope, "alice", "super-admin")
    house.elector(scope, "bob", "super-admin")
    tab = tabs.new().sign_in(alice)
    tab.follow("Settings")
    tab.follow("Change…")
    tab.page.get_by_label("Life of an invitation").fill("10080")
    tab.page.get_by_label("Standing before the proposal").check()
    tab.press("Look at the change")
    assert "1 of these changes protects less than now." in tab.text
    tab.picture("settings-confirm")
    tab.press("Confirm")
    assert "This waits for approval" in tab.text
    tab.follow("see the proposal")
    assert "10080" in tab.text.replace(",", "")


def test_shows_what_a_program_needs(house: House, tab: Tab) -> None:
    scope = house.scope()
    tab.sign_in(house.staff(scope, "alice", "workspace-auditor"))
    tab.page.get_by_role("link", name="API", exact=True).click()
    assert f"{house.url}/s/{scope}/v1" in tab.text
    tab.page.get_by_text("Ask with curl and openssl alone").click()
    assert "openssl dgst" in tab.text
    tab.follow("Browse the API")
    assert tab.page.url.endswith(f"/s/{scope}/v1/docs/")
