"""Webhooks are delivered: signed, tried again, given up, never from one scope to another."""

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from identity import webhook_queries
from identity.crypto.errors import SignatureInvalid
from identity.management import courier
from identity.models import AuditEvent, WebhookDelivery
from identity.scoping import current
from identity.services import (
    scopes,
    webhook_deliveries,
    webhook_keys,
    webhook_pace,
    webhook_results,
    webhooks,
)
from tests import letters
from tests.letters import HURRIED, House
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)

PATIENT = dataclasses.replace(webhook_pace.USUAL, first_rest=0.0, longest_rest=0.0)


@pytest.fixture
def house() -> House:
    return House.build("acme")


def publics(house: House) -> list[str]:
    with current.in_scope(house.scope_id):
        return [key.public for key in webhook_queries.keys(now=letters.now())]


def first_attempt(house: House, webhook: UUID) -> webhook_queries.AttemptRow:
    (detail,) = house.details(webhook)
    return detail.attempts[0]


class TestMessages:
    def test_tell_what_the_event_holds_and_are_signed(self, house: House) -> None:
        with Mailbox() as mailbox:
            house.webhook(mailbox.url)
            (event_id,) = house.open_doors()
            assert letters.sweep() == 1
        (message,) = mailbox.taken
        assert message.id == event_id
        assert message.headers["content-type"] == "application/json"
        (public,) = publics(house)
        message.verify(public)
        with current.in_scope(house.scope_id):
            event = AuditEvent.objects.get(id=event_id)
        assert message.json == {
            "type": "door.opened",
            "timestamp": event.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "data": {
                "id": event_id,
                "scope": str(house.scope_id),
                "sequence": event.sequence,
                "subject": {"kind": "door", "id": "0"},
                "actor": {"kind": "system"},
                "facts": {"number": 0},
            },
        }

    def test_carry_two_signatures_while_the_key_is_rotated(self, house: House) -> None:
        with Mailbox() as mailbox:
            house.webhook(mailbox.url)
            (old,) = publics(house)
            with current.in_scope(house.scope_id):
                webhook_keys.rotate(by=house.by, now=letters.now())
            house.open_doors()
            letters.sweep()
        (message,) = mailbox.taken
        new = publics(house)[0]
        assert new != old
        for public in (new, old):
            message.verify(public)

    def test_are_not_those_of_another_scope(self, house: House) -> None:
        other = House.build("charlies")
        with Mailbox() as ours, Mailbox() as theirs:
            house.webhook(ours.url)
            other.webhook(theirs.url)
            house.open_doors(2)
            other.open_doors(1)
            letters.sweep()
        assert (len(ours.taken), len(theirs.taken)) == (2, 1)
        assert {message.json["data"]["scope"] for message in theirs.taken} == {str(other.scope_id)}
        with pytest.raises(SignatureInvalid):
            theirs.taken[0].verify(publics(house)[0])

    def test_arrive_within_a_second_or_so(self, house: House) -> None:
        with Mailbox() as mailbox:
            house.webhook(mailbox.url)
            working = courier.Courier()
            working.start()
            try:
                house.open_doors(20)
                letters.until(lambda: len(mailbox.taken) == 20, seconds=5)
            finally:
                working.stop()
        assert house.states() == {"delivered": 20}


