"""`/users`, `/users/invite`, `/users/{id}` and `/users/{id}/password`."""

import pytest

from accounts.models import User
from tests.faces.enterprise.desk import Desk, refused
from tests.faces.enterprise.examples import (
    group_details,
    new_id,
    person_details,
    program_details,
)

# Lists.


def test_lists_users_with_their_total(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    answer = alice.ask("get", "/users", {})
    assert answer["metadata"] == {"total_count": 2}
    assert [row["uid"] for row in answer["details"]] == [alice.uid, bob.uid]
    assert answer["details"][1]["roles"] == ["member"]


def test_lists_by_page_and_order(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob")
    page = {"limit": 1, "offset": 1, "sort_by": "created_at", "sort": "desc"}
    answer = alice.ask("list", "/users", page)
    assert answer["metadata"] == {"total_count": 2}
    assert [row["uid"] for row in answer["details"]] == [alice.uid]
    assert [row["uid"] for row in alice.done("list", "/users", page | {"offset": 0})] == [bob.uid]


def test_filters_users(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    alice.done("add", "/users", program_details(new_id()))
    gid = new_id()
    alice.done("add", "/groups", group_details(gid))
    alice.done("add", f"/groups/{gid}/users", {"uid": bob.uid})

    def found(**filters: str) -> list[str]:
        return [row["uid"] for row in alice.done("get", "/users", {"filters": filters})]

    assert found(rid="member") == [bob.uid]
    assert found(gid=gid) == [bob.uid]
    assert found(email="bob@example.test") == [bob.uid]
    assert found(username="BOB@example.test") == [bob.uid]
    assert len(found(type="api")) == 1
    assert found(type="regular") == [alice.uid, bob.uid]
    assert found(status="disabled") == []


@pytest.mark.parametrize(
    "page",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": True},
        {"limit": "10"},
        {"offset": -1},
        {"offset": 2**31},
        {"sort_by": "email"},
        {"sort": "down"},
        {"filters": {"password": "x"}},
        {"filters": {"status": "asleep"}},
        {"filters": {"gid": "x"}},
        {"filters": []},
    ],
)
def test_refuses_other_bounds_orders_and_filters(desk: Desk, page: dict[str, object]) -> None:
    answer = desk.person("alice").ask("get", "/users", page)
    (field, value) = next(iter(page.items()))
    field = next(iter(value)) if isinstance(value, dict) else field
    refused(answer, "-7", str(field))


def test_shows_no_user_of_another_scope(desk: Desk, other: Desk) -> None:
    charlie = other.person("charlie")
    alice = desk.person("alice")
    assert [row["uid"] for row in alice.done("get", "/users")] == [alice.uid]
    assert alice.ask("get", f"/users/{charlie.uid}") == alice.ask("get", f"/users/{new_id()}")


# One user.


def test_shows_a_user(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    shown = desk.person("alice").done("get", f"/users/{bob.uid}", {})
    assert shown["uid"] == bob.uid
    assert shown["first_name"] == "Bob"
    assert shown["updated_at"] == int(bob.user.updated_at.timestamp())


def test_everybody_sees_only_itself_without_a_right(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    assert bob.done("get", f"/users/{bob.uid}")["uid"] == bob.uid
    unknown = bob.ask("get", f"/users/{new_id()}")
    refused(unknown, "-9", "users:get")
    assert bob.ask("get", f"/users/{alice.uid}") == unknown


# Invitations of new people.


def test_invites_a_person(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    details = alice.done("add", "/users/invite", person_details(uid, mobile="+43 1 234"))
    user = User.objects.get(public_id=uid)
    assert (user.status, user.mobile) == ("invited", "+43 1 234")
    assert set(details) == {
        "uid",
        "invitation_id",
        "expires_at",
        "invite_string",
        "oneTimePrivateKey",
        "deviceUuid",
        "server_rsa_pub_key_pem_b64",
        "server_ecdsa_pub_key",
    }
    assert details["uid"] == uid
    assert details["invite_string"].startswith("inv_")
    assert details["server_ecdsa_pub_key"] == desk.client_keys().signature_hex
    assert details["server_rsa_pub_key_pem_b64"] == desk.client_keys().encryption_pem_base64
    assert details["expires_at"] == int(desk.now.timestamp()) + 72 * 3600


def test_invites_for_as_long_as_asked(desk: Desk) -> None:
    alice = desk.person("alice")
    details = alice.done("add", "/users/invite", person_details(new_id(), life_minutes=5))
    assert details["expires_at"] == int(desk.now.timestamp()) + 300
    for minutes in (4, 30 * 24 * 60 + 1):
        answer = alice.ask("add", "/users/invite", person_details(new_id(), life_minutes=minutes))
        refused(answer, "-7", "life_minutes")


def test_invites_an_api_user_with_its_keys(desk: Desk) -> None:
    uid = new_id()
    details = desk.person("alice").done(
        "add", "/users/invite", program_details(uid, user_category="api")
    )
    assert (details["uid"], details["type"]) == (uid, "api")
    assert "invite_string" not in details


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_category": "robot"}, "user_category"),
        ({"uid": "1"}, "uid"),
        ({"uid": None}, "uid"),
        ({"email": 5}, "email"),
        ({"email": "x" * 257}, "email"),
        ({"email": "no address"}, "address"),
        ({"first_name": "a\x00b"}, "first_name"),
        ({"mobile": "1" * 33}, "mobile"),
        ({"roles": ["super-admin"]}, "roles"),
        ({"ecdsa_pubkey": "02"}, "ecdsa_pubkey"),
    ],
)
def test_refuses_other_details_of_a_person(
    desk: Desk, change: dict[str, object], field: str
) -> None:
    alice = desk.person("alice")
    refused(alice.ask("add", "/users/invite", person_details(new_id()) | change), "-7", field)
    assert User.objects.count() == 1


@pytest.mark.parametrize("missing", ["uid", "email", "user_category"])
def test_names_what_is_missing(desk: Desk, missing: str) -> None:
    details = person_details(new_id())
    del details[missing]
    refused(desk.person("alice").ask("add", "/users/invite", details), "-7", missing)


# Changes.


def test_edits_a_user(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    details = {"first_name": "Robert", "mobile": "", "customer_id": "c-1", "last_name": None}
    shown = alice.done("edit", f"/users/{bob.uid}", details)
    assert (shown["first_name"], shown["customer_id"]) == ("Robert", "c-1")
    assert shown["updated_by"] == alice.uid
    assert shown["last_name"] == ""


def test_disables_and_enables_a_user(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    path = f"/users/{bob.uid}"
    assert alice.done("edit", path, {"status": "disabled"})["status"] == "disabled"
    assert alice.done("edit", path, {"status": "active"})["status"] == "active"
    refused(alice.ask("edit", path, {"status": "invited"}), "-7", "status")


def test_the_last_owner_stays(desk: Desk) -> None:
    alice = desk.person("alice")
    path = f"/users/{alice.uid}"
    refused(alice.ask("edit", path, {"status": "disabled"}), "-10")
    refused(alice.ask("delete", path), "-10")


def test_edits_no_rights_by_the_way(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    for field in ("roles", "is_staff", "is_operator", "password", "username", "uid", "pubkey"):
        refused(alice.ask("edit", f"/users/{bob.uid}", {field: "x"}), "-7", field)


def test_deletes_a_user(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    assert alice.done("delete", f"/users/{bob.uid}", {}) == {"uid": bob.uid}
    refused(alice.ask("get", f"/users/{bob.uid}"), "-8")
    refused(alice.ask("delete", f"/users/{bob.uid}"), "-8")


def test_resets_a_password(desk: Desk) -> None:
    alice = desk.person("alice")
    holder = desk.invited("erin@example.test")
    assert holder.authorize(password="correct horse")["status"] == "success"
    user = User.objects.get(id=holder.invitation.user_id)
    assert user.password
    uid = str(user.public_id)
    assert alice.done("delete", f"/users/{uid}/password") == {"uid": uid}
    user.refresh_from_db()
    assert not user.password
