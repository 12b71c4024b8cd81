"""Of many uses of one nonce at the same time one is accepted."""

from datetime import UTC, datetime

import pytest

from identity import ids
from identity.crypto.errors import EnvelopeReplayed
from identity.models import SeenNonce
from identity.scoping import current
from identity.services import nonces, scopes
from tests.races import together

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_accepts_one_of_fifty_replays() -> None:
    scope = scopes.create(slug="acme", name="Acme", now=NOW)
    device = ids.new()

    def remember(number: int) -> None:
        with current.in_scope(scope.id):
            nonces.remember(device_id=device, nonce=b"n" * 16, expires_at=NOW)

    ends = together.run(remember, count=50)
    assert [type(end) for end in ends if end is not None] == [EnvelopeReplayed] * 49
    with current.in_scope(scope.id):
        assert SeenNonce.objects.count() == 1
