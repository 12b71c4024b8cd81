"""POST /accounts/access-token."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.services import users
from identity.models import AuditEvent
from identity.services import scopes
from sessions_app.models import Session
from sessions_app.services import sessions
from tests import acts, cast
from tests.faces.guardian import client
from tests.faces.guardian.client import UNAUTHORIZED, Answer, Client


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return told


def renew(who: Client, token: Any = None, **more: Any) -> Answer:
    body = {"refreshToken": who.refresh if token is None else token}
    return who.post("/accounts/access-token", body, **more)


def test_gives_an_access_token_that_says_what_clients_read(alice) -> None:
    answer = renew(alice)
    assert answer.status == 200
    assert set(answer.json) == {"accessToken", "refreshToken"}
    told = claims(answer.json["accessToken"])
    assert (told["username"], told["did"], told["role"]) == ("alice", None, "USER")
    assert told["expireAt"] == told["exp"] * 1000
    assert told["exp"] - told["iat"] == 300


def test_the_claims_of_a_face_change_nothing_that_is_ours(world, alice) -> None:
    told = claims(alice.access)
    assert told["iss"].endswith(f"/s/{world.scope.slug}")
    assert told["aud"] == f"{told['iss']}/registries"
    with cast.in_scope(world):
        assert told["sub"] == str(User.objects.get(username="alice").public_id)


def test_a_client_that_keeps_its_token_goes_on_with_it(alice) -> None:
    for _ in range(5):
        answer = renew(alice)
        assert answer.status == 200
        assert alice.get("/accounts/session", token=answer.json["accessToken"]).status == 200


def test_the_same_token_has_the_same_successor(alice) -> None:
    assert renew(alice).json["refreshToken"] == renew(alice).json["refreshToken"]


def test_a_client_that_takes_the_new_token_has_a_line(world, alice) -> None:
    first, second = alice.refresh, renew(alice).json["refreshToken"]
    third = renew(alice, second).json["refreshToken"]
    assert len({first, second, third}) == 3
    assert renew(alice, third).status == 200
    # The first one is spent: somebody else has it, or had it.
    assert renew(alice, first).json == UNAUTHORIZED
    assert renew(alice, third).json == UNAUTHORIZED
    with cast.in_scope(world):
        assert Session.objects.get().ended_reason == "reuse"
        assert AuditEvent.objects.filter(name="session.refresh-reused").exists()


def test_an_answer_that_was_lost_is_given_again(alice) -> None:
    second = renew(alice).json["refreshToken"]
    assert renew(alice, second).status == 200
    assert renew(alice, second).status == 200
    # Two calls that were under way at the same time, by one client.
    assert renew(alice).status == 200


def test_nobody_skips_a_token(alice) -> None:
    second = renew(alice).json["refreshToken"]
    third = renew(alice, second).json["refreshToken"]
    again = Client(alice.world, "alice").sign_in()
    assert renew(again, third).status == 200
    assert again.refresh != third


@pytest.mark.parametrize("token", ["", "x", "csr_", "csr_" + "A" * 200, "ey.ey.ey", " ", "\x00"])
def test_refuses_every_other_text_alike(nobody, token) -> None:
    answer = renew(nobody, token)
    assert answer.status == 401
    assert answer.json["error"] == "Unauthorized"


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"refreshToken": 1}, {"refreshToken": "x", "more": 1}]
)
def test_a_body_that_does_not_fit_is_401_too(nobody, body) -> None:
    assert nobody.post("/accounts/access-token", body).status == 401


def test_refuses_an_altered_token(alice) -> None:
    text = alice.refresh
    for at in (5, 40, 70, 100, len(text) - 1):
        other = "A" if text[at] != "A" else "B"
        assert renew(alice, text[:at] + other + text[at + 1 :]).json == UNAUTHORIZED
    assert renew(alice).status == 200


def test_refuses_an_access_token(alice) -> None:
    assert renew(alice, alice.access).json == UNAUTHORIZED


def test_refuses_a_token_of_another_face(world, alice) -> None:
    from tests import signed_in

    bob = world.member("bob")
    other = signed_in.start(world, bob)
    assert renew(alice, other.refresh).json == UNAUTHORIZED
    assert alice.get("/accounts/session", token=other.access).json == UNAUTHORIZED


def test_refuses_a_token_at_the_address_of_another_scope(alice) -> None:
    other = Client(cast.world())
    assert renew(other, alice.refresh).json == UNAUTHORIZED


def test_refuses_after_sign_out_and_after_shutting_out(world, alice) -> None:
    with cast.in_scope(world):
        session = Session.objects.get()
        sessions.end(session_id=session.id, reason="x", by=world.system, now=acts.now())
    assert renew(alice).json == UNAUTHORIZED
    alice.sign_in()
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
        users.disable(user_id=user.id, by=world.system, now=acts.now())
    assert renew(alice).json == UNAUTHORIZED


def test_refuses_in_a_suspended_scope(world, alice) -> None:
    with cast.in_scope(world):
        scopes.suspend(by=world.system, now=acts.now())
    assert renew(alice).json == UNAUTHORIZED


def test_a_session_that_is_used_lives_on_to_its_end(world, alice) -> None:
    with cast.in_scope(world):
        Session.objects.update(expires_at=acts.now() + timedelta(hours=1))
    assert renew(alice).status == 200
    with cast.in_scope(world):
        assert Session.objects.get().expires_at > acts.now() + timedelta(days=6)
        Session.objects.update(created_at=acts.now() - timedelta(days=89, hours=23))
    assert renew(alice).status == 200
    with cast.in_scope(world):
        assert Session.objects.get().expires_at < acts.now() + timedelta(hours=2)


def test_a_session_that_was_not_used_ends(world, alice) -> None:
    with cast.in_scope(world):
        Session.objects.update(
            created_at=acts.now() - timedelta(days=8), expires_at=acts.now() - timedelta(seconds=1)
        )
    assert renew(alice).json == UNAUTHORIZED


def test_an_access_token_outlives_no_session(world, alice) -> None:
    with cast.in_scope(world):
        Session.objects.update(created_at=acts.now() - timedelta(days=90) + timedelta(seconds=60))
    token = renew(alice).json["accessToken"]
    assert claims(token)["exp"] <= acts.now().timestamp() + 61


def test_says_what_somebody_is_now(world, alice) -> None:
    with cast.in_scope(world):
        alice_row = User.objects.get(username="alice")
        alice_row.registry_membership.did = "did:example:alice"
        alice_row.registry_membership.save()
    assert claims(renew(alice).json["accessToken"])["did"] == "did:example:alice"
    assert client.Client(world, "alice").login().json["did"] == "did:example:alice"