class TestFailures:
    @pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
    def test_are_tried_again_by_the_schedule(self, status: int, house: House) -> None:
        with Mailbox(status, Location="http://127.0.0.1:1/") as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            letters.sweep(pace=PATIENT)
            (detail,) = house.details(webhook)
        (attempt,) = detail.attempts
        assert attempt.status == status
        assert attempt.error
        assert detail.delivery.state == "pending"
        wait = (detail.delivery.due_at - attempt.at).total_seconds()
        assert 5 <= wait <= 6.001
        assert len(mailbox.refused) == 1

    def test_end_after_the_last_try_and_can_be_replayed(self, house: House) -> None:
        pace = dataclasses.replace(PATIENT, retries=(0.0, 0.0))
        with Mailbox(500) as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            for _ in range(5):
                letters.sweep(pace=pace)
            assert len(mailbox.refused) == 3
            (detail,) = house.details(webhook)
            assert (detail.delivery.state, detail.delivery.attempts) == ("failed", 3)
            mailbox.status = 204
            with current.in_scope(house.scope_id):
                webhooks.replay(
                    public_id=webhook,
                    delivery_id=detail.delivery.id,
                    by=house.by,
                    now=letters.now(),
                )
            letters.sweep(pace=pace)
            (detail,) = house.details(webhook)
        assert detail.delivery.state == "delivered"
        assert [attempt.number for attempt in detail.attempts] == [1, 2, 3, 4]
        assert mailbox.ids == [mailbox.refused[0].id]

    def test_that_were_given_up_are_replayed_together(self, house: House) -> None:
        pace = dataclasses.replace(PATIENT, retries=())
        with Mailbox(500) as mailbox:
            webhook = house.webhook(mailbox.url)
            waiting = house.open_doors(3)
            for _ in range(4):
                letters.sweep(pace=pace)
            assert house.states() == {"failed": 3}
            mailbox.status = 200
            with current.in_scope(house.scope_id):
                since = letters.now() - timedelta(minutes=1)
                by, at = house.by, letters.now()
                later = at + timedelta(minutes=1)
                assert not webhooks.replay_failed(public_id=webhook, since=later, by=by, now=at)
                count = webhooks.replay_failed(public_id=webhook, since=since, by=by, now=at)
            assert count == 3
            letters.sweep(pace=pace)
        assert sorted(mailbox.ids) == sorted(waiting)

    def test_give_the_receiver_a_rest_without_using_up_tries(self, house: House) -> None:
        with Mailbox(500) as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors(10)
            assert letters.sweep(pace=webhook_pace.USUAL) == 8
            assert letters.sweep(pace=webhook_pace.USUAL) == 0
            row = house.row(webhook)
            assert row.failures == 1
            assert row.paused_until is not None
            # Whoever failed last is tried with one message.
            at = row.paused_until
            claim = self.claimed(at)
            assert len(webhook_deliveries.letters(claim, now=at, pace=HURRIED)) == 1

    def claimed(self, at: datetime) -> webhook_deliveries.Claim:
        (due,) = webhook_deliveries.due(now=at, most=10)
        claim = webhook_deliveries.claim(due, now=at, pace=HURRIED)
        assert claim is not None
        return claim

    @pytest.mark.parametrize(("asked", "seconds"), [("120", 120), ("999999999", 3600), ("x", 2)])
    def test_honour_retry_after_within_bounds(
        self, asked: str, seconds: float, house: House
    ) -> None:
        with Mailbox(503, Retry_After=asked) as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            before = letters.now()
            letters.sweep(pace=webhook_pace.USUAL)
        paused_until = house.row(webhook).paused_until
        assert paused_until is not None
        rest = (paused_until - before).total_seconds()
        assert seconds <= rest <= seconds * 1.2 + 3

    def test_say_what_was_answered_without_secrets(self, house: House) -> None:
        with Mailbox(500) as mailbox:
            mailbox.answer = b"\x00\x1b[31m<b>no</b> Bearer abcdefghijk " + b"x" * 5000
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            letters.sweep()
        attempt = first_attempt(house, webhook)
        assert attempt.answer.endswith("x")
        assert len(attempt.answer) <= webhook_results.MOST_ANSWER
        assert "abcdefghijk" not in attempt.answer
        assert attempt.answer.isprintable()
        assert attempt.milliseconds >= 0

    def test_are_told_in_words_when_nobody_answers(self, house: House) -> None:
        with Mailbox() as mailbox:
            url = mailbox.url
        webhook = house.webhook(url)
        house.open_doors()
        letters.sweep()
        attempt = first_attempt(house, webhook)
        assert (attempt.status, attempt.error) == (None, "No connection could be made.")


class TestSwitchingOff:
    def test_happens_at_once_when_the_receiver_is_gone(self, house: House) -> None:
        with Mailbox(410) as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            letters.sweep()
        assert (house.row(webhook).status, house.row(webhook).reason) == ("disabled", "gone")
        assert house.states() == {"failed": 1}
        assert house.open_doors() == []

    def test_happens_after_days_of_failing_and_is_an_alarm(self, house: House) -> None:
        with Mailbox(500) as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors(5)
            letters.sweep()
            pace = dataclasses.replace(HURRIED, give_up_after=timedelta(0))
            letters.until(lambda: letters.sweep(pace=pace) > 0)
            assert house.row(webhook).reason == "failing"
            with current.in_scope(house.scope_id):
                event = AuditEvent.objects.get(name="webhook.switched-off")
            assert event.facts["alarm"] is True
            assert event.subject_id == str(webhook)
            assert letters.sweep() == 0
            # What waits is not lost: it goes out when somebody enables it again.
            mailbox.status = 200
            house.switch(webhook, "active")
            letters.until(lambda: letters.sweep() >= 0 and "pending" not in house.states())
        assert house.states() == {"delivered": 5}


