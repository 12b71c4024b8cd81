"""A command under one idempotency key is done once and answered alike."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from identity import ids
from identity.errors import IdempotencyConflict, Invalid
from identity.models import IdempotencyRecord, Scope
from identity.scoping import current
from identity.services import idempotency

DIGEST, OTHER_DIGEST = "a" * 64, "b" * 64
SECRET = b'{"invite_string":"inv_secret"}'


def _once(device: UUID, now: datetime, *, digest: str = DIGEST, key: str = "key") -> bytes | None:
    with transaction.atomic():
        outcome = idempotency.begin(device_id=device, key=key, request_digest=digest, now=now)
        if outcome is None:
            idempotency.finish(device_id=device, key=key, outcome=SECRET)
        return outcome


def test_is_done_once_and_answered_alike(inside: Scope, now: datetime) -> None:
    device = ids.new()
    assert _once(device, now) is None
    assert _once(device, now) == SECRET
    assert _once(device, now + timedelta(hours=23, minutes=59)) == SECRET


def test_refuses_the_key_for_another_request(inside: Scope, now: datetime) -> None:
    device = ids.new()
    _once(device, now)
    with pytest.raises(IdempotencyConflict):
        _once(device, now, digest=OTHER_DIGEST)
    assert _once(device, now) == SECRET


def test_is_done_anew_after_24_hours(inside: Scope, now: datetime) -> None:
    device = ids.new()
    _once(device, now)
    later = now + timedelta(hours=24)
    assert _once(device, later, digest=OTHER_DIGEST) is None
    assert _once(device, later, digest=OTHER_DIGEST) == SECRET
    assert IdempotencyRecord.objects.get().expires_at == later + timedelta(hours=24)


def test_leaves_nothing_when_the_command_fails(inside: Scope, now: datetime) -> None:
    device = ids.new()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert (
            idempotency.begin(device_id=device, key="key", request_digest=DIGEST, now=now) is None
        )
        raise ZeroDivisionError
    assert not IdempotencyRecord.objects.exists()
    assert _once(device, now, digest=OTHER_DIGEST) is None


def test_keeps_devices_and_scopes_apart(acme: Scope, charlies: Scope, now: datetime) -> None:
    device = ids.new()
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            assert _once(device, now) is None
            assert _once(ids.new(), now, digest=OTHER_DIGEST) is None


def test_seals_the_outcome(inside: Scope, now: datetime) -> None:
    _once(ids.new(), now)
    sealed = IdempotencyRecord.objects.get().sealed_outcome
    assert sealed is not None
    assert b"inv_secret" not in bytes(sealed)


def test_refuses_a_claim_that_is_open_in_this_transaction(inside: Scope, now: datetime) -> None:
    device = ids.new()
    with transaction.atomic():
        idempotency.begin(device_id=device, key="key", request_digest=DIGEST, now=now)
        with pytest.raises(IdempotencyConflict):
            idempotency.begin(device_id=device, key="key", request_digest=DIGEST, now=now)


def test_finishes_only_what_was_claimed(inside: Scope, now: datetime) -> None:
    device = ids.new()
    with pytest.raises(RuntimeError):
        idempotency.finish(device_id=device, key="key", outcome=SECRET)
    _once(device, now)
    with pytest.raises(RuntimeError):
        idempotency.finish(device_id=device, key="key", outcome=b"another")
    assert _once(device, now) == SECRET


@pytest.mark.parametrize("key", ["", "k" * 129, "k\x00"])
def test_refuses_unfit_keys(key: str, inside: Scope, now: datetime) -> None:
    with pytest.raises(Invalid):
        _once(ids.new(), now, key=key)


@pytest.mark.django_db(transaction=True)
def test_needs_a_transaction(acme: Scope, now: datetime) -> None:
    with current.in_scope(acme.id), pytest.raises(RuntimeError):
        idempotency.begin(device_id=ids.new(), key="key", request_digest=DIGEST, now=now)
