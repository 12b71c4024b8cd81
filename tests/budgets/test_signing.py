"""What a signature of a managed key may cost at most, in statements and commits."""

from datetime import UTC, datetime

import pytest

from accounts.services import opened_managed_keys
from identity.crypto.evm import PersonalMessage, Signed
from identity.services import sealing
from invitations.services import signing
from tests import cast
from tests.account_holders import account, actor_of
from tests.budgets.test_requests import cost_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_signing_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    world = cast.world()
    bob = world.member("bob")
    account(world, bob)
    by, what = actor_of(world, bob), PersonalMessage(b"hello")

    def sign() -> None:
        assert isinstance(signing.sign(what=what, by=by, now=datetime.now(UTC)), Signed)

    opened_managed_keys.forget_all()
    sign()
    opened: list[str] = []
    monkeypatch.setattr(sealing, "unseal", lambda *_, purpose, **__: opened.append(purpose))
    cost = cost_of(sign)
    # The key with its user and scope, the policies, the head of the record, the signature, and
    # the event with the head: two on SQLite.
    assert cost.statements <= 6, cost.sql
    assert cost.commits <= 1
    assert not opened
