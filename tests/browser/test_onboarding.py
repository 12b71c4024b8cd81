"""Onboardings in a browser: begun by staff, watched while they happen, by staff and by anybody."""

import re

import pytest

from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser
PASSWORD = "a long enough password"
PATIENCE = 30_000
# A worker of this process goes on with the one that waits, on a line that breaks at a call.
BROKEN = """
from datetime import UTC, datetime, timedelta
from django.db import transaction
from accounts.models import Onboarding
from accounts.services import onboarding_work, onboardings
from accounts.services.onboarding_pace import USUAL
from identity import actor
from identity.models import Scope
from identity.scoping import current
from tests import onboarding

with current.across_scopes(why="a test"):
    scope = Scope.objects.get(slug="{slug}")
now = datetime.now(UTC)
later = now + timedelta(hours=1)
with current.in_scope(scope.id):
    row = Onboarding.objects.get(state__in=["waiting", "queued"])
    with transaction.atomic():
        if row.state == "waiting":
            onboardings.release(onboarding_id=row.id, by=actor.system(scope.id), now=now)
        Onboarding.objects.filter(id=row.id).update(next_attempt_at=later)
    onboarding_work.work(row.id, clock=lambda: later, holder="a test", pace=USUAL.times(60),
        open_ledger=onboarding.Line(cut_at={call}))
"""
WAITING = """
from datetime import UTC, datetime
from accounts.services import onboardings
from accounts.services.onboardings import Request
from identity import actor
from identity.models import Scope
from identity.scoping import current

with current.across_scopes(why="a test"):
    scope = Scope.objects.get(slug="{slug}")
with current.in_scope(scope.id):
    asked = Request(role="USER", username="late", parent="registry", password="{password}")
    by = actor.system(scope.id)
    checked = onboardings.check(request=asked, by=by)
    print(onboardings.keep_waiting(checked, by=by, now=datetime.now(UTC)).id)
"""


def run(house: House, code: str, **named: str) -> str:
    """Run code of a shell; the id that it prints at last."""
    for name, value in named.items():
        code = code.replace(f"{{{name}}}", value)
    return house.served.manage("shell", "-c", code).strip()[-36:]


def onboard(tab: Tab, name: str, part: str, registry: str) -> None:
    """Fill in the form and send it."""
    tab.open("accounts/onboarding/new/")
    tab.page.get_by_label("User name").fill(name)
    tab.page.get_by_label("Part").select_option(part)
    tab.page.get_by_label("Registry (optional)").select_option(registry)
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_label("Password, once more").fill(PASSWORD)
    tab.press("Onboard")


def wait_until_done(tab: Tab) -> None:
    """The page comes to the end by itself."""
    told = tab.page.locator("[data-told]")
    told.filter(has_text="All is done.").wait_for(timeout=PATIENCE)


@pytest.fixture
def scope(house: House) -> str:
    return house.scope()


@pytest.fixture
def desk(house: House, tab: Tab, scope: str) -> Tab:
    """Staff at work, and a registry that was onboarded over the page."""
    tab.sign_in(house.staff(scope, "alice", "super-admin"))
    tab.follow("Onboardings")
    assert "Nobody was onboarded yet" in tab.text
    onboard(tab, "registry", "STANDARD_REGISTRY", "")
    assert "The onboarding has begun" in tab.text
    wait_until_done(tab)
    return tab


def test_staff_onboard_a_registry_and_a_user_of_it(desk: Tab, tabs: Tabs) -> None:
    assert "9 of 9 steps done" in desk.text
    onboard(desk, "newcomer", "USER", "registry")
    wait_until_done(desk)
    address = re.search(r"http\S+/onboarding/[0-9a-f-]{36}", desk.text)
    assert address
    desk.picture("onboarding-done")
    stranger = tabs.new()
    stranger.page.goto(address[0])
    assert "You can sign in now" in stranger.text
    assert "newcomer" not in stranger.page.content()
    stranger.picture("onboarding-done-for-anybody")
    desk.follow("Registries")
    assert "a user of a registry" in desk.text
    desk.follow("newcomer")
    assert "did:" in desk.text


def test_a_page_follows_one_that_meets_an_absent_ledger(
    house: House, desk: Tab, tabs: Tabs, scope: str
) -> None:
    task = run(house, WAITING, slug=scope, password=PASSWORD)
    stranger = tabs.new()
    stranger.page.goto(f"{house.url}/s/{scope}/onboarding/{task}")
    assert "Others have to agree first" in stranger.text
    stranger.picture("onboarding-waiting-for-anybody")
    desk.open(f"accounts/onboarding/{task}/change/")
    assert "0 of 9" in desk.text
    desk.picture("onboarding-waiting")
    for tab in (desk, stranger):
        tab.page.evaluate("window.isTheSamePage = true")
    run(house, BROKEN, slug=scope, call="3")
    told = desk.page.locator("[data-told]")
    told.filter(has_text="The ledger was not there, once in a row.").wait_for(timeout=PATIENCE)
    done = int(desk.page.locator("[data-done]").inner_text())
    assert 0 < done < 9
    rows = desk.page.locator("[data-step]")
    states = rows.locator("[data-step-state]").all_inner_texts()
    assert states[done] == "running"
    assert states[0] == "completed"
    assert "note" in (rows.nth(done).locator(".badge").get_attribute("class") or "")
    seen = stranger.page.locator("[data-done]").filter(has_text=re.compile(f"^{done}$"))
    seen.wait_for(timeout=PATIENCE)
    for tab in (desk, stranger):
        assert tab.page.evaluate("window.isTheSamePage")
    desk.picture("onboarding-without-ledger")
    desk.page.reload()
    desk.follow("Try now")
    desk.press("Try it again")
    wait_until_done(desk)
    stranger.page.get_by_text("You can sign in now").wait_for(timeout=PATIENCE)
    assert "9 of 9" in stranger.text


def test_is_shown_without_javascript_and_by_keyboard(
    house: House, desk: Tab, tabs: Tabs, scope: str
) -> None:
    task = run(house, WAITING, slug=scope, password=PASSWORD)
    context = tabs.chrome.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    plain = context.new_page()
    plain.goto(f"{house.url}/s/{scope}/onboarding/{task}")
    assert "0 of 9 steps done" in plain.locator("body").inner_text()
    assert plain.get_by_role("link", name="Look again").is_visible()
    run(house, BROKEN, slug=scope, call="2")
    # The page loads itself again.
    text = re.compile("goes on by itself")
    plain.get_by_text(text).wait_for(timeout=PATIENCE)
    context.close()
    desk.open(f"accounts/onboarding/{task}/change/")
    desk.page.get_by_role("link", name="Cancel it").focus()
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    desk.page.get_by_role("button", name="Cancel the onboarding").focus()
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    assert "The onboarding is cancelled." in desk.text
