"""The page that shows the API: works without the internet and under the strict policy."""

import pytest

from tests.browser.people import House, Tab

pytestmark = pytest.mark.browser


def test_browses_the_description_from_this_server_alone(house: House, tab: Tab) -> None:
    page = tab.page
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(f"{house.url}/v1/docs/")
    page.wait_for_selector(".opblock")
    page.locator(".opblock-summary-control").first.click()
    page.wait_for_selector(".opblock-body")
    assert not told, "a violation of the policy shows on the console"
    assert all(url.startswith((house.url, "data:")) for url in asked)
