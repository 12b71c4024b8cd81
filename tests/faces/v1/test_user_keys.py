"""POST /v1/sign-up/user-key, /v1/sign-in/user-key and their challenges."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Profile, User, Wallet
from accounts.services import users
from identity.crypto import user_key
from identity.scoping import current
from identity.services import scopes
from invitations.models import Invitation
from sessions_app.models import Challenge, Session, SignIn
from tests import acts, cast, signed_in, user_key_holders
from tests.faces.v1.client import problem

ALICE = user_key_holders.key("alice")
BOB = user_key_holders.key("bob")


@pytest.fixture
def welcoming(world: cast.World) -> cast.World:
    with current.in_scope(world.scope.id):
        now = datetime.now(UTC)
        scopes.change_settings(changes={"sign_up": True}, by=world.system, now=now)
    return world


def test_a_newcomer_joins_and_is_signed_in(welcoming: cast.World) -> None:
    answer = user_key_holders.sign_up(welcoming, ALICE, "alice", full_name="Alice Adams")
    pair = answer.json()
    assert answer.status_code == 201, answer.text
    checked = signed_in.check(welcoming, pair["access_token"])
    with current.in_scope(welcoming.scope.id):
        user = User.objects.get(id=checked.door.user_id)
        assert (user.username, user.status, user.kind) == ("alice", "active", "person")
        wallet = Wallet.objects.get()
        assert (wallet.kind, wallet.address) == ("secp256k1", ALICE.public.text)
        assert wallet.public_key == ALICE.public.point.hex()
        profile = Profile.objects.get()
        assert (profile.full_name, profile.address) == ("Alice Adams", ALICE.public.text)
        assert profile.source == "user-key"
        session = Session.objects.get()
        assert (session.method, session.provider_name) == ("user-key", "user-key")
        assert session.has_proof
    again = user_key_holders.sign_in(welcoming, ALICE).json()
    assert signed_in.check(welcoming, again["access_token"]).door.user_id == user.id


def test_people_see_that_a_user_key_let_them_in(welcoming: cast.World) -> None:
    alice = user_key_holders.session(welcoming, user_key_holders.sign_up(welcoming, ALICE, "alice"))
    for path in ("/me/sessions", "/me/sign-ins"):
        (shown,) = alice.get(path).json()["items"]
        assert (shown["method"], shown["provider"]) == ("user-key", "user-key")


def test_who_gives_no_name_is_named_by_the_key(welcoming: cast.World) -> None:
    assert user_key_holders.sign_up(welcoming, ALICE).status_code == 201
    with current.in_scope(welcoming.scope.id):
        assert User.objects.get().username == ALICE.public.text


def test_the_text_says_what_it_is_for(welcoming: cast.World) -> None:
    asked = {"public_key": ALICE.public.text, "username": "alice"}
    text = user_key_holders.message(welcoming, "/sign-up/user-key", asked)
    said = json.loads(text)
    assert said["type"] == "user-key/1"
    assert (said["act"], said["username"], said["invitation"]) == ("sign-up", "alice", "")
    assert said["audience"] == str(welcoming.scope.id)
    assert said["site"].endswith(f"/s/{welcoming.scope.slug}")
    assert said["public_key"] == ALICE.public.text
    assert datetime.fromisoformat(said["expires_at"]) > datetime.now(UTC)


def test_lets_nobody_join_where_people_are_invited(world: cast.World) -> None:
    answer = user_key_holders.sign_up(world, ALICE, "alice")
    problem(answer, 403, "sign-in.by-invitation-only")


def test_a_name_and_a_key_are_given_once(welcoming: cast.World) -> None:
    assert user_key_holders.sign_up(welcoming, ALICE, "alice").status_code == 201
    problem(user_key_holders.sign_up(welcoming, BOB, "ALICE"), 409, "name.taken")
    problem(user_key_holders.sign_up(welcoming, ALICE, "another"), 409, "wallet.taken")
    problem(user_key_holders.sign_up(welcoming, ALICE), 409, "wallet.taken")
    with current.in_scope(welcoming.scope.id):
        assert User.objects.count() == Wallet.objects.count() == 1


def test_the_holder_of_an_invitation_joins_under_a_name_of_choice(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    answer = user_key_holders.sign_up(world, BOB, "bob", bundle=bundle, full_name="Bob Brown")
    assert answer.status_code == 201, answer.text
    with current.in_scope(world.scope.id):
        invitation = Invitation.objects.get(user__username="bob")
        assert (invitation.state, invitation.joined_by) == ("used", "key")
        assert invitation.device is None
        user = User.objects.get(username="bob")
        assert (user.status, user.email) == ("active", "bob@example.test")
        assert Profile.objects.get(user=user).full_name == "Bob Brown"
    assert user_key_holders.sign_in(world, BOB).status_code == 200
    problem(user_key_holders.sign_up(world, ALICE, "x", bundle=bundle), 401, "invitation.not-valid")


def test_the_invited_may_keep_the_name_they_have(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    assert user_key_holders.sign_up(world, BOB, bundle=bundle).status_code == 201
    with current.in_scope(world.scope.id):
        assert User.objects.filter(username="bob@example.test", status="active").exists()


def full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


@pytest.mark.parametrize("spelled", [str, str.lower, str.upper, full_width])
def test_nobody_is_named_by_the_key_of_another(
    welcoming: cast.World, spelled: Callable[[str], str]
) -> None:
    name = spelled(ALICE.public.text)
    asked = {"public_key": BOB.public.text, "username": name}
    path = "/sign-up/user-key/challenge"
    told = problem(user_key_holders.post(welcoming, path, asked), 400, "invalid")
    assert told["field"] == "username"
    bob = user_key_holders.session(welcoming, user_key_holders.sign_up(welcoming, BOB, "bob"))
    told = problem(bob.send("PATCH", "/me/profile", {"name": name}), 400, "invalid")
    assert told["field"] == "name"
    assert user_key_holders.sign_up(welcoming, ALICE).status_code == 201


def test_one_is_named_by_ones_own_key(welcoming: cast.World) -> None:
    text = ALICE.public.text
    alice = user_key_holders.session(welcoming, user_key_holders.sign_up(welcoming, ALICE, text))
    assert alice.get("/me").json()["user"]["username"] == text
    assert alice.send("PATCH", "/me/profile", {"name": text}).json()["name"] == text


def test_who_was_named_so_before_is_told_of(welcoming: cast.World) -> None:
    assert user_key_holders.sign_up(welcoming, BOB, "bob").status_code == 201
    with current.in_scope(welcoming.scope.id):
        name = ALICE.public.text
        User.objects.update(username=name, username_folded=name.casefold())
    told = problem(user_key_holders.sign_up(welcoming, ALICE), 409, "name.taken")
    assert "Sign up with a user name" in told["detail"]
    assert user_key_holders.sign_up(welcoming, ALICE, "alice").status_code == 201


def test_a_taken_name_leaves_the_invitation_open(world: cast.World) -> None:
    carol = acts.invitation(world, "carol@example.test")
    assert user_key_holders.sign_up(world, ALICE, "carol", bundle=carol).status_code == 201
    bundle = acts.invitation(world, "bob@example.test")
    taken = user_key_holders.sign_up(world, BOB, "CAROL", bundle=bundle)
    problem(taken, 409, "name.taken")
    assert user_key_holders.sign_up(world, BOB, "bob", bundle=bundle).status_code == 201


def test_an_invitation_takes_its_one_time_key(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    other = acts.invitation(world, "carol@example.test")
    forged = {**bundle, "one_time_private_key": other["one_time_private_key"]}
    for _ in range(5):
        answer = user_key_holders.sign_up(world, BOB, "bob", bundle=forged)
        problem(answer, 401, "invitation.not-valid")
    # Five wrong tries are all there are, and the sixth locks it for its holder, too.
    problem(user_key_holders.sign_up(world, BOB, "bob", bundle=forged), 401, "invitation.not-valid")
    problem(user_key_holders.sign_up(world, BOB, "bob", bundle=bundle), 401, "invitation.not-valid")


@pytest.mark.parametrize(
    "text",
    ["", "x", ALICE.public.point.hex(), ALICE.wif, ALICE.public.text + "1", "0" * 50, "é" * 40],
)
def test_refuses_what_is_no_user_key(welcoming: cast.World, text: str) -> None:
    for path in ("/sign-in/user-key", "/sign-up/user-key"):
        answer = user_key_holders.post(welcoming, f"{path}/challenge", {"public_key": text})
        assert answer.status_code in {400, 422}
    with current.in_scope(welcoming.scope.id):
        assert not Challenge.objects.exists()


@pytest.mark.parametrize(
    "name", ["a\u0000b", "a\nb", "\u202eabc", "a" * 255, "a@example.test", "a\uff20b"]
)
def test_refuses_names_that_are_none(welcoming: cast.World, name: str) -> None:
    body = {"public_key": ALICE.public.text, "username": name}
    answer = user_key_holders.post(welcoming, "/sign-up/user-key/challenge", body)
    assert answer.status_code == 400


def test_a_signature_of_another_key_is_refused_and_spends_nothing(
    welcoming: cast.World,
) -> None:
    user_key_holders.sign_up(welcoming, ALICE, "alice")
    text = user_key_holders.message(
        welcoming, "/sign-in/user-key", {"public_key": ALICE.public.text}
    )
    body = {"message": text, "signature": user_key_holders.signed(BOB, text)}
    problem(user_key_holders.post(welcoming, "/sign-in/user-key", body), 401, "sign-in.refused")
    body["signature"] = base64.b64encode(user_key.sign(ALICE, text.encode())).decode()
    assert user_key_holders.post(welcoming, "/sign-in/user-key", body).status_code == 200


def test_who_holds_the_key_and_is_shut_out_stands_in_the_history(welcoming: cast.World) -> None:
    user_key_holders.sign_up(welcoming, ALICE, "alice")
    with current.in_scope(welcoming.scope.id):
        alice = User.objects.get()
        users.disable(user_id=alice.id, by=welcoming.system, now=acts.now())
    problem(user_key_holders.sign_in(welcoming, ALICE), 401, "sign-in.refused")
    with current.in_scope(welcoming.scope.id):
        noted = SignIn.objects.get(outcome=SignIn.Outcome.REFUSED)
        assert (noted.method, noted.provider_name) == ("user-key", "user-key")
        assert noted.user_id == alice.id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "", "signature": ""},
        {"message": "{}", "signature": "00" * 65},
        {"message": '{"id": 1}', "signature": "00" * 65},
        {"message": "[]", "signature": "!"},
        {"message": '{"id": "\\ud800"}', "signature": "00" * 65},
        {"message": "x" * 8193, "signature": ""},
    ],
)
def test_refuses_what_is_no_text_of_ours(welcoming: cast.World, body: Any) -> None:
    for path in ("/sign-in/user-key", "/sign-up/user-key"):
        answer = user_key_holders.post(welcoming, path, body)
        assert answer.status_code in {400, 401}, answer.text
