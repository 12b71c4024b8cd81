"""`/account-management/authorize` and `key-register`."""

import pytest

from accounts.models import Device
from invitations.models import Invitation
from tests.faces.enterprise.desk import Desk, keys, refused
from tests.faces.enterprise.proposing import review_authorize

# Authorize.


def test_exchanges_the_one_time_key_for_the_devices_own(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    answer = holder.authorize()
    assert (answer["status"], answer["metadata"]) == ("success", None)
    device = Device.objects.get(user=holder.invitation.user)
    uid = str(holder.invitation.user.public_id)
    assert answer["details"] == {
        "device": {
            "device_uuid": str(device.id),
            "device_name": "a new device",
            "user_id": uid,
            "created_at": int(desk.now.timestamp()),
        },
        "user_id": uid,
        "server_ecdsa_pubkey": desk.client_keys().signature_hex,
        "server_rsa_pubkey": desk.client_keys().encryption_pem_base64,
    }
    assert device.signature_key == holder.keys.signature_pubkey


def test_a_repeat_with_the_same_keys_gets_the_same_answer(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    assert holder.authorize() == holder.authorize(device_name="another name")
    assert Device.objects.filter(user=holder.invitation.user).count() == 1


def test_other_keys_are_refused_after_the_first_use(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    holder.authorize()
    answer = holder.authorize(device_signature_pubkey=keys(30).signature_pubkey)
    refused(answer, "-11")
    assert Invitation.objects.get().alarmed_at is not None


def test_every_invalid_invitation_says_the_same(desk: Desk) -> None:
    used, revoked = desk.invited("erin@example.test"), desk.invited("frank@example.test")
    used.authorize()
    desk.person("alice").done("delete", f"/invitations/{revoked.invitation.id}")
    fresh = desk.invited("grace@example.test")
    answers = [
        used.authorize(device_signature_pubkey=keys(30).signature_pubkey),
        revoked.authorize(),
        fresh.authorize(invite_string="inv_guess"),
    ]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0]["status"], answers[0]["error_code"]) == ("unauthorized", "-11")


def test_authorize_may_wait_for_approval(desk: Desk) -> None:
    alice, carol = desk.person("alice"), desk.person("carol")
    review_authorize(alice)
    desk.person("dave", "workspace-owner")
    holder = desk.invited("erin@example.test")
    answer = holder.authorize()
    assert answer["status"] == "pending"
    assert answer == holder.authorize()
    shown = desk.person("dave").done("get", f"/proposals/{answer['details']['proposal_id']}")
    refused(carol.ask("approve", f"/proposals/{shown['proposal_id']}", hash_of(shown)), "-9")
    desk.person("dave").done("approve", f"/proposals/{shown['proposal_id']}", hash_of(shown))
    assert holder.authorize()["details"]["device"]["device_name"] == "a new device"


def hash_of(shown: dict[str, str]) -> dict[str, str]:
    return {"proposal_hash": shown["proposal_hash"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_name", ""),
        ("device_name", "x" * 129),
        ("device_name", 5),
        ("invite_string", ""),
        ("invite_string", "x" * 129),
        ("password", "x" * 1025),
        ("password", "\u2603" * 342),
        ("password", 12345678),
        ("push_token", "x" * 4097),
        ("device_signature_pubkey", "x" * 4097),
        ("device_encryption_pubkey", None),
    ],
)
def test_refuses_what_is_out_of_bounds(desk: Desk, field: str, value: object) -> None:
    holder = desk.invited("erin@example.test")
    answer = holder.authorize_with({field: value})
    refused(answer, "-7")
    assert field in str(answer["message"]) or "1,024 bytes" in str(answer["message"])
    assert str(value) not in str(answer["message"]) or not value or isinstance(value, int)
    assert Invitation.objects.get().state == "open"


def test_takes_what_is_just_within_bounds(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    limits = {"device_name": "x" * 128, "password": "x" * 1024, "push_token": "x" * 4096}
    assert holder.authorize_with(limits)["status"] == "success"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_signature_pubkey", "04" + "1" * 128),
        ("device_signature_pubkey", "nonsense"),
        ("device_encryption_pubkey", "nonsense"),
    ],
)
def test_refuses_bad_keys_and_keeps_the_invitation(desk: Desk, field: str, value: str) -> None:
    holder = desk.invited("erin@example.test")
    refused(holder.authorize_with({field: value}), "-7")
    assert holder.authorize()["status"] == "success"


def test_refuses_a_key_of_another_device(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    taken = desk.person("alice").keys.signature_pubkey
    refused(holder.authorize(device_signature_pubkey=taken), "-10")


# What the holder of an invitation may not do.


def test_the_holder_of_an_invitation_does_nothing_else(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    uid = str(holder.invitation.user.public_id)
    for action, resource in (
        ("get", "/me"),
        ("get", "/server-keys"),
        ("get", f"/users/{uid}"),
        ("get", f"/users/{uid}/devices"),
        ("add", f"/users/{uid}/devices/invite"),
        ("edit", "/account-management/password"),
        ("get", "/proposals"),
    ):
        answer = holder.send({"action": action, "resource": resource, "details": {}})
        assert (answer["status"], answer["error_code"]) == ("unauthorized", "-9"), resource


def test_the_holder_of_an_invitation_sends_no_batch(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    item = {
        "action": "add",
        "resource": "/account-management/authorize",
        "details": holder.details(),
    }
    for name in ("batch", "atomicBatch"):
        assert holder.send({name: [item]})["error_code"] == "-9"
    assert Invitation.objects.get().state == "open"


def test_an_idempotency_key_does_not_undo_the_count_of_tries(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    for number in range(6):
        payload = {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": holder.details(invite_string="inv_guess"),
            "idempotency_key": f"key {number}",
        }
        refused(holder.send(payload), "-11")
    assert Invitation.objects.get().state == "locked"
    refused(holder.authorize(), "-11")


# Key-register.


def test_key_register_takes_the_code_as_nonce(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    details = holder.details(nonce=holder.invite_string)
    del details["invite_string"]
    payload = {"action": "add", "resource": "/account-management/key-register", "details": details}
    answer = holder.send(payload)
    assert answer["status"] == "success"
    assert answer["details"]["user_id"] == str(holder.invitation.user.public_id)
    refused(holder.send(payload | {"details": holder.details()}), "-7")
