"""The admin's pages about webhooks and what they sent."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from identity import ids, webhook_queries
from identity.models import AuditEvent, Webhook, WebhookAttempt, WebhookDelivery
from identity.pages import staff_session
from identity.services import webhooks
from tests import cast, staff
from tests.serving import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/webhooks/"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def browser(world: cast.World) -> Client:
    return signed_in(world, "super-admin")


def signed_in(world: cast.World, role: str) -> Client:
    name = f"staff-{ids.new().hex[-8:]}"
    staff.add(world, name, role)
    client = Client()
    staff.sign_in(client, name, world.scope.slug)
    return client


def make(world: cast.World, url: str = "https://receiver.example/hook", **more: Any) -> Webhook:
    with cast.in_scope(world):
        return webhooks.create(
            public_id=ids.new(),
            url=url,
            events=more.get("events", ["*"]),
            description=more.get("description", ""),
            by=world.system,
            now=datetime.now(UTC),
        )


def sent(world: cast.World, webhook: Webhook, **more: Any) -> WebhookDelivery:
    """A ping that waits; with `answer` one try of it that failed."""
    with cast.in_scope(world):
        webhooks.ping(public_id=webhook.public_id, by=world.system, now=datetime.now(UTC))
        delivery = WebhookDelivery.objects.filter(webhook_id=webhook.id).latest("sequence")
        if more:
            WebhookAttempt.objects.create(
                scope_id=world.scope.id,
                delivery=delivery,
                number=1,
                at=datetime.now(UTC),
                milliseconds=12,
                status=500,
                **more,
            )
    return delivery


def forget_the_proof(client: Client) -> None:
    session = client.session
    session[staff_session.PROVED_AT] = int(time.time()) - 601
    session.save()


def form(**more: Any) -> dict[str, Any]:
    given = {"url": "https://receiver.example/", "nouns": ["invitation.*"], "description": "CRM"}
    return given | {"webhook": str(ids.new())} | more


def test_makes_changes_switches_and_deletes(world: cast.World, browser: Client) -> None:
    assert "No webhook yet" in browser.get(LIST).content.decode()
    given = form(events="proposal.executed\npolicy.edited")
    page = browser.post(f"{LIST}create/", given, follow=True).content.decode()
    assert "The webhook is made" in page
    assert "whpk_" in page
    # The same form once more makes no second one.
    browser.post(f"{LIST}create/", given)
    with cast.in_scope(world):
        (row,) = webhook_queries.all_webhooks()
    assert row.events == ["invitation.*", "policy.edited", "proposal.executed"]
    path = f"{LIST}{row.id}/"
    shown = browser.get(f"{path}edit/").content.decode()
    assert "policy.edited\nproposal.executed" in shown
    changed = browser.post(f"{path}edit/", form(nouns=["*"], description="Else"), follow=True)
    assert "The webhook is changed." in changed.content.decode()
    assert "switched off" in browser.post(f"{path}switch/", follow=True).content.decode()
    assert "Switched off by hand" in browser.get(path).content.decode()
    assert "switched on" in browser.post(f"{path}switch/", follow=True).content.decode()
    gone = browser.post(f"{path}delete/", follow=True).content.decode()
    assert "The webhook is removed." in gone
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    "url",
    ["http://receiver.example/", "https://127.0.0.1/", "https://10.0.0.7/", "https://localhost/"],
)
def test_says_what_to_do_about_an_address_that_is_not_called(
    world: cast.World, browser: Client, settings: Any, url: str
) -> None:
    settings.FETCH_ALLOW, settings.FETCH_HTTP = [], False
    page = browser.post(f"{LIST}create/", form(url=url)).content.decode()
    assert "ask whoever operates this deployment" in page
    with cast.in_scope(world):
        assert not Webhook.objects.exists()


@pytest.mark.parametrize("events", ["", "Invitation.*", "a b", "<script>"])
def test_refuses_events_that_are_no_patterns(browser: Client, events: str) -> None:
    answer = browser.post(f"{LIST}create/", form(nouns=[], events=events))
    assert answer.status_code == 200
    assert answer.context["form"].errors["events"]


def test_rotates_the_key_with_an_overlap_said_in_words(world: cast.World, browser: Client) -> None:
    make(world)
    assert "both sign for 14 days" in (
        browser.post(f"{LIST}rotate-key/", follow=True).content.decode().lower()
    )
    page = browser.get(LIST).content.decode()
    assert "Two keys sign now." in page
    with cast.in_scope(world):
        keys = [key.public for key in webhook_queries.keys(now=datetime.now(UTC))]
    assert len(keys) == 2
    for key in keys:
        assert key in page
    assert "rotation is under way" in browser.get(f"{LIST}rotate-key/").content.decode()


def test_pings_and_shows_the_log_and_one_message(world: cast.World, browser: Client) -> None:
    webhook = make(world)
    path = f"{LIST}{webhook.public_id}/"
    assert "A ping is on its way" in browser.post(f"{path}ping/", follow=True).content.decode()
    delivery = sent(world, webhook, answer="<b>no</b>", error="The receiver answered 500.")
    log = browser.get(f"{path}deliveries/?state=pending").content.decode()
    assert "webhook.pinged" in log
    assert (
        "No delivery is in this state"
        in browser.get(f"{path}deliveries/?state=failed").content.decode()
    )
    page = browser.get(f"{path}deliveries/{delivery.id}/").content.decode()
    assert "The receiver answered 500." in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert str(delivery.event_id) in page
    assert browser.get(f"{path}deliveries/?after=nonsense").status_code == 302


def test_sends_again_one_or_all_that_failed(world: cast.World, browser: Client) -> None:
    webhook = make(world)
    delivery = sent(world, webhook)
    ended = {"state": "failed", "ended_at": datetime.now(UTC)}
    path = f"{LIST}{webhook.public_id}/"

    def fail() -> None:
        with cast.in_scope(world):
            WebhookDelivery.objects.filter(id=delivery.id).update(**ended)

    def state() -> str:
        with cast.in_scope(world):
            return WebhookDelivery.objects.get(id=delivery.id).state

    fail()
    page = browser.post(f"{path}deliveries/{delivery.id}/replay/", follow=True)
    assert "goes out again" in page.content.decode()
    assert state() == "pending"
    fail()
    since = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    page = browser.post(f"{path}replay/", {"since": since}, follow=True)
    assert "goes out again" in page.content.decode()
    assert state() == "pending"


def test_tells_what_a_switched_off_webhook_refuses(world: cast.World, browser: Client) -> None:
    webhook = make(world)
    path = f"{LIST}{webhook.public_id}/"
    browser.post(f"{path}switch/")
    page = browser.post(f"{path}ping/", follow=True).content.decode()
    assert "Enable it first" in page


def test_waits_for_a_second_person_where_policy_asks() -> None:
    governed = cast.world(accept_attested_votes=True)
    governed.member("bob", "super-admin")
    client = signed_in(governed, "super-admin")
    page = client.post(f"{LIST}create/", form(), follow=True).content.decode()
    assert "This waits for approval" in page
    with cast.in_scope(governed):
        assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("role", "reads", "edits"),
    [
        ("super-admin", True, True),
        ("workspace-maintainer", True, True),
        ("workspace-auditor", True, False),
        ("security-officer", True, False),
        ("support", False, False),
        ("member", False, False),
    ],
)
def test_shows_and_does_what_the_role_lets(
    world: cast.World, role: str, reads: bool, edits: bool
) -> None:
    webhook = make(world)
    delivery = sent(world, webhook)
    client, path = signed_in(world, role), f"{LIST}{webhook.public_id}/"
    log = f"{path}deliveries/"
    for address in (LIST, path, log, f"{log}{delivery.id}/"):
        assert client.get(address).status_code == (200 if reads else 403), address
    forms = ("edit/", "switch/", "delete/", "replay/")
    for address in (f"{LIST}create/", f"{LIST}rotate-key/", *(f"{path}{each}" for each in forms)):
        assert client.get(address).status_code == (200 if edits else 403), address
        if not edits:
            assert client.post(address, form()).status_code == 403, address
    for address in (f"{path}ping/", f"{log}{delivery.id}/replay/"):
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == (302 if edits else 403), address
    if reads and not edits:
        page = client.get(path).content.decode()
        assert "Delete…" not in page
        assert "Send a ping" not in page


def test_knows_no_webhook_of_another_scope(world: cast.World, browser: Client) -> None:
    elsewhere = cast.world()
    foreign, own = make(elsewhere), make(world)
    theirs = sent(elsewhere, foreign)
    path, mine = f"{LIST}{foreign.public_id}/", f"{LIST}{own.public_id}/"
    for each in ("", "edit/", "switch/", "delete/", "replay/", "deliveries/"):
        assert browser.get(f"{path}{each}").status_code == 404, each
    for each in ("edit/", "switch/", "delete/", "replay/", "ping/"):
        assert browser.post(f"{path}{each}", form()).status_code == 404, each
    for each in (path, mine):
        assert browser.get(f"{each}deliveries/{theirs.id}/").status_code == 404
        assert browser.post(f"{each}deliveries/{theirs.id}/replay/").status_code == 404
    with cast.in_scope(elsewhere):
        assert Webhook.objects.get().status == "active"


def test_changes_nothing_by_looking(world: cast.World, browser: Client) -> None:
    webhook = make(world)
    delivery = sent(world, webhook)
    path = f"{LIST}{webhook.public_id}/"

    def events() -> int:
        with cast.in_scope(world):
            return AuditEvent.objects.count()

    before = events()
    forms = ("", "edit/", "switch/", "delete/", "replay/", "deliveries/")
    for each in (LIST, f"{LIST}create/", f"{LIST}rotate-key/", *(f"{path}{it}" for it in forms)):
        assert browser.get(each).status_code == 200, each
    assert browser.get(f"{path}deliveries/{delivery.id}/").status_code == 200
    assert events() == before
    with cast.in_scope(world):
        assert Webhook.objects.get().version == webhook.version


def test_asks_again_who_it_is_before_dangerous_acts(world: cast.World, browser: Client) -> None:
    webhook = make(world)
    path = f"{LIST}{webhook.public_id}/"
    forget_the_proof(browser)
    for each in ("delete/", "switch/", "edit/", "replay/"):
        answer = browser.post(f"{path}{each}", form())
        assert answer["Location"].startswith("/admin/reauthenticate/"), each
    for each in ("rotate-key/", "create/"):
        answer = browser.post(f"{LIST}{each}", form())
        assert answer["Location"].startswith("/admin/reauthenticate/"), each
    assert browser.get(path).status_code == 200


def test_shows_hostile_texts_as_texts(world: cast.World, browser: Client) -> None:
    url = "https://receiver.example/'<script>alert(1)</script>"
    webhook = make(world, url, description="<img src=x onerror=alert(1)>")
    path = f"{LIST}{webhook.public_id}/"
    for each in (LIST, path, f"{path}delete/", f"{path}switch/", f"{path}edit/"):
        page = browser.get(each).content.decode()
        assert "<script>alert" not in page, each
        assert "<img src=x" not in page, each
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, each


def test_gives_the_snippet_of_the_page_about_webhooks(world: cast.World, browser: Client) -> None:
    make(world)
    snippet = browser.get(LIST).context["snippet"]
    documented = (ROOT / "docs" / "webhooks.md").read_text()
    body = documented.split("```python\n")[1].split("```")[0].split('"""Raises')[1]
    assert snippet.split('"""Raises')[1].strip() == body.strip()
    compile(snippet, "verify.py", "exec")
