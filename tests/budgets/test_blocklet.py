"""What the hottest requests of the face `blocklet` may cost at most."""

from datetime import timedelta

import pytest
from django.db import connection

from identity.services import active_keys
from tests import cast
from tests.budgets.test_requests import cost_of
from tests.faces.blocklet.browser import Signed, sign_in

FORESEEN = 1 if connection.vendor == "postgresql" else 2
"""Statements of a look-up and of what was foreseen."""
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def signing_keys_are_known(monkeypatch) -> None:
    """Once a second the active key is asked for; a slow machine must not count that."""
    monkeypatch.setattr(active_keys, "REMEMBERED", timedelta(hours=1))


@pytest.fixture
def alice():
    person = sign_in(cast.world(sign_up=True))
    person.get("did/session")  # From now on it is known where the address leads.
    renew(person)
    return person


def renew(person: Signed) -> None:
    person.refresh = person.renew().json["nextRefreshToken"]


def test_reading_ones_session(alice) -> None:
    cost = cost_of(lambda: alice.get("did/session"))
    # The session's door, and the person, who is foreseen and has no credentials.
    assert cost.statements <= FORESEEN, cost.sql
    assert cost.commits == 0
    assert cost.private_keys == 0


def test_renewing(alice) -> None:
    cost = cost_of(lambda: renew(alice))
    # The session's door, the rotation, and the person, who has no credentials: together or each.
    assert cost.statements <= (1 if connection.vendor == "postgresql" else 3), cost.sql
    assert cost.commits == 0  # The one statement that rotates commits itself.
    assert cost.private_keys == 0


def test_signing_in_by_wallet(alice) -> None:
    body = alice.wallet.body("budget")
    cost = cost_of(lambda: alice.browser.post("user/loginByWallet", body))
    # Two of them hold the user and the wallet for the session; on PostgreSQL they go with others.
    assert cost.statements <= 15, cost.sql
    assert cost.commits <= 1
    assert cost.private_keys == 0