class TestStopping:
    def test_a_disabled_webhook_gets_nothing_more(self, house: House) -> None:
        with Mailbox() as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors(10)
            (due,) = webhook_deliveries.due(now=letters.now(), most=1)
            claim = webhook_deliveries.claim(due, now=letters.now(), pace=HURRIED)
            assert claim is not None
            house.switch(webhook, "disabled")
            assert webhook_deliveries.letters(claim, now=letters.now(), pace=HURRIED) == []
            webhook_deliveries.release(claim)
            assert letters.sweep() == 0
            house.switch(webhook, "active")
            assert letters.sweep() == 10
        assert len(mailbox.taken) == 10

    def test_a_deleted_webhook_gets_nothing_more(self, house: House) -> None:
        with Mailbox() as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            (due,) = webhook_deliveries.due(now=letters.now(), most=1)
            claim = webhook_deliveries.claim(due, now=letters.now(), pace=HURRIED)
            assert claim is not None
            with current.in_scope(house.scope_id):
                webhooks.delete(public_id=webhook, by=house.by, now=letters.now())
            assert webhook_deliveries.letters(claim, now=letters.now(), pace=HURRIED) == []
            assert letters.sweep() == 0
        assert mailbox.taken == []

    def test_a_suspended_scope_sends_nothing_until_it_is_active_again(self, house: House) -> None:
        with Mailbox() as mailbox:
            house.webhook(mailbox.url)
            house.open_doors()
            (due,) = webhook_deliveries.due(now=letters.now(), most=1)
            claim = webhook_deliveries.claim(due, now=letters.now(), pace=HURRIED)
            assert claim is not None
            scopes.suspend(by=house.by, now=letters.now())
            assert webhook_deliveries.letters(claim, now=letters.now(), pace=HURRIED) == []
            webhook_deliveries.release(claim)
            assert letters.sweep() == 0
            assert mailbox.taken == []
            scopes.activate(by=house.by, now=letters.now())
            assert letters.sweep() == 1

    def test_an_address_that_became_private_is_not_called(
        self, house: House, settings: object
    ) -> None:
        with Mailbox() as mailbox:
            webhook = house.webhook(mailbox.url)
            house.open_doors()
            settings.FETCH_ALLOW = []  # type: ignore[attr-defined]
            letters.sweep()
        assert mailbox.taken == []
        attempt = first_attempt(house, webhook)
        assert "not public" in attempt.error


class TestManyReceivers:
    def test_a_dead_one_holds_up_nobody(self, house: House) -> None:
        with Mailbox() as slow, Mailbox() as quick:
            slow.pause = 1.0
            pace = dataclasses.replace(HURRIED, seconds=0.3)
            for _ in range(3):
                house.webhook(slow.url)
            house.webhook(quick.url)
            with letters.delivering(pace):
                house.open_doors(50)
                letters.until(lambda: len(quick.taken) == 50, seconds=10)
        assert len(slow.taken) < 60

    def test_loses_none_of_a_thousand(self, house: House) -> None:
        with Mailbox(503) as mailbox:
            webhook = house.webhook(mailbox.url)
            expected = house.open_doors(1000)
            with letters.delivering():
                letters.until(lambda: house.row(webhook).failures >= 3)
                mailbox.status = 200
                letters.until(lambda: len(mailbox.taken) >= 1000, seconds=90)
                letters.until(lambda: "pending" not in house.states())
        assert house.states() == {"delivered": 1000}
        assert sorted(mailbox.ids) == sorted(expected)


def test_forgets_old_deliveries_with_their_attempts(house: House) -> None:
    with Mailbox() as mailbox:
        webhook = house.webhook(mailbox.url)
        house.open_doors(2)
        letters.sweep()
    assert webhook_results.purge(now=letters.now()) == 0
    assert webhook_results.purge(now=letters.now() + webhook_results.KEEP) == 3 - 1
    assert house.details(webhook) == []
    with current.in_scope(house.scope_id):
        assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("", 0), ("7", 7), ("-7", 0), ("1.5", 0), ("\u0667", 0), ("soon", 0)),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_reads_retry_after_in_both_forms(value: str, seconds: float) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert courier.retry_after(value, now=now) == seconds


def test_waits_as_standard_webhooks_recommends() -> None:
    pace = dataclasses.replace(webhook_pace.USUAL, jitter=0.0)
    waits = [wait.total_seconds() for tries in range(1, 11) if (wait := pace.wait(tries))]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    rests = [pace.rest(failures, 0).total_seconds() for failures in range(1, 11)]
    assert rests == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
