"""POST /accounts/change-password."""

from uuid import UUID

import pytest

from identity import ids
from invitations.services import policies
from sessions_app.models import Session
from tests import acts, cast
from tests.faces.guardian.client import OTHER, PASSWORD, UNAUTHORIZED, Answer, Client
from tests.faces.guardian.test_login import WRONG, generator


def change(who: Client, *, old: str = PASSWORD, new: str = OTHER, **more: object) -> Answer:
    body = {"username": who.username, "oldPassword": old, "newPassword": new, **more}
    return who.post("/accounts/change-password", body)


def test_sets_the_new_password_and_signs_in(world, alice) -> None:
    before = alice.access
    answer = change(alice)
    assert answer.status == 200
    assert set(answer.json) == {"username", "did", "role", "refreshToken"}
    assert alice.login().json == WRONG
    alice.password = OTHER
    assert alice.login().status == 200
    # Whoever else was signed in is out.
    assert alice.get("/accounts/session", token=before).json == UNAUTHORIZED
    alice.refresh = answer.json["refreshToken"]
    assert alice.renew().get("/accounts/session").status == 200


def test_needs_no_token(world, alice) -> None:
    assert change(Client(world, "alice")).status == 200


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_wrong_old_password_is_401_whoever_is_meant(world, alice, name) -> None:
    answer = change(Client(world, name), old="wrongPassword1")
    assert (answer.status, answer.json) == (401, WRONG)
    assert alice.login().status == 200


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_weak_new_password_is_422_whoever_is_meant(world, alice, name) -> None:
    answer = change(Client(world, name), new="short")
    assert answer.status == 422
    assert "short" not in answer.text
    assert alice.login().status == 200


def test_is_no_way_around_one_time_passwords(world, alice) -> None:
    totp = generator(world, "alice")
    answer = change(alice)
    assert answer.json == {"success": False, "otprequired": True}
    assert change(alice, otp="000000").status == 401
    assert change(alice, otp=f"{totp.token():06d}").status == 200
    alice.password = OTHER
    assert alice.login().json == {"success": False, "otprequired": True}


def test_wrong_ones_are_counted_with_those_of_signing_in(world, alice) -> None:
    for number in range(10):
        alice.address = f"198.51.{number}.1"
        assert change(alice, old="wrongPassword1").status == 401
    assert alice.login().json == WRONG


def test_refuses_a_body_that_does_not_fit(alice) -> None:
    answer = alice.post("/accounts/change-password", {"username": "alice"})
    assert answer.status == 422
    expected = ["oldPassword should not be empty", "newPassword should not be empty"]
    assert answer.message == expected


def test_a_refusal_leaves_no_session_behind(world, alice) -> None:
    with cast.in_scope(world):
        before = Session.objects.count()
    change(alice, old="wrongPassword1")
    change(alice, new="short")
    with cast.in_scope(world):
        assert Session.objects.count() == before


def test_waits_where_a_policy_asks_for_consent(world, alice) -> None:
    owner = world.member("owner", "super-admin")
    with cast.in_scope(world):
        policies.create(
            public_id=ids.new(),
            fields={
                "name": "consent",
                "resource": "/account-management/password",
                "action": "edit",
                "description": "",
                "priority": 10,
                "expression": "true",
                "status": "active",
                "decision_on_true": "REVIEW",
                "review_expression": '{"all":[{"min":1,"role":"super-admin"}],"deny":1}',
            },
            by=world.system,
            now=acts.now(),
        )
    answer = change(alice)
    assert answer.status == 202
    assert set(answer.json) == {"statusCode", "message", "proposalId"}
    assert alice.login().status == 200
    assert acts.approve(owner, UUID(answer.json["proposalId"])).state == "executed"
    assert alice.login().json == WRONG
    alice.password = OTHER
    assert alice.login().status == 200
