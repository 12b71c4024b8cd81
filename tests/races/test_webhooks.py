"""Couriers at the same time: one has the lease, and no message goes out twice without cause."""

from collections import Counter

import pytest

from identity.models import AuditHead, WebhookDelivery
from identity.scoping import current
from identity.services import audit_trail, webhook_deliveries, webhook_keys, webhooks
from tests import letters
from tests.letters import HURRIED, House
from tests.mailbox import Mailbox
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_many_couriers_gets_the_lease() -> None:
    house = House.build("acme")
    house.webhook("https://hooks.example.org/")
    house.open_doors()
    (due,) = webhook_deliveries.due(now=letters.now(), most=1)

    def claim(number: int) -> webhook_deliveries.Claim | None:
        return webhook_deliveries.claim(due, now=letters.now(), pace=HURRIED)

    ends = together.run(claim, count=20)
    assert sum(isinstance(end, webhook_deliveries.Claim) for end in ends) == 1
    assert ends.count(None) == 19


def test_two_couriers_deliver_each_message_once() -> None:
    house = House.build("acme")
    with Mailbox() as first, Mailbox() as second:
        for mailbox in (first, second):
            house.webhook(mailbox.url)
        house.open_doors(100)
        with letters.delivering(), letters.delivering(), letters.delivering():
            house.open_doors(50)
            letters.until(lambda: "pending" not in house.states())
        for mailbox in (first, second):
            assert len(mailbox.taken) == 150
            assert set(Counter(mailbox.ids).values()) == {1}
    assert house.states() == {"delivered": 300}


def test_a_lost_lease_is_noticed() -> None:
    house = House.build("acme")
    with Mailbox() as mailbox:
        house.webhook(mailbox.url)
        house.open_doors()
        at = letters.now()
        (due,) = webhook_deliveries.due(now=at, most=1)
        first = webhook_deliveries.claim(due, now=at, pace=HURRIED)
        assert first is not None
        later = at + HURRIED.lease
        second = webhook_deliveries.claim(due, now=later, pace=HURRIED)
        assert second is not None
        assert webhook_deliveries.letters(first, now=later, pace=HURRIED) == []
        webhook_deliveries.release(first)
        (letter,) = webhook_deliveries.letters(second, now=later, pace=HURRIED)
        assert letter.url == mailbox.url


def test_events_and_new_webhooks_at_the_same_time_miss_nothing_afterwards() -> None:
    house = House.build("acme")

    def act(number: int) -> None:
        if number % 2:
            house.webhook("https://hooks.example.org/")
        else:
            house.open_doors()

    ends = together.run(act, count=12)
    assert not [end for end in ends if isinstance(end, Exception)]
    with current.in_scope(house.scope_id):
        assert AuditHead.objects.get().has_listeners
        before = WebhookDelivery.objects.count()
    house.open_doors()
    with current.in_scope(house.scope_id):
        assert WebhookDelivery.objects.count() == before + 6
        audit_trail.verify()


def test_rotations_at_the_same_time_leave_one_active_key() -> None:
    house = House.build("acme")

    def rotate(number: int) -> None:
        with current.in_scope(house.scope_id):
            webhook_keys.rotate(by=house.by, now=letters.now())

    ends = together.run(rotate, count=8)
    assert ends == [None] * 8
    with current.in_scope(house.scope_id):
        statuses = [key.status for key in webhook_keys.in_use(now=letters.now())]
    assert statuses == ["active", "retiring"]


def test_no_more_webhooks_than_allowed() -> None:
    house = House.build("acme")
    for _ in range(webhooks.MOST - 1):
        house.webhook("https://hooks.example.org/")
    ends = together.run(lambda number: house.webhook("https://hooks.example.org/"), count=8)
    refused = [end for end in ends if isinstance(end, webhooks.TooManyWebhooks)]
    assert len(refused) == 7
