"""A real server and a real Chromium."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import prepared
from tests.browser.people import House, Tab, Tabs
from tests.serving import Served, chromium

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = prepared.home(tmp_path_factory.mktemp("admin") / "home")
    with Served(home) as served, httpx.Client(timeout=30) as http:
        yield House(served, http)
    failures = [line for line in served.output().splitlines() if "Internal Server Error" in line]
    assert not failures


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
        yield launched
        launched.close()


@pytest.fixture
def tabs(chrome: Browser, house: House) -> Iterator[Tabs]:
    opened = Tabs(chrome, house)
    yield opened
    opened.close()


@pytest.fixture
def tab(tabs: Tabs) -> Tab:
    return tabs.new()
