"""Changes of a scope's own row and the record of everything else in it never wait for each other.

Every event refers to its scope, so PostgreSQL looks at the scope's row when one is written.
"""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from identity import actor
from identity.models import ServerKey
from identity.scoping import current
from identity.services import audit, audit_trail, scopes, server_keys, token_keys
from tests.races import together

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WRITERS, ROUNDS = 8, 12


@pytest.mark.django_db(transaction=True)
def test_changes_a_scope_while_events_are_written() -> None:
    scope = scopes.create(slug="acme", name="Acme", now=NOW)
    by = actor.system(scope.id)

    def write(number: int) -> None:
        for turn in range(ROUNDS):
            if number < 2:
                scopes.change_settings(changes={"max_devices": 1 + turn % 20}, by=by, now=NOW)
            elif number < 4:
                server_keys.rotate(purpose=ServerKey.Purpose.SIGNATURE, by=by, now=NOW)
            else:
                with current.in_scope(scope.id), transaction.atomic():
                    audit.record("device.seen", by=by, subject=("device", str(number)), now=NOW)

    assert together.run(write, count=WRITERS) == [None] * WRITERS
    with current.in_scope(scope.id):
        assert audit_trail.verify().last_seq > WRITERS


@pytest.mark.django_db(transaction=True)
def test_two_first_readers_of_token_keys_are_shown_one_key() -> None:
    scope = scopes.create(slug="acme", name="Acme", now=NOW)

    def read(_: int) -> list[str]:
        with current.in_scope(scope.id):
            return [kid for kid, _ in token_keys.published(now=NOW)]

    first, *others = together.run(read, count=WRITERS)
    assert len(first) == 1
    assert others == [first] * (WRITERS - 1)
