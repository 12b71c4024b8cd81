"""Every ledger there is, each in the scope acme."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.ledger import Ledger, open_ledger
from accounts.ledger.signing import LocalSigner
from identity.crypto import ed25519
from identity.models import Scope
from tests.hedera_node import Node


@pytest.fixture
def node() -> Iterator[Node]:
    """The stand-in of the public ledger, with nothing in it."""
    with Node() as running:
        yield running


@pytest.fixture(params=["local", "hedera"])
def ledger(request: pytest.FixtureRequest, acme: Scope, settings: Any) -> Ledger:
    if request.param == "hedera":
        settings.LEDGER = request.getfixturevalue("node").settings
    return open_ledger(acme.id)


@pytest.fixture
def alice() -> LocalSigner:
    return LocalSigner(ed25519.generate())


@pytest.fixture
def mallory() -> LocalSigner:
    return LocalSigner(ed25519.generate())
