"""What has run out goes, in every scope; what has not stays."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from identity import actor, ids
from identity.models import AuditCheck, IdempotencyRecord, Scope, SeenNonce, ServerKey
from identity.scoping import current
from identity.services import (
    api_keys,
    audit_checks,
    idempotency,
    nonces,
    purge,
    server_keys,
)
from identity.services.server_keys import ENCRYPTION
from tests import programs

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


def _verifications(scope: Scope, now: datetime, days: list[int]) -> None:
    for age in days:
        at = now - timedelta(days=age)
        AuditCheck.objects.create(
            scope_id=scope.id, asked_at=at, moved_at=at, ended_at=at, state="holds", up_to=1
        )


def test_forgets_old_verifications_but_the_newest(
    acme: Scope, charlies: Scope, now: datetime
) -> None:
    for scope, days in ((acme, [1, 2, *range(100, 115)]), (charlies, [200, 300, *range(1, 13)])):
        with current.in_scope(scope.id):
            _verifications(scope, now, days)
    assert audit_checks.purge(now=now) == 7 + 2
    assert audit_checks.purge(now=now) == 0
    for scope, oldest in ((acme, 107), (charlies, 12)):
        with current.in_scope(scope.id):
            left = AuditCheck.objects.order_by("asked_at")
            assert left[0].asked_at == now - timedelta(days=oldest)
            assert left.count() == {107: 10, 12: 12}[oldest]


def test_keeps_a_verification_that_is_running(acme: Scope, now: datetime) -> None:
    long_ago = now - timedelta(days=200)
    with current.in_scope(acme.id):
        _verifications(acme, now, list(range(1, 12)))
        AuditCheck.objects.create(
            scope_id=acme.id, asked_at=long_ago, moved_at=long_ago, up_to=10**9
        )
    assert audit_checks.purge(now=now) == 0


def test_does_everything_at_once(acme: Scope, charlies: Scope, now: datetime) -> None:
    with current.in_scope(acme.id):
        server_keys.rotate(purpose=ENCRYPTION, by=actor.system(acme.id), now=now)
        nonces.remember(device_id=ids.new(), nonce=b"n" * 16, expires_at=now)
    robot = programs.make(actor.system(acme.id), now=now)
    api_keys.rotate(
        key_id=robot.row.id, overlap=timedelta(days=1), by=actor.system(acme.id), now=now
    )
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
        audit_checks=0,
        former_secrets=1,
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
        audit_checks=0,
        former_secrets=0,
    )
    with current.in_scope(acme.id):
        assert ServerKey.objects.filter(status="retired").count() == 1
