"""The admin's look: every page keeps the policy in light and dark, with its moving parts moved."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import pages
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser

WATCH = """
window.broken = []
document.addEventListener("securitypolicyviolation", (event) => {
  window.broken.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
})
"""


@pytest.fixture(scope="module")
def seeded(house: House) -> pages.Seeded:
    return pages.seed(house)


@pytest.fixture
def dark(chrome: Browser, house: House) -> Iterator[Tabs]:
    opened = Tabs(chrome, house, color_scheme="dark")
    yield opened
    opened.close()


# Chosen in turn, as fast as a page takes it.
EACH_COLOUR = """
async () => {
  const told = []
  for (const button of document.querySelectorAll(".theme-switch button")) {
    button.click()
    await new Promise((done) => setTimeout(done))
    told.push(button.getAttribute("aria-pressed"))
  }
  return told
}
"""


def looked_at(tab: Tab, path: str) -> None:
    """Open a page, choose each colour, and ask what was blocked."""
    tab.open(path)
    assert tab.page.locator("[style]").count() == 0, path
    assert tab.page.locator("script:not([src]), style").count() == 0, path
    assert set(tab.page.evaluate(EACH_COLOUR)) <= {"true"}, path
    assert tab.page.evaluate("window.broken") == [], path


def moved(tab: Tab) -> None:
    """Open the navigation of this page and choose each colour by hand."""
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.page.get_by_role("button", name="Open the navigation").click()
    for name in ("Dark", "Light", "System"):
        button = tab.page.get_by_role("button", name=name, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
    tab.page.keyboard.press("Escape")
    tab.page.set_viewport_size({"width": 1280, "height": 800})
    assert tab.page.evaluate("window.broken") == []


def test_keeps_the_policy_on_every_page(house: House, seeded: pages.Seeded, tab: Tab) -> None:
    tab.page.add_init_script(WATCH)
    for path in pages.OPEN_TO_ALL.values():
        looked_at(tab, path)
    tab.sign_in(seeded.owner)
    for path in pages.of(house, seeded).values():
        looked_at(tab, path)
    tab.open()
    moved(tab)
    tab.press("Log out")
    looked_at(tab, "nowhere/")


def test_keeps_the_policy_where_the_system_is_dark(seeded: pages.Seeded, dark: Tabs) -> None:
    tab = dark.new()
    tab.page.add_init_script(WATCH)
    for path in pages.OPEN_TO_ALL.values():
        looked_at(tab, path)
    tab.sign_in(seeded.owner)
    looked_at(tab, "")
    moved(tab)


def test_remembers_the_chosen_colour_from_the_first_paint(
    seeded: pages.Seeded, tabs: Tabs, dark: Tabs
) -> None:
    for windows, chosen, is_dark in ((tabs, "Dark", True), (dark, "Light", False)):
        tab = windows.new().sign_in(seeded.owner)
        root = tab.page.locator("html")
        assert ("dark" in (root.get_attribute("class") or "")) is not is_dark
        tab.page.get_by_role("button", name=chosen, exact=True).click()
        # Asked before any deferred script ran: a page never flashes in the other colour.
        tab.page.add_init_script(
            "addEventListener('readystatechange', () => { window.early ??="
            " document.documentElement.classList.contains('dark') }, {capture: true})"
        )
        tab.open("accounts/user/")
        assert tab.page.evaluate("window.early") is is_dark
        tab.page.get_by_role("button", name="System", exact=True).click()
        tab.open()
        assert ("dark" in (root.get_attribute("class") or "")) is not is_dark


def test_copies_an_id_and_says_so(seeded: pages.Seeded, house: House, tab: Tab) -> None:
    tab.sign_in(seeded.owner)
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    device = house.ids(seeded.scope)["device"]
    tab.open(f"accounts/device/{device}/change/")
    tab.page.locator(f"button[data-copy='{device}']").click()
    tab.page.get_by_text("Copied", exact=True).first.wait_for()
    assert tab.page.evaluate("navigator.clipboard.readText()") == device
    assert tab.page.locator("#announcer").inner_text() == "Copied"
    tab.page.get_by_text("Copied", exact=True).nth(1).wait_for(state="detached")


def test_leads_past_the_navigation_by_keyboard(seeded: pages.Seeded, tab: Tab) -> None:
    tab.sign_in(seeded.owner)
    tab.open("accounts/user/")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "content"


def test_opens_and_closes_the_navigation_on_a_phone(seeded: pages.Seeded, tab: Tab) -> None:
    tab.sign_in(seeded.owner)
    tab.page.set_viewport_size({"width": 390, "height": 844})
    link = tab.page.locator("#sidebar a", has_text="Users")
    opener = tab.page.get_by_role("button", name="Open the navigation")
    assert not link.is_visible()
    opener.focus()
    tab.page.keyboard.press("Enter")
    link.wait_for()
    assert opener.get_attribute("aria-expanded") == "true"
    tab.page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    assert opener.evaluate("node => node === document.activeElement")
    tab.page.keyboard.press("Enter")
    tab.click(link)
    assert tab.page.locator("h1").inner_text() == "Users"


def test_shows_the_audit_trail_to_who_may_read_it(
    seeded: pages.Seeded, house: House, tabs: Tabs
) -> None:
    device = house.ids(seeded.scope)["device"]
    path = f"accounts/device/{device}/change/"
    owner = tabs.new().sign_in(seeded.owner)
    owner.open(path)
    assert "device.registered" in owner.page.locator("#trail").inner_text()
    support = tabs.new().sign_in(house.staff(seeded.scope, "carol", "support"))
    assert support.open(path) == 200
    assert support.page.locator("#trail").count() == 0


def test_lists_in_the_navigation_what_the_role_reads(
    seeded: pages.Seeded, house: House, tabs: Tabs
) -> None:
    tab = tabs.new().sign_in(house.staff(seeded.scope, "dave", "support"))
    links = tab.page.locator("#sidebar nav a").evaluate_all("links => links.map(link => link.href)")
    assert f"{house.url}/admin/accounts/user/" in links
    assert f"{house.url}/admin/identity/auditevent/" not in links
    for link in links:
        assert tab.page.goto(link).status == 200, link  # type: ignore[union-attr]
        assert tab.page.locator("#sidebar nav [aria-current]").count() == 1
