"""A device's nonce is accepted once."""

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from identity import ids
from identity.crypto.errors import EnvelopeReplayed
from identity.models import Scope, SeenNonce
from identity.scoping import current
from identity.services import nonces

NONCE = bytes(range(16))


def test_refuses_a_second_use(inside: Scope, now: datetime) -> None:
    device = ids.new()
    nonces.remember(device_id=device, nonce=NONCE, expires_at=now)
    with pytest.raises(EnvelopeReplayed):
        nonces.remember(device_id=device, nonce=NONCE, expires_at=now + timedelta(hours=1))
    row = SeenNonce.objects.get()
    assert (row.device_id, bytes(row.nonce), row.expires_at) == (device, NONCE, now)


def test_leaves_the_transaction_usable_after_a_refusal(inside: Scope, now: datetime) -> None:
    device = ids.new()
    with transaction.atomic():
        nonces.remember(device_id=device, nonce=NONCE, expires_at=now)
        with pytest.raises(EnvelopeReplayed):
            nonces.remember(device_id=device, nonce=NONCE, expires_at=now)
        nonces.remember(device_id=device, nonce=NONCE[::-1], expires_at=now)
    assert SeenNonce.objects.count() == 2


def test_takes_the_same_nonce_from_other_devices_and_scopes(
    acme: Scope, charlies: Scope, now: datetime
) -> None:
    device = ids.new()
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            nonces.remember(device_id=device, nonce=NONCE, expires_at=now)
            nonces.remember(device_id=ids.new(), nonce=NONCE, expires_at=now)
            assert SeenNonce.objects.count() == 2


def test_costs_one_statement(inside: Scope, now: datetime) -> None:
    nonces.remember(device_id=ids.new(), nonce=NONCE, expires_at=now)
    with CaptureQueriesContext(connection) as statements:
        nonces.remember(device_id=ids.new(), nonce=NONCE, expires_at=now)
    assert len(statements) == 1


@pytest.mark.django_db
def test_needs_a_scope(now: datetime) -> None:
    with pytest.raises(current.NoScopeError):
        nonces.remember(device_id=ids.new(), nonce=NONCE, expires_at=now)
