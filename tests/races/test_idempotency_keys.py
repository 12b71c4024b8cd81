"""Of many repeats of one command at the same time one does it and all get its answer."""

import itertools
from datetime import UTC, datetime

import pytest
from django.db import transaction

from identity import ids
from identity.errors import IdempotencyConflict
from identity.models import IdempotencyRecord, Scope
from identity.scoping import current
from identity.services import idempotency, scopes
from tests.races import together

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None) -> Scope:
    return scopes.create(slug="acme", name="Acme", now=NOW)


def test_does_the_command_once_and_answers_all_alike(acme: Scope) -> None:
    device, done = ids.new(), itertools.count(1)

    def command(number: int) -> bytes:
        with current.in_scope(acme.id), transaction.atomic():
            answer = idempotency.begin(
                device_id=device, key="key", request_digest="a" * 64, now=NOW
            )
            if answer is None:
                answer = b"done %d" % next(done)
                idempotency.finish(device_id=device, key="key", outcome=answer)
            return answer

    assert together.run(command, count=20) == [b"done 1"] * 20
    with current.in_scope(acme.id):
        assert IdempotencyRecord.objects.count() == 1


def test_lets_the_next_one_do_it_when_the_first_fails(acme: Scope) -> None:
    device, tries = ids.new(), itertools.count(1)

    def command(number: int) -> bytes:
        with current.in_scope(acme.id), transaction.atomic():
            answer = idempotency.begin(
                device_id=device, key="key", request_digest="a" * 64, now=NOW
            )
            if answer is None:
                if next(tries) <= 3:
                    raise ZeroDivisionError
                answer = b"done"
                idempotency.finish(device_id=device, key="key", outcome=answer)
            return answer

    ends = together.run(command, count=12)
    assert sorted(type(end).__name__ for end in ends) == [
        *["ZeroDivisionError"] * 3,
        *["bytes"] * 9,
    ]
    assert {end for end in ends if isinstance(end, bytes)} == {b"done"}


def test_takes_one_of_many_requests_under_one_key(acme: Scope) -> None:
    device = ids.new()

    def command(number: int) -> bytes | None:
        with current.in_scope(acme.id), transaction.atomic():
            answer = idempotency.begin(
                device_id=device, key="key", request_digest=f"{number:064x}", now=NOW
            )
            if answer is None:
                idempotency.finish(device_id=device, key="key", outcome=b"done")
            return answer

    ends = together.run(command, count=12)
    assert ends.count(None) == 1
    assert [type(end) for end in ends if end is not None] == [IdempotencyConflict] * 11
