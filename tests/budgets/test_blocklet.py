"""What the hottest requests of the face `blocklet` may cost at most."""

import pytest

from tests import cast
from tests.budgets.test_requests import cost_of
from tests.faces.blocklet.browser import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    person = sign_in(cast.world(sign_up=True))
    person.get("did/session")
    return person


def test_reading_ones_session(alice) -> None:
    cost = cost_of(lambda: alice.get("did/session"))
    assert cost.statements <= 4, cost.sql
    assert cost.commits == 0
    assert cost.private_keys == 0


def test_renewing(alice) -> None:
    cost = cost_of(alice.renew)
    # Scope, session and its rotation, person, credentials, and the keys of tokens and answer.
    assert cost.statements <= 7, cost.sql
    assert cost.private_keys == 0


def test_signing_in_by_wallet(alice) -> None:
    body = alice.wallet.body("budget")
    cost = cost_of(lambda: alice.browser.post("user/loginByWallet", body))
    assert cost.statements <= 15, cost.sql
    assert cost.commits <= 1
    assert cost.private_keys == 0
