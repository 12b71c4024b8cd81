"""GET /accounts/session."""

import pytest

from accounts.models import User
from sessions_app.models import Session
from sessions_app.services import sessions
from tests import acts, cast
from tests.faces.guardian.client import UNAUTHORIZED, Client


def test_says_who_is_signed_in(world, alice) -> None:
    answer = alice.get("/accounts/session")
    assert answer.status == 200
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
    assert answer.json == {
        "id": str(user.public_id),
        "username": "alice",
        "role": "USER",
        "permissions": [
            "ACCOUNTS_STANDARD_REGISTRY_READ",
            "DEMO_KEY_CREATE",
            "IPFS_FILE_READ",
            "IPFS_FILE_CREATE",
            "PROFILES_USER_READ",
            "PROFILES_USER_UPDATE",
            "PROFILES_BALANCE_READ",
        ],
        "permissionsGroup": [],
        "location": "local",
    }


def test_a_registry_may_more(acme) -> None:
    told = acme.get("/accounts/session").json
    assert told["role"] == "STANDARD_REGISTRY"
    assert {"ACCOUNTS_ACCOUNT_READ", "PROFILES_RESTORE_ALL"} <= set(told["permissions"])


@pytest.mark.parametrize("mount", ["", "/api/v1"])
@pytest.mark.parametrize("end", ["", "/"])
def test_answers_at_both_addresses(alice, mount, end) -> None:
    alice.mount = mount
    assert alice.get(f"/accounts/session{end}").json["username"] == "alice"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "Bearer"])
def test_is_401_without_a_good_token(alice, token) -> None:
    answer = alice.get("/accounts/session", token=token)
    assert (answer.status, answer.json) == (401, UNAUTHORIZED)


def test_is_401_with_a_refresh_token_or_another_scheme(alice) -> None:
    assert alice.get("/accounts/session", token=alice.refresh).json == UNAUTHORIZED
    basic = {"HTTP_AUTHORIZATION": f"Basic {alice.access}"}
    assert alice.get("/accounts/session", token="", **basic).json == UNAUTHORIZED


def test_is_401_in_another_scope(alice) -> None:
    other = Client(cast.world())
    assert other.get("/accounts/session", token=alice.access).json == UNAUTHORIZED


def test_is_401_from_the_moment_the_session_ends(world, alice) -> None:
    with cast.in_scope(world):
        session = Session.objects.get()
        sessions.end(session_id=session.id, reason="x", by=world.system, now=acts.now())
    assert alice.get("/accounts/session").json == UNAUTHORIZED
