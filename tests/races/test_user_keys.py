"""Texts for user keys, keys, names and invitations at one moment: each is used once."""

from collections.abc import Callable

import httpx
import pytest

from accounts.models import User, Wallet
from identity.services import audit_trail
from invitations.models import Invitation
from sessions_app.models import Session
from tests import acts, cast, user_key_holders
from tests.races import together
from tests.user_key_holders import key, message, post, signed

COUNT = 20

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(sign_up=True)


def at_once(work: Callable[[int], httpx.Response]) -> list[int]:
    ends = together.run(work, count=COUNT)
    assert all(isinstance(end, httpx.Response) for end in ends), ends
    return sorted(end.status_code for end in ends)


def test_of_many_answers_to_one_text_one_signs_in(world: cast.World) -> None:
    alice = key("alice")
    assert user_key_holders.sign_up(world, alice, "alice").status_code == 201
    text = message(world, "/sign-in/user-key", {"public_key": alice.public.text})
    right = signed(alice, text)
    # Half of them bring the other signature that is as good.
    given = [right, user_key_holders.other_signature(right)]
    ends = at_once(
        lambda number: post(
            world, "/sign-in/user-key", {"message": text, "signature": given[number % 2]}
        )
    )
    assert ends == [200] + [401] * (COUNT - 1)
    with cast.in_scope(world):
        assert Session.objects.count() == 2
        audit_trail.verify()


def test_of_many_texts_for_one_key_one_makes_an_account(world: cast.World) -> None:
    alice = key("alice")
    ends = at_once(lambda number: user_key_holders.sign_up(world, alice, f"alice{number}"))
    assert ends == [201] + [409] * (COUNT - 1)
    with cast.in_scope(world):
        assert User.objects.count() == Wallet.objects.count() == Session.objects.count() == 1
        audit_trail.verify()


def test_of_many_keys_one_gets_a_name(world: cast.World) -> None:
    ends = at_once(lambda number: user_key_holders.sign_up(world, key(f"key {number}"), "alice"))
    assert ends == [201] + [409] * (COUNT - 1)
    with cast.in_scope(world):
        assert User.objects.count() == Wallet.objects.count() == 1


def test_of_many_holders_of_an_invitation_one_joins(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    ends = at_once(
        lambda number: user_key_holders.sign_up(
            world, key(f"key {number}"), f"bob{number}", bundle=bundle
        )
    )
    assert ends == [201] + [401] * (COUNT - 1)
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "used"
        assert Wallet.objects.count() == 1
        audit_trail.verify()
