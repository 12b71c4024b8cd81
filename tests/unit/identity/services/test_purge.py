"""What has run out goes, in every scope; what has not stays."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from identity import actor, ids
from identity.models import IdempotencyRecord, Scope, SeenNonce, ServerKey
from identity.scoping import current
from identity.services import idempotency, nonces, purge, server_keys
from identity.services.server_keys import ENCRYPTION

MINUTE = timedelta(minutes=1)


def _claim(now: datetime, key: str) -> None:
    with transaction.atomic():
        device = ids.new()
        idempotency.begin(device_id=device, key=key, request_digest="a" * 64, now=now)
        idempotency.finish(device_id=device, key=key, outcome=b"done")


def test_removes_expired_nonces_of_every_scope(
    acme: Scope, charlies: Scope, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "_BATCH", 2)
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            for number in range(5):
                nonces.remember(
                    device_id=ids.new(), nonce=b"n" * 16, expires_at=now - number * MINUTE
                )
            nonces.remember(device_id=ids.new(), nonce=b"n" * 16, expires_at=now + MINUTE)
    assert purge.nonces(now=now) == 10
    assert purge.nonces(now=now) == 0
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            assert SeenNonce.objects.get().expires_at == now + MINUTE


def test_removes_outcomes_after_24_hours(acme: Scope, charlies: Scope, now: datetime) -> None:
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            _claim(now - timedelta(hours=24), "old")
            _claim(now, "new")
    assert purge.idempotency_records(now=now) == 2
    with current.across_scopes(why="test"):
        assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"new"}


def test_does_everything_at_once(acme: Scope, charlies: Scope, now: datetime) -> None:
    with current.in_scope(acme.id):
        server_keys.rotate(purpose=ENCRYPTION, by=actor.system(acme.id), now=now)
        nonces.remember(device_id=ids.new(), nonce=b"n" * 16, expires_at=now)
    later = now + timedelta(days=90)
    assert purge.purge(now=later) == purge.Purged(
        nonces=1,
        idempotency_records=0,
        retired_keys=1,
        signed_heads=2,
        webhook_deliveries=0,
        webhook_keys=0,
        late_mails=0,
        mails=0,
    )
    assert purge.purge(now=later) == purge.Purged(
        nonces=0,
        idempotency_records=0,
        retired_keys=0,
        signed_heads=0,
        webhook_deliveries=0,
        webhook_keys=0,
        late_mails=0,
        mails=0,
    )
    with current.in_scope(acme.id):
        assert ServerKey.objects.filter(status="retired").count() == 1
