"""Every ledger there is, each in the scope acme."""

from typing import Any

import pytest

from accounts.ledger import Ledger, open_ledger
from accounts.ledger.signing import LocalSigner
from identity.crypto import ed25519
from identity.models import Scope


@pytest.fixture(params=["local"])
def ledger(request: pytest.FixtureRequest, acme: Scope, settings: Any) -> Ledger:
    return open_ledger(acme.id)


@pytest.fixture
def alice() -> LocalSigner:
    return LocalSigner(ed25519.generate())


@pytest.fixture
def mallory() -> LocalSigner:
    return LocalSigner(ed25519.generate())
