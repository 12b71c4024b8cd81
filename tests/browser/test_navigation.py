"""The list of pages at the side: the one that is open can be seen in it."""

import pytest

from tests.browser.people import House, Tab

pytestmark = pytest.mark.browser

WITHIN = """
() => {
  const entry = document.querySelector(".navigation a[aria-current]").getBoundingClientRect()
  const list = document.querySelector(".navigation").getBoundingClientRect()
  return entry.top >= list.top && entry.bottom <= Math.min(list.bottom, innerHeight)
}
"""
SCROLLED = "document.querySelector('.navigation').scrollTop"
BELOW_THE_FOLD = ("webhooks/", "remotes/", "identity/apikey/", "identity/apikey/new/", "sign-in/")


@pytest.fixture
def desk(house: House, tab: Tab) -> Tab:
    return tab.sign_in(house.operator(), scope=house.scope())


def test_brings_the_open_page_into_view(desk: Tab) -> None:
    desk.page.set_viewport_size({"width": 1280, "height": 600})
    for path in BELOW_THE_FOLD:
        desk.open(path)
        assert desk.page.evaluate(SCROLLED) > 0, path
        assert desk.page.evaluate(WITHIN), path
        assert desk.page.evaluate("scrollY") == 0, path


def test_leaves_alone_what_is_in_view(desk: Tab) -> None:
    for path in ("", "accounts/user/"):
        desk.open(path)
        assert desk.page.evaluate(SCROLLED) == 0, path


def test_brings_it_into_view_where_the_list_opens_by_a_button(desk: Tab) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 600})
    desk.open("remotes/")
    desk.page.get_by_role("button", name="Open the navigation").click()
    desk.page.wait_for_timeout(400)
    assert desk.page.evaluate(SCROLLED) > 0
    assert desk.page.evaluate(WITHIN)
