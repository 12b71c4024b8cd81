"""Pages in a real browser: they work under the policy that runs no inline script and no style."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.people import House
from tests.serving import Served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(house: House) -> Served:
    return house.served


@pytest.fixture
def context(chrome: Browser) -> Iterator[BrowserContext]:
    opened = chrome.new_context()
    yield opened
    opened.close()


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    """What the browser complains about while the pages of a test are open."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            heard.append(message.text)

    context.on("console", listen)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


def sign_in(page: Page, served: Served) -> None:
    password = re.search(r"with password\n  (\S+)\n", served.output())
    assert password, served.output()
    page.goto(f"{served.url}/admin/")
    page.locator("input[name=username]").fill("operator")
    page.locator("input[name=password]").fill(password[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")


def test_signs_an_operator_in_and_breaks_no_policy(
    context: BrowserContext, served: Served, complaints: list[str]
) -> None:
    page = context.new_page()
    sign_in(page, served)
    assert "/login" not in page.url, page.content()
    page.locator("button[name=scope][value=acme]").click()
    page.wait_for_load_state("networkidle")
    links = page.locator("#sidebar a, #content a").evaluate_all(
        "links => links.map(link => link.href)"
    )
    own = sorted({link for link in links if link.startswith(f"{served.url}/admin/")})
    assert own
    for link in own:
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 200, (link, answer.status)
    assert not complaints


def test_runs_no_script_that_stands_in_a_page(
    context: BrowserContext, served: Served, complaints: list[str]
) -> None:
    page = context.new_page()
    page.goto(f"{served.url}/admin/")
    page.evaluate(
        """() => {
            const script = document.createElement('script')
            script.textContent = 'window.ran = true'
            document.head.append(script)
        }"""
    )
    assert page.evaluate("() => window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in complaints)


def test_keeps_the_session_from_scripts(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    sign_in(page, served)
    assert page.evaluate("() => document.cookie") == ""
    (session,) = [
        cookie for cookie in context.cookies() if "session" in str(cookie.get("name", ""))
    ]
    assert session.get("httpOnly") is True
    assert session.get("sameSite") == "Lax"


def test_has_a_log_without_the_password(served: Served) -> None:
    log = Path(served.log).read_text()
    password = re.search(r"with password\n  (\S+)\n", log)
    assert password
    assert log.count(password[1]) == 1
