"""The admin's pages about the audit record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from identity import ids
from identity.crypto import audit_chain
from identity.models import AuditCheck, AuditEvent
from identity.scoping import current
from identity.services import audit, audit_checks, server_keys
from tests import cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/identity/auditevent/"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def browser(world: cast.World) -> Client:
    return signed_in(world, "workspace-auditor")


def signed_in(world: cast.World, role: str) -> Client:
    name = f"staff-{ids.new().hex[-8:]}"
    staff.add(world, name, role)
    client = Client()
    staff.sign_in(client, name, world.scope.slug)
    return client


def record(world: cast.World, event: str, count: int = 1, **facts: Any) -> AuditEvent:
    with cast.in_scope(world), transaction.atomic():
        for _ in range(count):
            subject = ("device", "0198f0c2-7d3e-7c4a-9b1e-2f6a3c0a7d11")
            now = datetime.now(UTC)
            audit.record(event, by=world.system, subject=subject, now=now, facts=facts)
        return AuditEvent.objects.latest("sequence")


def names(client: Client, **asked: str) -> list[str]:
    answer = client.get(LIST, asked)
    assert answer.status_code == 200
    return [row.name for row in answer.context["window"].rows]


def spoil(sequence: int) -> None:
    with current.as_owner(why="an attacker in a test"), connection.cursor() as cursor:
        query = "UPDATE identity_auditevent SET name = 'event.else' WHERE sequence = %s"
        cursor.execute(query, [sequence])


def test_finds_events_by_each_filter(world: cast.World, browser: Client) -> None:
    event = record(world, "event.odd", alarm=True)
    record(world, "event.even")
    assert names(browser, q="event.") == ["event.even", "event.odd"]
    assert names(browser, q="event.", alarm="on") == ["event.odd"]
    assert names(browser, q=event.subject_id)[:2] == ["event.even", "event.odd"]
    assert names(browser, q=event.subject_id, kind="device")[:2] == ["event.even", "event.odd"]
    assert names(browser, q=event.subject_id, kind="user") == []
    past, future = (
        f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (-1, 1)
    )
    assert "event.odd" in names(browser, begin=past, end=future)
    assert names(browser, begin=future) == []
    name = browser.get("/admin/").wsgi_request.user.get_username()
    assert set(names(browser, user=name)) == {"staff.signed-in"}
    for wrong in ({"user": "nobody-here"}, {"begin": "yesterday"}, {"kind": "<script>"}):
        page = browser.get(LIST, wrong)
        assert page.status_code == 200
        assert page.context["form"].errors
    assert browser.get(LIST, {"after": "nonsense"}).status_code == 302


def test_leafs_through_a_long_record(world: cast.World, browser: Client) -> None:
    record(world, "event.many", count=120)
    found, address = 0, f"{LIST}?q=event."
    for _ in range(3):
        page = browser.get(address)
        found += len(page.context["window"].rows)
        address = f"{LIST}?{page.context['older']}"
    assert found == 120
    assert "older" in page.context
    assert not page.context["older"]


def test_shows_an_event_in_full(world: cast.World, browser: Client) -> None:
    facts: dict[str, Any] = {
        "name": "<script>alert(1)</script>",
        "events": ["a", "b"],
        "inner": {"x": "<b>"},
    }
    event = record(world, "event.odd", alarm=True, **facts)
    page = browser.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "a, b" in page
    assert event.digest in page
    assert event.previous in page
    assert "No signed head covers it yet" in page
    assert "Alarm." in page


def test_proves_an_event(world: cast.World, browser: Client) -> None:
    event = record(world, "event.odd", count=3)
    assert browser.get(f"{LIST}{event.pk}/proof/").status_code == 405
    page = browser.post(f"{LIST}{event.pk}/proof/").content.decode()
    assert "<strong>Proved.</strong>" in page
    assert f"/v1/audit/{event.sequence}/inclusion" in page
    covered = browser.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "covers it" in covered
    assert browser.get(f"/v1/audit/{event.sequence}/inclusion").status_code == 200
    spoil(event.sequence)
    page = browser.post(f"{LIST}{event.pk}/proof/").content.decode()
    assert "Not proved." in page


def test_verifies_a_short_chain_at_once(world: cast.World, browser: Client) -> None:
    record(world, "event.odd", count=3)
    page = browser.post(f"{LIST}chain/verify/", follow=True).content.decode()
    assert "The chain holds" in page
    assert "staff-" in page
    with cast.in_scope(world):
        check = AuditCheck.objects.get()
        told = AuditEvent.objects.get(name="audit.verified")
    assert (check.state, check.checked) == ("holds", check.up_to)
    assert told.facts == {"up_to": check.up_to, "holds": True, "asked_by": check.asked_by}


def test_names_the_first_bad_event(world: cast.World, browser: Client) -> None:
    event = record(world, "event.odd", count=3)
    spoil(event.sequence - 1)
    page = browser.post(f"{LIST}chain/verify/", follow=True).content.decode()
    assert "The chain does not hold" in page
    with cast.in_scope(world):
        assert AuditCheck.objects.get().first_bad == event.sequence - 1
        told = AuditEvent.objects.get(name="audit.verified")
    assert told.is_alarm
    assert told.facts["first_bad"] == event.sequence - 1


def test_verifies_a_long_chain_as_a_task(
    world: cast.World, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[tuple[Any, Any]] = []
    monkeypatch.setattr(audit_checks, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(audit_checks, "queues", [lambda *given: queued.append(given)])
    page = browser.post(f"{LIST}chain/verify/", follow=True).content.decode()
    assert "verified in the background" in page
    assert "data-progress" in page
    assert browser.get(f"{LIST}chain/progress/").json()["is_busy"]
    page = browser.post(f"{LIST}chain/verify/", follow=True).content.decode()
    assert "A verification is running already." in page
    ((scope_id, check_id),) = queued
    with cast.in_scope(world):
        assert scope_id == world.scope.id
        assert audit_checks.work(check_id, clock=lambda: datetime.now(UTC))
        assert not audit_checks.work(check_id, clock=lambda: datetime.now(UTC))
    state = browser.get(f"{LIST}chain/progress/").json()
    assert state == {"done": state["lines"], "lines": state["lines"], "is_busy": False}


def test_takes_the_place_of_a_verification_that_stands_still(
    world: cast.World, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_checks, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(audit_checks, "queues", [])
    browser.post(f"{LIST}chain/verify/")
    with cast.in_scope(world):
        AuditCheck.objects.update(moved_at=datetime.now(UTC) - audit_checks.PATIENCE)
    assert "It stood still" in browser.get(f"{LIST}chain/").content.decode()
    browser.post(f"{LIST}chain/verify/")
    with cast.in_scope(world):
        states = sorted(AuditCheck.objects.values_list("state", flat=True))
    assert states == ["running", "stopped"]


def test_exports_what_an_auditor_verifies_alone(world: cast.World, browser: Client) -> None:
    record(world, "event.odd", count=1200)
    assert browser.get(f"{LIST}export/").status_code == 200
    answer: Any = browser.post(f"{LIST}export/")
    assert answer.streaming
    assert "attachment" in answer["Content-Disposition"]
    lines = b"".join(answer.streaming_content).decode().splitlines()
    with cast.in_scope(world):
        key = server_keys.client_keys().signature_hex
        last = AuditEvent.objects.latest("sequence")
    assert last.name == "audit.exported"
    report = audit_chain.verify_export(lines, expected_server_key=key)
    assert report.last_seq == last.sequence


def test_shows_the_end_to_be_noted(world: cast.World, browser: Client) -> None:
    event = record(world, "event.odd")
    page = browser.get(f"{LIST}chain/").content.decode()
    assert event.digest in page
    assert "Note number and digest down" in page


@pytest.mark.parametrize(
    ("role", "reads"),
    [("super-admin", True), ("security-officer", True), ("support", False), ("member", False)],
)
def test_shows_and_does_what_the_role_lets(world: cast.World, role: str, reads: bool) -> None:
    event = record(world, "event.odd")
    client = signed_in(world, role)
    for path in ("", "chain/", "chain/progress/", "export/", f"{event.pk}/change/"):
        assert client.get(f"{LIST}{path}").status_code == (200 if reads else 403), path
    for path in ("chain/verify/", "export/", f"{event.pk}/proof/"):
        assert client.post(f"{LIST}{path}").status_code in ({200, 302} if reads else {403}), path


def test_knows_no_event_of_another_scope(world: cast.World, browser: Client) -> None:
    foreign = record(cast.world(), "event.odd")
    assert names(browser, q="event.") == []
    assert browser.post(f"{LIST}{foreign.pk}/proof/").status_code == 404
    assert browser.get(f"{LIST}{foreign.pk}/change/").status_code in {302, 404}


def test_changes_nothing_by_looking(world: cast.World, browser: Client) -> None:
    event = record(world, "event.odd")
    paths = ("", "chain/", "chain/progress/", "export/", f"{event.pk}/change/")
    for path in paths:
        browser.get(f"{LIST}{path}")
    assert browser.get(f"{LIST}chain/verify/").status_code == 405
    with cast.in_scope(world):
        assert AuditEvent.objects.latest("sequence").name == "event.odd"
        assert not AuditCheck.objects.exists()
