"""/v1/me/user-keys: further user keys of the own account; and a user key as a fresh proof."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.mail import EmailMessage

from accounts.models import User, Wallet
from accounts.services import sign_in_notices, users
from identity.models import AuditEvent
from identity.scoping import current
from sessions_app.models import Challenge, Session
from tests import acts, cast, user_key_holders
from tests.faces.v1.client import Bearer, Signed, problem
from tests.user_key_holders import key, signed

pytestmark = pytest.mark.django_db(transaction=True)

ALICE, PHONE, BOB = key("alice"), key("alice's phone"), key("bob")
KEYS, AGAIN = "/me/user-keys", "/me/step-up/user-key"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))


@pytest.fixture
def bob(world: cast.World) -> Bearer:
    return user_key_holders.session(world, user_key_holders.sign_up(world, BOB, "bob"))


def text(who: Bearer | Signed, holder: Any, path: str = KEYS + "/challenge") -> str:
    answer = who.post(path, {"public_key": holder.public.text})
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 300
    return str(answer.json()["message"])


def answered(who: Bearer | Signed, holder: Any, message: str) -> httpx.Response:
    return who.post(KEYS, {"message": message, "signature": signed(holder, message)})


def add(who: Bearer | Signed, holder: Any) -> httpx.Response:
    return answered(who, holder, text(who, holder))


def keys(who: Bearer | Signed) -> dict[str, str]:
    answer = who.get(KEYS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    return {row["public_key"]: row["id"] for row in answer.json()["items"]}


def left_alone(world: cast.World, minutes: int = 6) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=acts.now() - timedelta(minutes=minutes))


def test_a_further_key_signs_in_too(world: cast.World, alice: Bearer) -> None:
    added = add(alice, PHONE)
    assert added.status_code == 201, added.text
    assert added.json()["public_key"] == PHONE.public.text
    assert list(keys(alice)) == [ALICE.public.text, PHONE.public.text]
    me = alice.get("/me").json()["user"]["id"]
    for holder in (ALICE, PHONE):
        session = user_key_holders.session(world, user_key_holders.sign_in(world, holder))
        assert session.get("/me").json()["user"]["id"] == me


def test_the_text_says_whose_key_it_becomes(alice: Bearer) -> None:
    said = json.loads(text(alice, PHONE))
    assert (said["act"], said["public_key"]) == ("add-key", PHONE.public.text)
    assert said["user"] == alice.get("/me").json()["user"]["id"]


def test_the_owner_hears_of_both(
    world: cast.World, alice: Bearer, mailoutbox: list[EmailMessage]
) -> None:
    with current.in_scope(world.scope.id):
        User.objects.update(email="alice@example.test")
    added = add(alice, PHONE).json()
    alice.send("DELETE", f"{KEYS}/{added['id']}")
    with current.in_scope(world.scope.id):
        told = list(AuditEvent.objects.filter(name__startswith="wallet.").order_by("sequence"))
        assert [event.name for event in told] == ["wallet.added", "wallet.removed"]
        assert {event.subject_id for event in told} == {PHONE.public.text}
        user = User.objects.get()
        assert told[0].facts == {"user": str(user.id), "kind": "secp256k1"}
        assert told[0].actor_user == told[1].actor_user == str(user.public_id)
    said = [message.body.splitlines()[2] for message in mailoutbox]
    assert said == [sign_in_notices.USER_KEY_ADDED, sign_in_notices.USER_KEY_REMOVED]
    assert {tuple(message.to) for message in mailoutbox} == {("alice@example.test",)}


def test_again_is_the_same(world: cast.World, alice: Bearer) -> None:
    first, again = add(alice, PHONE), add(alice, PHONE)
    assert (again.status_code, again.json()) == (201, first.json())
    with current.in_scope(world.scope.id):
        assert AuditEvent.objects.filter(name="wallet.added").count() == 1


def test_somebody_without_a_key_adds_a_first_one(world: cast.World) -> None:
    member = world.member("carol", "member")
    device = Signed.of(member, world.scope.slug)
    assert keys(device) == {}
    assert add(device, PHONE).status_code == 201
    session = user_key_holders.session(world, user_key_holders.sign_in(world, PHONE))
    assert session.get("/me").json()["user"]["id"] == member.uid


def test_a_removed_key_signs_nobody_in(world: cast.World, alice: Bearer) -> None:
    added = add(alice, PHONE).json()
    removed = alice.send("DELETE", f"{KEYS}/{added['id']}")
    assert removed.json() == {"id": added["id"]}
    assert list(keys(alice)) == [ALICE.public.text]
    problem(user_key_holders.sign_in(world, PHONE), 401, "sign-in.refused")
    problem(alice.send("DELETE", f"{KEYS}/{added['id']}"), 404, "missing")


def test_the_last_way_in_stays(world: cast.World, alice: Bearer) -> None:
    own = keys(alice)[ALICE.public.text]
    problem(alice.send("DELETE", f"{KEYS}/{own}"), 409, "user.last-way-in")
    assert add(alice, PHONE).status_code == 201
    assert alice.send("DELETE", f"{KEYS}/{own}").status_code == 200
    problem(user_key_holders.sign_in(world, ALICE), 401, "sign-in.refused")
    assert user_key_holders.sign_in(world, PHONE).status_code == 200


def test_the_first_key_comes_back_to_its_account_alone(
    world: cast.World, alice: Bearer, bob: Bearer
) -> None:
    add(alice, PHONE)
    phone = user_key_holders.session(world, user_key_holders.sign_in(world, PHONE))
    phone.send("DELETE", f"{KEYS}/{keys(phone)[ALICE.public.text]}")
    problem(add(bob, ALICE), 409, "wallet.taken")
    problem(user_key_holders.sign_up(world, ALICE, "mallory"), 409, "wallet.taken")
    assert add(phone, ALICE).status_code == 201
    assert list(keys(phone)) == [PHONE.public.text, ALICE.public.text]
    assert user_key_holders.sign_in(world, ALICE).status_code == 200


def test_a_key_is_one_accounts(world: cast.World, alice: Bearer, bob: Bearer) -> None:
    problem(add(bob, ALICE), 409, "wallet.taken")
    assert add(bob, PHONE).status_code == 201
    problem(add(alice, PHONE), 409, "wallet.taken")
    problem(user_key_holders.sign_up(world, PHONE, "mallory"), 409, "wallet.taken")
    other = cast.world(governance=False, sign_up=True)
    assert user_key_holders.sign_up(other, PHONE, "alice").status_code == 201


def test_one_sees_and_removes_ones_own_alone(alice: Bearer, bob: Bearer) -> None:
    add(alice, PHONE)
    assert list(keys(bob)) == [BOB.public.text]
    for theirs in keys(alice).values():
        problem(bob.send("DELETE", f"{KEYS}/{theirs}"), 404, "missing")


def test_a_wallet_of_another_kind_is_no_user_key(world: cast.World) -> None:
    member = world.member("carol", "member")
    whole = PHONE.key.public.uncompressed.hex()
    with current.in_scope(world.scope.id):
        rows = [
            Wallet(kind="secp256k1", address="z1abc", public_key=whole),
            Wallet(kind="secp256k1", address="did:key:zQ3s", public_key=PHONE.public.point.hex()),
            Wallet(kind="ethereum", address="0x1", public_key=""),
        ]
        for row in rows:
            row.scope_id, row.user_id, row.added_at = world.scope.id, member.user.id, acts.now()
            row.save(force_insert=True)
    device = Signed.of(member, world.scope.slug)
    assert keys(device) == {}
    for row in rows:
        problem(device.send("DELETE", f"{KEYS}/{row.id}"), 404, "missing")


def test_there_is_an_end_to_them(world: cast.World, alice: Bearer) -> None:
    with current.in_scope(world.scope.id):
        user = User.objects.get()
    for number in range(19):
        user_key_holders.bound(world, user, key(f"key {number}"))
    problem(add(alice, PHONE), 409, "user-key.too-many")
    alice.send("DELETE", f"{KEYS}/{keys(alice)[key('key 3').public.text]}")
    assert add(alice, PHONE).status_code == 201


def test_refuses_what_is_no_key(alice: Bearer) -> None:
    for wrong in (PHONE.wif, "x", "\u0000"):
        assert alice.post(f"{KEYS}/challenge", {"public_key": wrong}).status_code == 422


def test_a_session_left_alone_adds_and_removes_nothing(world: cast.World, alice: Bearer) -> None:
    message = text(alice, PHONE)
    own = keys(alice)[ALICE.public.text]
    left_alone(world)
    problem(answered(alice, PHONE, message), 403, "session.step-up-needed")
    asked = alice.post(f"{KEYS}/challenge", {"public_key": PHONE.public.text})
    problem(asked, 403, "session.step-up-needed")
    problem(alice.send("DELETE", f"{KEYS}/{own}"), 403, "session.step-up-needed")
    assert list(keys(alice)) == [ALICE.public.text]


def step_up(who: Bearer, holder: Any, message: str) -> httpx.Response:
    proof = {"message": message, "signature": signed(holder, message)}
    return who.post("/me/step-up", {"user_key": proof})


def test_a_user_key_is_a_fresh_proof(world: cast.World, alice: Bearer) -> None:
    left_alone(world)
    message = text(alice, ALICE, AGAIN)
    said = json.loads(message)
    assert said["act"] == "step-up"
    proven = step_up(alice, ALICE, message)
    assert proven.status_code == 200, proven.text
    assert said["session"] == proven.json()["session"]
    assert add(alice, PHONE).status_code == 201
    problem(step_up(alice, ALICE, message), 401, "challenge.refused")


def test_no_other_key_and_no_other_session_proves(
    world: cast.World, alice: Bearer, bob: Bearer
) -> None:
    left_alone(world)
    again = user_key_holders.session(world, user_key_holders.sign_in(world, ALICE))
    left_alone(world)
    for holder in (BOB, PHONE):
        problem(step_up(alice, holder, text(alice, holder, AGAIN)), 401, "sign-in.refused")
    theirs = text(bob, ALICE, AGAIN)
    problem(step_up(alice, ALICE, theirs), 401, "challenge.refused")
    elsewhere = text(again, ALICE, AGAIN)
    problem(step_up(alice, ALICE, elsewhere), 401, "challenge.refused")
    wrong = text(alice, ALICE, AGAIN)
    problem(step_up(alice, BOB, wrong), 401, "sign-in.refused")
    problem(
        alice.post(f"{KEYS}/challenge", {"public_key": PHONE.public.text}),
        403,
        "session.step-up-needed",
    )


def test_a_text_adds_one_key_to_one_account_once(
    world: cast.World, alice: Bearer, bob: Bearer
) -> None:
    message = text(alice, PHONE)
    problem(answered(alice, BOB, message), 401, "signature.invalid")
    problem(answered(bob, PHONE, message), 401, "challenge.refused")
    # Whoever brought it to the wrong door has used it up.
    problem(answered(alice, PHONE, message), 401, "challenge.refused")
    said = {**json.loads(text(bob, PHONE)), "user": alice.get("/me").json()["user"]["id"]}
    changed = json.dumps(said, sort_keys=True, separators=(",", ":"))
    problem(answered(alice, PHONE, changed), 401, "challenge.refused")
    late = text(alice, PHONE)
    with current.in_scope(world.scope.id):
        Challenge.objects.update(expires_at=acts.now() - timedelta(seconds=1))
    problem(answered(alice, PHONE, late), 401, "challenge.refused")
    other = cast.world(governance=False, sign_up=True)
    charlie = user_key_holders.session(other, user_key_holders.sign_up(other, ALICE, "alice"))
    problem(answered(charlie, PHONE, text(alice, PHONE)), 401, "challenge.refused")
    for path in ("/sign-in/user-key", "/sign-up/user-key"):
        elsewhere = user_key_holders.message(world, path, {"public_key": PHONE.public.text})
        problem(answered(alice, PHONE, elsewhere), 401, "challenge.refused")
        mine = text(alice, PHONE)
        body = {"message": mine, "signature": signed(PHONE, mine)}
        problem(user_key_holders.post(world, path, body), 401, "challenge.refused")
    stepped = text(alice, PHONE, AGAIN)
    problem(answered(alice, PHONE, stepped), 401, "challenge.refused")
    assert list(keys(alice)) == [ALICE.public.text]


def test_who_was_shut_out_adds_nothing(world: cast.World, alice: Bearer) -> None:
    message = text(alice, PHONE)
    with current.in_scope(world.scope.id):
        users.disable(user_id=User.objects.get().id, by=world.system, now=acts.now())
    assert answered(alice, PHONE, message).status_code == 401
    problem(user_key_holders.sign_in(world, PHONE), 401, "sign-in.refused")
