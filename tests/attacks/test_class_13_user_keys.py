"""Classes 12, 13, 18 and 22 of the known attacks, on joining and signing in by a user key.

Forged and foreign invitations (CVE-2026-1529), texts answered twice or elsewhere (CVE-2025-46815),
doors that stay open for whoever was shut out (CVE-2026-1486), refusals that tell who is here
(CVE-2026-4633): all in Keycloak or Zitadel.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction

from accounts.models import User
from accounts.services import users
from identity.scoping import current
from identity.services import scopes
from invitations.models import Invitation
from invitations.services import invitations
from sessions_app.models import Challenge
from tests import acts, cast, user_key_holders
from tests.attacks import stopwatch
from tests.user_key_holders import key, message, post, sign_in, sign_up, signed

pytestmark = pytest.mark.django_db(transaction=True)

ALICE, BOB = key("alice"), key("bob")
IN, UP = "/sign-in/user-key", "/sign-up/user-key"
NAMED = {"public_key": ALICE.public.text}


@pytest.fixture
def world() -> cast.World:
    world = cast.world(sign_up=True)
    assert sign_up(world, ALICE, "alice").status_code == 201
    return world


def answer(world: cast.World, text: str, signature: str = "", path: str = IN) -> httpx.Response:
    return post(world, path, {"message": text, "signature": signature or signed(ALICE, text)})


def test_class_13_a_text_is_answered_once_by_either_signature(world: cast.World) -> None:
    text = message(world, IN, NAMED)
    first = signed(ALICE, text)
    assert answer(world, text, user_key_holders.other_signature(first)).status_code == 200
    assert answer(world, text, user_key_holders.other_signature(first)).status_code == 401
    assert answer(world, text, first).status_code == 401


def test_class_13_a_text_is_good_in_one_scope_for_one_act(world: cast.World) -> None:
    other = cast.world(sign_up=True)
    assert sign_up(other, ALICE, "alice").status_code == 201
    text = message(world, IN, NAMED)
    assert answer(other, text).status_code == 401
    assert answer(world, text, path=UP).status_code == 401
    assert answer(world, text).status_code == 200
    joining = message(world, UP, NAMED)
    assert answer(world, joining).status_code == 401


def test_class_13_a_text_that_was_changed_is_none(world: cast.World) -> None:
    text = message(world, IN, NAMED)
    said = json.loads(text)
    changes: list[dict[str, Any]] = [
        {**said, "expires_at": "2099-01-01T00:00:00Z"},
        {**said, "act": "sign-up"},
        {**said, "more": ""},
        {**said, "public_key": BOB.public.text},
        {**said, "challenge": "0" * 64},
    ]
    spelled = [text + " ", text.replace('":', '": ', 1), text[:-1] + ',"act":"sign-in"}']
    written = [json.dumps(each, sort_keys=True, separators=(",", ":")) for each in changes]
    for changed in [*written, *spelled]:
        for holder in (ALICE, BOB):
            assert answer(world, changed, signed(holder, changed)).status_code == 401


def test_class_28_no_text_breaks_it(world: cast.World) -> None:
    key_named = '"id":"00000000-0000-4000-8000-000000000000","public_key":"x","challenge":'
    for text in (
        "[" * 8192,
        '{"a":' * 1600,
        "{" + key_named + '"' + "0" * 64 + '","a":' + "[" * 4000,
        "9" * 8192,
        '{"id":1e999}',
    ):
        for path in (IN, UP):
            refused = post(world, path, {"message": text, "signature": "00"})
            assert refused.status_code in {400, 401}, refused.text


def test_class_13_a_text_comes_late(world: cast.World) -> None:
    text = message(world, IN, NAMED)
    with current.in_scope(world.scope.id):
        Challenge.objects.update(expires_at=acts.now() - timedelta(seconds=1))
    assert answer(world, text).status_code == 401


def test_class_13_a_signature_of_another_form_is_none(world: cast.World) -> None:
    text = message(world, IN, NAMED)
    right = bytes.fromhex(signed(ALICE, text))
    wrong = [
        right[1:].hex(),  # r and s alone
        right.hex() + "00",
        (right[1:] + right[:1]).hex(),  # as Ethereum's wallets write it
        (bytes([right[0] - 27]) + right[1:]).hex(),
        (bytes([right[0] ^ 1]) + right[1:]).hex(),
        (right[:1] + bytes(64)).hex(),
        (right[:33] + b"\xff" * 32).hex(),
        "0x" + right.hex(),
        "",
        "é" * 65,
    ]
    for each in wrong:
        refused = post(world, IN, {"message": text, "signature": each})
        assert refused.status_code in {400, 401}
    assert answer(world, text).status_code == 200


def test_class_12_an_invitation_is_good_for_what_was_signed(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    secret = {"invite_string": bundle["invite_string"]}
    bare = message(world, UP, {"public_key": BOB.public.text, "username": "bob"})
    given = {
        **secret,
        "message": bare,
        "signature": signed(BOB, bare),
        "one_time_signature": user_key_holders.one_time_signature(bundle, bare),
    }
    # The text said nothing of an invitation: not even where everybody may join is it used.
    assert post(world, UP, given).status_code == 401
    about = message(world, UP, {"public_key": BOB.public.text, **secret})
    assert answer(world, about, signed(BOB, about), UP).status_code == 401
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "open"


def test_class_12_of_another_scope_late_and_revoked(world: cast.World) -> None:
    foreign = acts.invitation(cast.world(), "bob@example.test")
    assert sign_up(world, BOB, "bob", bundle=foreign).status_code == 401
    late = acts.invitation(world, "late@example.test")
    revoked = acts.invitation(world, "revoked@example.test")
    with current.in_scope(world.scope.id):
        Invitation.objects.filter(id=late["invitation"]).update(
            expires_at=acts.now() - timedelta(seconds=1)
        )
        invitations.revoke(invitation_id=revoked["invitation"], by=world.system, now=acts.now())
    for bundle in (late, revoked):
        assert sign_up(world, BOB, "bob", bundle=bundle).status_code == 401


def test_class_12_an_account_in_use_gets_no_further_key_by_invitation(world: cast.World) -> None:
    carol = world.member("carol")
    with current.in_scope(world.scope.id), transaction.atomic():
        issued = invitations.issue(user=carol.user, by=world.system, now=acts.now())
    bundle = {
        "invite_string": issued.invite_string,
        "one_time_private_key": issued.one_time_private_key,
    }
    refused = sign_up(world, BOB, "mallory", bundle=bundle)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/invitation.needs-device")
    with current.in_scope(world.scope.id):
        assert User.objects.filter(username="carol@example.test").exists()


def test_class_18_who_is_shut_out_stays_out(world: cast.World) -> None:
    def shut_out() -> None:
        users.disable(user_id=alice.id, by=world.system, now=acts.now())

    def late() -> None:
        User.objects.filter(id=alice.id).update(expires_at=acts.now() - timedelta(seconds=1))

    def elsewhere() -> None:
        User.objects.filter(id=alice.id).update(networks=["198.51.100.0/24"])

    def suspended() -> None:
        scopes.suspend(by=world.system, now=acts.now())

    with current.in_scope(world.scope.id):
        alice = User.objects.get(username="alice")
    for change in (late, elsewhere, shut_out, suspended):
        text = message(world, IN, NAMED)
        session = user_key_holders.session(world, sign_in(world, ALICE))
        assert session.get("/me").status_code == 200
        with current.in_scope(world.scope.id):
            change()
        assert answer(world, text).status_code in {401, 403, 404}
        assert session.get("/me").status_code in {401, 403, 404}
        with current.in_scope(world.scope.id):
            User.objects.filter(id=alice.id).update(
                expires_at=None, networks=[], status=User.Status.ACTIVE
            )


def test_class_22_a_refusal_tells_not_who_is_here(world: cast.World) -> None:
    nobody = key("nobody")
    with current.in_scope(world.scope.id):
        gone = sign_up(world, key("gone"), "gone")
        assert gone.status_code == 201
        row = User.objects.get(username="gone")
        users.disable(user_id=row.id, by=world.system, now=acts.now())
    told = set()
    for holder, signer in (
        (ALICE, nobody),
        (nobody, ALICE),
        (nobody, nobody),
        (key("gone"), key("gone")),
    ):
        text = message(world, IN, {"public_key": holder.public.text})
        refused = answer(world, text, signed(signer, text))
        body = {**refused.json(), "request_id": "", "instance": ""}
        told.add((refused.status_code, json.dumps(body, sort_keys=True)))
    assert len(told) == 1


def test_class_22_keys_that_are_here_take_no_other_time(world: cast.World) -> None:
    nobody, stranger = key("nobody"), key("stranger")

    def wrong(name: str) -> Callable[[], object]:
        holder = {"alice": ALICE, "nobody": nobody}[name]
        text = message(world, IN, {"public_key": holder.public.text})
        given = signed(stranger, text)

        def once() -> None:
            assert answer(world, text, given).status_code == 401

        return once

    def begun(name: str) -> Callable[[], object]:
        holder = {"alice": ALICE, "nobody": nobody}[name]
        return lambda: message(world, IN, {"public_key": holder.public.text})

    stopwatch.alike({name: wrong(name) for name in ("alice", "nobody")}, rounds=25)
    stopwatch.alike({name: begun(name) for name in ("alice", "nobody")}, rounds=25)
