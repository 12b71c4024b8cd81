"""Texts for user keys, keys, names and invitations at one moment: each is used once."""

from collections.abc import Callable

import httpx
import pytest

from accounts.models import User, Wallet
from accounts.services import users
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


def test_of_many_answers_to_one_text_one_makes_an_account(world: cast.World) -> None:
    alice = key("alice")
    asked = {"public_key": alice.public.text, "username": "alice"}
    text = message(world, "/sign-up/user-key", asked)
    right = signed(alice, text)
    given = [right, user_key_holders.other_signature(right)]
    ends = at_once(
        lambda number: post(
            world, "/sign-up/user-key", {"message": text, "signature": given[number % 2]}
        )
    )
    assert ends == [201] + [401] * (COUNT - 1)
    with cast.in_scope(world):
        assert User.objects.count() == Wallet.objects.count() == Session.objects.count() == 1
        audit_trail.verify()


def test_nobody_is_signed_in_after_being_shut_out(world: cast.World) -> None:
    alice = key("alice")
    assert user_key_holders.sign_up(world, alice, "alice").status_code == 201
    texts = [
        message(world, "/sign-in/user-key", {"public_key": alice.public.text}) for _ in range(COUNT)
    ]
    with cast.in_scope(world):
        user_id = User.objects.get().id

    def one(number: int) -> int:
        if number != COUNT // 2:
            body = {"message": texts[number], "signature": signed(alice, texts[number])}
            return post(world, "/sign-in/user-key", body).status_code
        with cast.in_scope(world):
            users.disable(user_id=user_id, by=world.system, now=acts.now())
        return 0

    ends = together.run(one, count=COUNT)
    assert set(ends) <= {0, 200, 401}, ends
    with cast.in_scope(world):
        living = [row for row in Session.objects.all() if row.ended_at is None]
        assert not living


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
