"""Texts for user keys, keys, names and invitations at one moment: each is used once."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from accounts.models import User, Wallet
from accounts.services import user_keys, users
from identity.crypto.user_key import PrivateKey
from identity.services import audit_trail
from invitations.models import Invitation
from sessions_app.models import Session
from sessions_app.services import sessions, tokens
from tests import acts, cast, user_key_holders
from tests.faces.v1.client import Bearer
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


def people(world: cast.World) -> list[Bearer]:
    return [
        user_key_holders.session(
            world, user_key_holders.sign_up(world, key(f"person {number}"), f"person {number}")
        )
        for number in range(COUNT)
    ]


def proof(who: Bearer, holder: PrivateKey) -> dict[str, str]:
    answer = who.post("/me/user-keys/challenge", {"public_key": holder.public.text})
    assert answer.status_code == 200, answer.text
    text = answer.json()["message"]
    return {"message": text, "signature": signed(holder, text)}


def test_of_many_accounts_one_gets_a_further_key(world: cast.World) -> None:
    everybody, phone = people(world), key("phone")
    proofs = [proof(who, phone) for who in everybody]
    ends = at_once(lambda number: everybody[number].post("/me/user-keys", proofs[number]))
    assert ends == [201] + [409] * (COUNT - 1)
    with cast.in_scope(world):
        assert Wallet.objects.filter(address=phone.public.text).count() == 1
        assert Wallet.objects.count() == COUNT + 1
        audit_trail.verify()


def test_a_key_is_added_to_an_account_or_makes_one(world: cast.World) -> None:
    everybody, phone = people(world), key("phone")
    proofs = [proof(who, phone) for who in everybody]

    def one(number: int) -> httpx.Response:
        if number % 2:
            return user_key_holders.sign_up(world, phone, f"another {number}")
        return everybody[number].post("/me/user-keys", proofs[number])

    assert at_once(one) == [201] + [409] * (COUNT - 1)
    with cast.in_scope(world):
        assert Wallet.objects.filter(address=phone.public.text).count() == 1
        audit_trail.verify()


def test_of_many_answers_to_one_text_one_adds_a_key(world: cast.World) -> None:
    alice = user_key_holders.session(world, user_key_holders.sign_up(world, key("alice"), "alice"))
    given = proof(alice, key("phone"))
    other = {**given, "signature": user_key_holders.other_signature(given["signature"])}
    ends = at_once(lambda number: alice.post("/me/user-keys", (given, other)[number % 2]))
    assert ends == [201] + [401] * (COUNT - 1)


def test_an_account_gets_no_more_keys_than_there_may_be(world: cast.World) -> None:
    alice = user_key_holders.session(world, user_key_holders.sign_up(world, key("alice"), "alice"))
    with cast.in_scope(world):
        user = User.objects.get()
    for number in range(user_keys.MOST - 3):
        user_key_holders.bound(world, user, key(f"key {number}"))
    proofs = [proof(alice, key(f"phone {number}")) for number in range(COUNT)]
    ends = at_once(lambda number: alice.post("/me/user-keys", proofs[number]))
    assert ends == [201] * 2 + [409] * (COUNT - 2)


def test_of_keys_that_go_at_one_moment_the_last_stays(world: cast.World) -> None:
    user_key_holders.sign_up(world, key("alice"), "alice")
    with cast.in_scope(world):
        user = User.objects.get()
        # No key begins the session: it would end with it.
        Session.objects.update(method="oauth", data={})
        session = sessions.live(Session.objects.get(), scope_slug=world.scope.slug)
        access, _ = tokens.pair(session, seconds=600, now=acts.now())
    alice = Bearer.of(access, world.scope.slug)
    for number in range(user_keys.MOST - 1):
        user_key_holders.bound(world, user, key(f"key {number}"))
    ids = [row["id"] for row in alice.get("/me/user-keys").json()["items"]]
    assert len(ids) == COUNT
    ends = at_once(lambda number: alice.send("DELETE", f"/me/user-keys/{ids[number]}"))
    assert ends == [200] * (COUNT - 1) + [409]
    assert len(alice.get("/me/user-keys").json()["items"]) == 1


def test_whoever_signs_in_while_the_key_goes_is_out(world: cast.World) -> None:
    alice = user_key_holders.session(world, user_key_holders.sign_up(world, key("alice"), "alice"))
    phone = key("phone")
    own = alice.post("/me/user-keys", proof(alice, phone)).json()["id"]
    asked = {"public_key": phone.public.text}
    texts = [message(world, "/sign-in/user-key", asked) for _ in range(COUNT)]
    again = alice.post("/me/step-up/user-key", asked).json()["message"]

    def one(number: int) -> int:
        if number == COUNT // 2:
            return alice.send("DELETE", f"/me/user-keys/{own}").status_code
        if number == COUNT // 3:
            told = {"message": again, "signature": signed(phone, again)}
            return alice.post("/me/step-up", {"user_key": told}).status_code
        body = {"message": texts[number], "signature": signed(phone, texts[number])}
        return post(world, "/sign-in/user-key", body).status_code

    with cast.in_scope(world):
        Session.objects.update(created_at=acts.now() - timedelta(hours=1))
    ends = together.run(one, count=COUNT)
    assert ends[COUNT // 2] == 200, ends
    assert set(ends) <= {200, 401}, ends
    with cast.in_scope(world):
        [living] = Session.objects.filter(ended_at__isnull=True)
        assert living.authenticated_at == living.created_at or not living.data.get("proven_by")
        audit_trail.verify()
