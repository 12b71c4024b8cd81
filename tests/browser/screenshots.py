"""Pictures of every page of the admin in both sizes and both colours, from a seeded deployment.

Run `ADMIN_PICTURES=<folder> pytest -m browser tests/browser/screenshots.py` and look at them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import pages
from tests.browser.people import House, Tab, Tabs
from tests.serving import ROOT

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
FOLDER = Path(os.environ.get("ADMIN_PICTURES") or ROOT / "var" / "pictures")


@pytest.fixture(scope="module")
def seeded(house: House) -> pages.Seeded:
    return pages.seed(house)


@pytest.fixture
def dark(chrome: Browser, house: House) -> Iterator[Tabs]:
    opened = Tabs(chrome, house, color_scheme="dark")
    yield opened
    opened.close()


def take(tab: Tab, name: str, colour: str) -> None:
    for size, (width, height) in SIZES.items():
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.page.screenshot(path=FOLDER / f"{name}-{size}-{colour}.png", full_page=True)
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} pixels wide at {width}"


@pytest.mark.parametrize("colour", ["light", "dark"])
def test_takes_a_picture_of_every_page(
    house: House, seeded: pages.Seeded, tabs: Tabs, dark: Tabs, colour: str
) -> None:
    windows = {"light": tabs, "dark": dark}[colour]
    stranger = windows.new()
    for name, path in pages.OPEN_TO_ALL.items():
        stranger.open(path)
        take(stranger, name, colour)
    tab = windows.new().sign_in(seeded.owner)
    for name, path in pages.of(house, seeded).items():
        tab.open(path)
        take(tab, name, colour)
    tab.open()
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.page.get_by_role("button", name="Open the navigation").click()
    tab.page.wait_for_timeout(400)
    tab.page.screenshot(path=FOLDER / f"navigation-phone-{colour}.png")
    operator = windows.new().sign_in(house.operator(), scope=seeded.empty)
    for name, path in pages.EMPTY.items():
        operator.open(path)
        take(operator, f"empty-{name}", colour)
