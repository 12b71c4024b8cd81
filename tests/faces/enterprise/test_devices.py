"""`/users/{id}/devices[/{did}]` and `/users/{id}/devices/invite`."""

import pytest

from accounts.models import Device
from identity.crypto import check_code
from tests.faces.enterprise.desk import Desk, keys
from tests.faces.enterprise.examples import new_id, rotation


def test_lists_devices_as_the_reference_does(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    answer = desk.person("alice").ask("get", f"/users/{bob.uid}/devices", {})
    assert answer["metadata"] == {"total_count": 1}
    registered = int(bob.device.registered_at.timestamp())
    assert answer["details"] == {
        "devices": [
            {
                "id": bob.did,
                "user_id": bob.uid,
                "label": "bob's device",
                "ecdsa_pubkey": bob.keys.signature_pubkey,
                "rsa_pubkey": bob.keys.encryption_pubkey,
                "check_code": check_code.of_key(bob.keys.signature_pubkey),
                "status": "active",
                "is_active": True,
                "created_at": registered,
                "updated_at": registered,
                "last_access_at": None,
            }
        ]
    }


def test_shows_own_devices_without_a_right(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    listed = bob.done("get", f"/users/{bob.uid}/devices")["devices"]
    assert [row["id"] for row in listed] == [bob.did]
    assert bob.done("get", f"/users/{bob.uid}/devices/{bob.did}")["id"] == bob.did
    unknown = bob.ask("get", f"/users/{new_id()}/devices")
    assert unknown["error_code"] == "-9"
    assert bob.ask("get", f"/users/{alice.uid}/devices") == unknown


def test_a_device_is_shown_with_its_own_user_only(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    assert bob.ask("get", f"/users/{bob.uid}/devices/{alice.did}")["error_code"] == "-8"
    assert alice.ask("get", f"/users/{alice.uid}/devices/{bob.did}")["error_code"] == "-8"


def test_filters_devices(desk: Desk) -> None:
    alice = desk.person("alice")
    path = f"/users/{alice.uid}/devices"
    assert alice.done("get", path, {"filters": {"status": "active"}})["devices"]
    assert alice.done("get", path, {"filters": {"status": "revoked"}})["devices"] == []
    assert alice.ask("get", path, {"filters": {"user": alice.uid}})["error_code"] == "-7"


# Revoking.


def test_revokes_an_own_device(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    shown = bob.done("delete", f"/users/{bob.uid}/devices/{bob.did}", {"reason": "lost"})
    assert (shown["id"], shown["status"], shown["is_active"]) == (bob.did, "revoked", False)
    assert Device.objects.get(id=bob.did).revoke_reason == "lost"


def test_revokes_no_other_device_without_the_right(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    answer = bob.ask("delete", f"/users/{alice.uid}/devices/{alice.did}")
    assert answer["error_code"] == "-9"
    # One's own name in the path opens nobody else's device.
    assert bob.ask("delete", f"/users/{bob.uid}/devices/{alice.did}")["error_code"] == "-8"
    assert Device.objects.get(id=alice.did).status == "active"


def test_the_last_device_of_the_last_owner_stays(desk: Desk) -> None:
    alice = desk.person("alice")
    answer = alice.ask("delete", f"/users/{alice.uid}/devices/{alice.did}")
    assert answer["error_code"] == "-10"


def test_revoking_somebody_elses_device_waits_for_a_second_person(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    desk.person("carol", "workspace-owner")
    answer = alice.ask("delete", f"/users/{bob.uid}/devices/{bob.did}")
    assert answer["status"] == "pending"
    assert Device.objects.get(id=bob.did).status == "active"


# New keys.


def test_gives_a_device_new_keys(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    path = f"/users/{bob.uid}/devices/{bob.did}"
    shown = bob.done("edit", path, rotation(bob, keys(30)))
    assert shown["ecdsa_pubkey"] == keys(30).signature_pubkey
    assert shown["rsa_pubkey"] == keys(30).encryption_pubkey


@pytest.mark.parametrize("part", ["ecdsa_pubkey", "rsa_pubkey", "proof"])
def test_new_keys_need_every_part(desk: Desk, part: str) -> None:
    bob = desk.person("bob", "member")
    details = rotation(bob, keys(30))
    del details[part]
    answer = bob.ask("edit", f"/users/{bob.uid}/devices/{bob.did}", details)
    assert answer["error_code"] == "-7"
    assert part in answer["message"]


def test_new_keys_need_a_proof_by_the_new_key(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    path = f"/users/{bob.uid}/devices/{bob.did}"
    details = rotation(bob, keys(30)) | {"ecdsa_pubkey": keys(31).signature_pubkey}
    assert bob.ask("edit", path, details)["error_code"] == "-7"
    details = rotation(bob, keys(30)) | {"proof": "not base64"}
    assert bob.ask("edit", path, details)["error_code"] == "-7"
    assert Device.objects.get(id=bob.did).signature_key == bob.keys.signature_pubkey


# Further devices.


def test_invites_a_further_device(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    details = alice.done("add", f"/users/{bob.uid}/devices/invite", {})
    assert details["uid"] == bob.uid
    assert details["deviceUuid"] != bob.did
    assert details["invite_string"].startswith("inv_")


def test_a_new_invitation_ends_the_older_one_unless_asked_otherwise(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    path = f"/users/{bob.uid}/devices/invite"

    def states() -> list[str]:
        rows = alice.done("get", "/invitations", {"filters": {"uid": bob.uid}})
        return sorted(row["state"] for row in rows)

    alice.done("add", path)
    alice.done("add", path, {"keep_older": True})
    assert states() == ["open", "open"]
    alice.done("add", path, {"keep_older": False})
    assert states() == ["open", "revoked", "revoked"]


def test_a_device_without_a_password_waits_for_a_second_person(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    desk.person("carol", "workspace-owner")
    answer = alice.ask("add", f"/users/{bob.uid}/devices/invite", {})
    assert answer["status"] == "pending"
    assert set(answer["details"]) == {"proposal_id"}
