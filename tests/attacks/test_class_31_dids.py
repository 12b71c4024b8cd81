"""Class 31 of the known attacks, by DIDs: private keys that came along are told to somebody.

Seen in authentik (pen-test M2), in Keycloak as CVE-2024-10451. Keys are sealed when they come, and
no error, log line, event or page has one, least of all one that was refused.
"""

import logging
from typing import Any

import pytest
from django.db import connection

from identity.crypto import base58btc, bbs_key
from identity.crypto.errors import DidDocumentRefused
from identity.models import AuditEvent
from tests import cast
from tests.unit.accounts.test_dids import SEED, VECTORS, ledger_did

pytestmark = pytest.mark.django_db
KEYS: list[dict[str, str]] = VECTORS["did_keys"]
SECRETS = [
    *(key["key"] for key in KEYS),
    SEED.hex(),
    bbs_key.derive(SEED).hex(),
    base58btc.encode(SEED),
]


def written() -> str:
    """Every row of the tables that a DID reaches, as text."""
    tables = ("accounts_diddocument", "accounts_didkey", "identity_auditevent")
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                rows += [bytes(v).hex() if isinstance(v, bytes | memoryview) else v for v in row]
    return str(rows)


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "refused"])
def test_nobody_is_told_a_key(is_taken: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = cast.world()
    bob = world.member("bob")
    told = ""
    custom = {"custom_document": VECTORS["did_document"], "custom_keys": KEYS}
    if is_taken:
        told = repr(ledger_did(world, bob, **custom))
    else:
        wrong = [KEYS[0], {**KEYS[1], "key": KEYS[0]["key"]}]
        with pytest.raises(DidDocumentRefused) as refusal:
            ledger_did(world, bob, custom_document=custom["custom_document"], custom_keys=wrong)
        error: Any = refusal.value
        told = f"{error!r} {error.facts} {error.__cause__!r}"
        assert error.__suppress_context__
    with cast.in_scope(world):
        told += str([event.facts for event in AuditEvent.objects.all()]) + written()
    everything = told + caplog.text
    assert not [secret for secret in SECRETS if secret in everything]
