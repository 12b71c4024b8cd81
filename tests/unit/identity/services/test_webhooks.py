"""Webhooks of a scope: made, changed, removed; events are queued in their own transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from identity import actor, errors, ids, webhook_queries
from identity.actor import Actor
from identity.models import (
    AuditEvent,
    AuditHead,
    Scope,
    Webhook,
    WebhookDelivery,
    WebhookKey,
)
from identity.paging import After, CursorInvalid
from identity.scoping import current
from identity.services import audit, audit_trail, webhook_keys, webhook_patterns, webhooks
from identity.services.outside import AddressRefused

URL = "https://hooks.example.org/countersign?key=abc"
DAY = timedelta(days=1)


def made(by: Actor, now: datetime, *events: str, url: str = URL) -> Webhook:
    return webhooks.create(public_id=ids.new(), url=url, events=events or ("*",), by=by, now=now)


def happen(by: Actor, now: datetime, *names: str) -> None:
    with transaction.atomic():
        for name in names:
            audit.record(name, by=by, subject=("thing", "1"), now=now, facts={"colour": "red"})


def queued(webhook: Webhook) -> list[str]:
    rows = WebhookDelivery.objects.filter(webhook_id=webhook.id).order_by("sequence")
    return list(rows.values_list("event_name", flat=True))


class TestPatterns:
    @pytest.mark.parametrize(
        ("patterns", "name", "is_wanted"),
        [
            (["*"], "proposal.executed", True),
            (["proposal.executed"], "proposal.executed", True),
            (["proposal.*"], "proposal.executed", True),
            (["proposal.*"], "proposals.executed", False),
            (["recipient.*"], "recipient-group.created", False),
            (["user.created", "device.*"], "device.revoked", True),
            ([], "device.revoked", False),
        ],
    )
    def test_choose_events(self, patterns: list[str], name: str, is_wanted: bool) -> None:
        assert webhook_patterns.matches(patterns, name) is is_wanted

    def test_are_kept_once_and_sorted(self) -> None:
        assert webhook_patterns.checked(["b.*", "a.made", "b.*"]) == ["a.made", "b.*"]

    @pytest.mark.parametrize(
        "patterns",
        [
            *([], [""], ["**"], ["a"], ["a."], [".a"], ["*.a"], ["A.b"], ["a.b.c"], ["a.b*"]),
            *(["a b.c"], ["-a.b"], ["a.b\n"], ["a" * 64 + ".b"], [f"a.b{n}" for n in range(51)]),
        ],
    )
    def test_are_refused_in_other_forms(self, patterns: list[str]) -> None:
        with pytest.raises(errors.Invalid):
            webhook_patterns.checked(patterns)


class TestOutbox:
    def test_queues_what_a_webhook_wants_and_nothing_else(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        everything, some = made(by, now), made(by, now, "door.*", "lamp.lit")
        happen(by, now, "door.opened", "lamp.lit", "lamp.broken")
        assert queued(some) == ["door.opened", "lamp.lit"]
        assert queued(everything)[-3:] == ["door.opened", "lamp.lit", "lamp.broken"]
        row = WebhookDelivery.objects.get(webhook_id=some.id, event_name="door.opened")
        event = AuditEvent.objects.get(name="door.opened")
        assert (row.event_id, row.sequence, row.state) == (event.id, event.sequence, "pending")
        audit_trail.verify()

    def test_vanishes_with_the_transaction(self, inside: Scope, by: Actor, now: datetime) -> None:
        webhook = made(by, now, "door.*")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            happen(by, now, "door.opened")
            raise ZeroDivisionError
        assert queued(webhook) == []

    def test_queues_gathered_events(self, inside: Scope, by: Actor, now: datetime) -> None:
        webhook = made(by, now, "door.*")
        with transaction.atomic(), audit.gathered():
            happen(by, now, "door.opened", "door.closed")
            assert queued(webhook) == []
        assert queued(webhook) == ["door.opened", "door.closed"]

    def test_costs_nothing_without_webhooks_and_two_statements_with_any_number(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        def cost() -> int:
            with CaptureQueriesContext(connection) as captured, transaction.atomic():
                happen(by, now, "door.opened")
            statements = [query["sql"] for query in captured.captured_queries]
            return sum("SAVEPOINT" not in sql for sql in statements)

        before = cost()
        webhook = made(by, now, "door.*")
        assert cost() == before + 2
        made(by, now, "door.*")
        assert cost() == before + 2
        for public_id in Webhook.objects.values_list("public_id", flat=True):
            webhooks.delete(public_id=public_id, by=by, now=now)
        assert cost() == before
        assert queued(webhook) == ["door.opened"] * 2

    def test_knows_whether_anybody_listens(self, inside: Scope, by: Actor, now: datetime) -> None:
        def is_heard() -> bool:
            return AuditHead.objects.get().has_listeners

        assert not is_heard()
        webhook = made(by, now)
        assert is_heard()
        for status, expected in (("disabled", False), ("active", True)):
            webhooks.edit(public_id=webhook.public_id, status=status, by=by, now=now)
            assert is_heard() is expected
        webhooks.delete(public_id=webhook.public_id, by=by, now=now)
        assert not is_heard()

    def test_tells_no_other_scope(self, acme: Scope, charlies: Scope, now: datetime) -> None:
        with current.in_scope(charlies.id):
            theirs = made(actor.system(charlies.id), now)
            before = queued(theirs)
        with current.in_scope(acme.id):
            happen(actor.system(acme.id), now, "door.opened")
            assert WebhookDelivery.objects.count() == 0
        with current.in_scope(charlies.id):
            assert queued(theirs) == before


class TestMaking:
    def test_makes_the_key_with_the_first_one(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        assert webhook_queries.keys(now=now) == []
        made(by, now)
        made(by, now)
        (key,) = webhook_queries.keys(now=now)
        assert key.public.startswith("whpk_")
        assert WebhookKey.objects.get().public == key.public

    def test_is_the_same_when_it_is_asked_for_again(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        public_id = ids.new()
        asked: dict[str, Any] = {"public_id": public_id, "url": URL, "by": by, "now": now}
        first = webhooks.create(events=["b.*", "a.made"], **asked)
        assert webhooks.create(events=["a.made", "b.*"], **asked).id == first.id
        with pytest.raises(errors.Conflict):
            webhooks.create(events=["a.made"], **asked)
        assert AuditEvent.objects.filter(name="webhook.created").count() == 1

    def test_records_the_host_and_not_what_may_give_access(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        webhook = made(by, now)
        event = AuditEvent.objects.get(name="webhook.created")
        assert event.subject_id == str(webhook.public_id)
        assert event.facts["host"] == "hooks.example.org"
        assert "abc" not in str(event.facts)

    def test_has_a_limit(self, inside: Scope, by: Actor, now: datetime) -> None:
        for _ in range(webhooks.MOST):
            made(by, now)
        with pytest.raises(webhooks.TooManyWebhooks):
            made(by, now)

    @pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://a@b.test/", "ftp://a.test/", ""])
    def test_refuses_addresses_that_are_never_called(
        self, url: str, inside: Scope, by: Actor, now: datetime
    ) -> None:
        with pytest.raises(AddressRefused):
            made(by, now, url=url)
        assert not Webhook.objects.exists()

    @pytest.mark.parametrize("description", ["x" * 201, "two\nlines", "\x00"])
    def test_refuses_descriptions_that_are_no_line(
        self, description: str, inside: Scope, by: Actor, now: datetime
    ) -> None:
        with pytest.raises(errors.Invalid):
            webhooks.create(
                public_id=ids.new(), url=URL, events=["*"], description=description, by=by, now=now
            )


class TestChanging:
    def test_changes_what_is_given(self, inside: Scope, by: Actor, now: datetime) -> None:
        webhook = made(by, now, "a.made")
        webhooks.edit(
            public_id=webhook.public_id, url="https://other.example.org/", by=by, now=now + DAY
        )
        row = webhook_queries.webhook(webhook.public_id)
        assert (row.url, row.events, row.version) == ("https://other.example.org/", ["a.made"], 2)
        facts = AuditEvent.objects.get(name="webhook.edited").facts
        assert (facts["host"], facts["old_host"]) == ("other.example.org", "hooks.example.org")

    def test_writes_nothing_for_a_disabled_one(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        webhook = made(by, now, "door.*")
        webhooks.edit(public_id=webhook.public_id, status="disabled", by=by, now=now)
        happen(by, now, "door.opened")
        assert queued(webhook) == []
        assert webhook_queries.webhook(webhook.public_id).reason == "by-hand"
        for act in (
            lambda: webhooks.ping(public_id=webhook.public_id, by=by, now=now),
            lambda: webhooks.replay_failed(public_id=webhook.public_id, since=now, by=by, now=now),
        ):
            with pytest.raises(webhooks.WebhookDisabled):
                act()

    def test_gives_up_what_waits_when_it_is_deleted(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        webhook = made(by, now, "door.*")
        happen(by, now, "door.opened")
        webhooks.delete(public_id=webhook.public_id, by=by, now=now)
        assert not WebhookDelivery.objects.filter(state="pending").exists()
        with pytest.raises(errors.Missing):
            webhook_queries.deliveries_window(webhook.public_id, After())

    def test_reaches_no_webhook_of_another_scope(
        self, acme: Scope, charlies: Scope, now: datetime
    ) -> None:
        with current.in_scope(charlies.id):
            theirs = made(actor.system(charlies.id), now)
        by = actor.system(acme.id)
        asked: dict[str, Any] = {"public_id": theirs.public_id, "by": by, "now": now}
        with current.in_scope(acme.id):
            for act in (
                lambda: webhooks.edit(**asked, status="disabled"),
                lambda: webhooks.delete(**asked),
                lambda: webhooks.ping(**asked),
                lambda: webhooks.replay(**asked, delivery_id=ids.new()),
                lambda: webhook_queries.webhook(theirs.public_id),
            ):
                with pytest.raises(errors.Missing):
                    act()
            assert webhook_queries.all_webhooks() == []
            assert webhook_queries.keys(now=now) == []

    def test_pings_one_whatever_it_listens_to(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        pinged, other = made(by, now, "door.*"), made(by, now, "lamp.*")
        webhooks.ping(public_id=pinged.public_id, by=by, now=now)
        assert queued(pinged) == ["webhook.pinged"]
        assert queued(other) == []


class TestKeys:
    def publics(self, now: datetime) -> Sequence[str]:
        return [key.public for key in webhook_queries.keys(now=now)]

    def test_overlap_while_they_are_rotated(self, inside: Scope, by: Actor, now: datetime) -> None:
        first = webhook_keys.ensure(by=by, now=now)
        second = webhook_keys.rotate(by=by, now=now)
        assert self.publics(now) == [second.public, first.public]
        assert len(webhook_keys.signing_keys(now=now)) == 2
        assert self.publics(now + webhook_keys.OVERLAP) == [second.public]
        third = webhook_keys.rotate(by=by, now=now + DAY)
        assert self.publics(now + DAY) == [third.public, second.public]
        assert webhook_keys.remove_expired(now=now + 20 * DAY) == 1
        assert WebhookKey.objects.get().public == third.public

    def test_are_one_active_at_a_time(self, inside: Scope, by: Actor, now: datetime) -> None:
        key = webhook_keys.ensure(by=by, now=now)
        assert webhook_keys.ensure(by=by, now=now).id == key.id
        key.id = ids.new()
        with pytest.raises(IntegrityError), transaction.atomic():
            key.save(force_insert=True)

    def test_are_sealed_and_out_of_the_record(
        self, inside: Scope, by: Actor, now: datetime
    ) -> None:
        webhook_keys.ensure(by=by, now=now)
        (private,) = webhook_keys.signing_keys(now=now)
        seed = private.key.private_bytes_raw()
        row = WebhookKey.objects.get()
        assert seed not in bytes(row.sealed_private)
        told = str(list(AuditEvent.objects.values_list("facts", flat=True)))
        assert seed.hex() not in told
        assert row.public in told


def test_lists_deliveries_newest_first(inside: Scope, by: Actor, now: datetime) -> None:
    webhook = made(by, now, "door.*")
    happen(by, now, *["door.opened"] * 5)
    first = webhook_queries.deliveries_window(webhook.public_id, After(limit=2))
    assert first.next
    rest = webhook_queries.deliveries_window(webhook.public_id, After(after=first.next))
    assert rest.next is None
    sequences = [row.sequence for row in (*first.rows, *rest.rows)]
    assert sequences == sorted(sequences, reverse=True)
    assert len(set(sequences)) == 5
    failed = After(filters={"state": "failed"})
    assert webhook_queries.deliveries_window(webhook.public_id, failed).rows == []
    for wrong in ({"state": "lost"}, {"colour": "red"}):
        with pytest.raises(errors.Invalid):
            webhook_queries.deliveries_window(webhook.public_id, After(filters=wrong))
    with pytest.raises(CursorInvalid):
        webhook_queries.deliveries_window(webhook.public_id, After(after="?"))
    detail = webhook_queries.delivery_detail(webhook.public_id, first.rows[0].id)
    assert '"type":"door.opened"' in detail.payload
    assert UUID(webhook_queries.described(first.rows[0])["id"]) == first.rows[0].id
