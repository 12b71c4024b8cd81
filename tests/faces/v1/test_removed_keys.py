"""Who removes a user key, wallet or passkey ends what it opened, the session in hand too."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User, Wallet
from accounts.services import passkeys, wallets
from sessions_app.errors import SignInRefused
from sessions_app.models import Session
from sessions_app.models.session import NEVER
from sessions_app.services import sessions, wallet_sign_in
from tests import acts, cast, passkey_holders, signed_in, user_key_holders
from tests.authenticator import Authenticator
from tests.faces.v1 import apps
from tests.faces.v1.apps import App
from tests.faces.v1.client import Bearer, problem
from tests.faces.v1.test_own_user_keys import (
    AGAIN,
    ALICE,
    KEYS,
    PHONE,
    add,
    keys,
    left_alone,
    step_up,
    text,
)
from tests.faces.v1.test_sign_in_by_wallet import ADDRESS
from tests.faces.v1.test_sign_in_by_wallet import message as text_for_wallet
from tests.faces.v1.test_sign_in_by_wallet import sign_in as by_wallet
from tests.user_key_holders import key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))


def by_key(world: cast.World, holder: Any) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_in(world, holder))


def remove(who: Bearer, holder: Any) -> None:
    answer = who.send("DELETE", f"{KEYS}/{keys(who)[holder.public.text]}")
    assert answer.status_code == 200, answer.text


def test_the_sessions_of_a_removed_user_key_end(world: cast.World, alice: Bearer) -> None:
    add(alice, PHONE)
    stolen, own = by_key(world, PHONE), by_key(world, ALICE)
    asked = text(stolen, key("third"))
    remove(alice, PHONE)
    body = {"message": asked, "signature": user_key_holders.signed(key("third"), asked)}
    problem(stolen.post(KEYS, body), 401, "unauthenticated")
    problem(stolen.get("/me"), 401, "unauthenticated")
    assert own.get("/me").status_code == alice.get("/me").status_code == 200
    with cast.in_scope(world):
        assert Session.objects.get(ended_at__isnull=False).ended_reason == "key-removed"


def test_the_session_in_hand_ends_with_its_key(world: cast.World, alice: Bearer) -> None:
    add(alice, PHONE)
    phone = by_key(world, PHONE)
    remove(phone, PHONE)
    problem(phone.get("/me"), 401, "unauthenticated")
    assert alice.get("/me").status_code == 200


def test_the_session_of_a_newcomer_ends_with_its_key(world: cast.World, alice: Bearer) -> None:
    add(alice, PHONE)
    remove(by_key(world, PHONE), ALICE)
    problem(alice.get("/me"), 401, "unauthenticated")


def test_a_removed_key_makes_no_session_fresh(world: cast.World, alice: Bearer) -> None:
    add(alice, PHONE)
    second = by_key(world, ALICE)
    with cast.in_scope(world):
        long_ago = acts.now() - timedelta(hours=1)
        Session.objects.update(authenticated_at=long_ago, created_at=long_ago)
    assert step_up(second, PHONE, text(second, PHONE, AGAIN)).status_code == 200
    assert step_up(alice, ALICE, text(alice, ALICE, AGAIN)).status_code == 200
    remove(alice, PHONE)
    asked = second.post(KEYS + "/challenge", {"public_key": PHONE.public.text})
    problem(asked, 403, "session.step-up-needed")
    assert add(alice, key("third")).status_code == 201


def test_a_later_proof_by_another_key_stays_fresh(world: cast.World, alice: Bearer) -> None:
    add(alice, PHONE)
    left_alone(world)
    for holder in (PHONE, ALICE):
        assert step_up(alice, holder, text(alice, holder, AGAIN)).status_code == 200
    remove(alice, PHONE)
    assert add(alice, key("third")).status_code == 201


def test_sessions_from_before_keys_were_remembered_end_too(
    world: cast.World, alice: Bearer
) -> None:
    add(alice, PHONE)
    before = by_key(world, ALICE)
    begun = signed_in.check(world, before.token).door.session_id
    with cast.in_scope(world):
        Session.objects.filter(id=begun).update(data={})
    remove(alice, PHONE)
    problem(before.get("/me"), 401, "unauthenticated")


def test_the_sessions_of_a_removed_wallet_end(world: cast.World) -> None:
    told = by_wallet(world, text_for_wallet(world)).json()
    who = Bearer.of(told["access_token"], world.scope.slug)
    with cast.in_scope(world):
        user, wallet = User.objects.get(), Wallet.objects.get(address=ADDRESS)
        user_key_holders.bound(world, user, ALICE)
    own = by_key(world, ALICE)
    with cast.in_scope(world):
        proof = wallet_sign_in.proof_of(wallets.Key(Wallet.Kind.ETHEREUM, ADDRESS))
        wallets.remove(user_id=user.id, wallet_id=wallet.id, by=world.system, now=acts.now())
        # Whoever proved the wallet a moment before comes too late.
        with pytest.raises(SignInRefused):
            sessions.start(
                user_id=user.id,
                proof=proof,
                origin=signed_in.LAPTOP,
                audience="",
                lasts=signed_in.WEEK,
                now=acts.now(),
            )
    problem(who.get("/me"), 401, "unauthenticated")
    assert own.get("/me").status_code == 200


@pytest.mark.parametrize("is_by_staff", [False, True])
def test_the_sessions_of_a_removed_passkey_end(world: cast.World, is_by_staff: bool) -> None:
    user, device = world.member("alice", "member").user, Authenticator()
    apps.protect(world, user)
    with cast.in_scope(world):
        row = passkey_holders.passkey(user, by=world.system, device=device)
    stolen, own = App(world), App(world)
    begun = stolen.post("/passkeys/authentication", {}).json()
    answer = {
        "challenge_id": begun["challenge_id"],
        "credential": device.get(begun["public_key"]),
    }
    stolen.enter(stolen.post("/passkeys/authentication/complete", answer))
    own.enter(own.by_password("alice@example.test"))
    begun = own.post("/me/step-up/passkey", {}).json()
    answer = {
        "challenge_id": begun["challenge_id"],
        "credential": device.get(begun["public_key"]),
    }
    with cast.in_scope(world):
        Session.objects.filter(method="password").update(created_at=NEVER)
    assert own.post("/me/step-up", {"passkey": answer}).status_code == 200
    if is_by_staff:
        with cast.in_scope(world):
            passkeys.take_away(
                user_id=user.id, passkey_id=row.id, reason="", by=world.system, now=acts.now()
            )
    else:
        assert own.send("DELETE", f"/passkeys/{row.id}").status_code == 200
    problem(stolen.get("/me"), 401, "unauthenticated")
    assert own.get("/me").status_code == 200
    problem(own.post("/passkeys/registration", {}), 403, "session.step-up-needed")
