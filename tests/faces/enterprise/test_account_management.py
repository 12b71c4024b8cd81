"""`/account-management/authorize`, `key-register` and `password`."""

import json

import pytest

from accounts.models import Device, KnownKey, User
from identity.crypto import cose, evidence
from invitations.models import Invitation, Proposal
from tests.faces.enterprise.desk import Desk, Holder, Person, keys
from tests.faces.enterprise.examples import new_id

REVIEW = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'


def refused(answer: dict[str, object], code: str) -> None:
    assert answer["error_code"] == code, answer
    assert "details" not in answer


def review_authorize(owner: Person) -> None:
    """From now on a workspace owner must see every new device."""
    policy = {
        "plid": new_id(),
        "name": "New devices",
        "resource": "/account-management/authorize",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": REVIEW,
    }
    owner.done("add", "/policies", policy)


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


# The password of an account.


def further_device(desk: Desk, holder: Holder) -> Holder:
    return desk.invited(holder.invitation.user.email)


def test_a_password_protects_further_devices(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    holder.authorize(password="correct horse")
    second = further_device(desk, holder)
    answers = [second.authorize(), second.authorize(password=""), second.authorize(password="no")]
    assert answers[0] == answers[1] == answers[2]
    refused(answers[0], "-12")
    assert second.authorize(password="correct horse")["status"] == "success"


def test_the_kept_request_holds_no_password(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    holder.authorize(password="correct horse")
    kept = [bytes(key.registration or b"") for key in KnownKey.objects.all() if key.registration]
    assert kept
    assert all(b"correct horse" not in record for record in kept)
    assert all(evidence.STAFF_REQUEST_TYPE.encode() in record for record in kept)


def test_without_a_password_the_holders_own_request_is_kept(desk: Desk) -> None:
    holder = desk.invited("erin@example.test")
    holder.authorize(password="")
    known = KnownKey.objects.get(public=holder.keys.signature_pubkey)
    inner = cose.read_signed_request(bytes(known.registration or b""))
    cose.verify_signed_request(inner, holder.one_time_key.public)
    assert json.loads(inner.payload)["resource"] == "/account-management/authorize"


def test_a_waiting_authorization_keeps_no_password(desk: Desk) -> None:
    alice = desk.person("alice")
    review_authorize(alice)
    desk.person("dave", "workspace-owner")
    holder = desk.invited("erin@example.test")
    answer = holder.authorize(password="correct horse")
    proposal = Proposal.objects.get(id=answer["details"]["proposal_id"])
    assert proposal.request_is_attested
    assert b"correct horse" not in bytes(proposal.request)
    assert "correct horse" not in json.dumps(proposal.commands)
    shown = alice.done("get", f"/proposals/{proposal.id}")
    assert "password_verifier" not in json.dumps(shown)


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


# Changing the password.


def change(person: Person, old: str, new: str, **more: object) -> dict[str, object]:
    details = {"old_password": old, "new_password": new}
    return person.ask("edit", "/account-management/password", details, **more)


def with_password(desk: Desk, password: str) -> Person:
    holder = desk.invited("erin@example.test")
    holder.authorize(password=password)
    user = User.objects.get(id=holder.invitation.user_id)
    return Person(user=user, device=user.devices.get(), keys=holder.keys, now=desk.now)


def test_changes_the_own_password(desk: Desk) -> None:
    erin = with_password(desk, "correct horse")
    answer = change(erin, "correct horse", "battery staple")
    assert answer == {"status": "success", "details": {}, "metadata": None}
    refused(change(erin, "correct horse", "another one"), "-12")
    assert change(erin, "battery staple", "another one")["status"] == "success"


def test_refuses_a_wrong_old_password_and_an_unfit_new_one(desk: Desk) -> None:
    erin = with_password(desk, "correct horse")
    refused(change(erin, "wrong horse", "battery staple"), "-12")
    refused(change(erin, "correct horse", "short"), "-7")
    refused(change(erin, "correct horse", "x" * 1025), "-7")
    assert change(erin, "correct horse", "battery staple")["status"] == "success"


def test_a_lost_answer_to_a_new_password_can_be_asked_for_again(desk: Desk) -> None:
    erin = with_password(desk, "correct horse")
    first = change(erin, "correct horse", "battery staple", idempotency_key="k")
    assert first["status"] == "success"
    assert change(erin, "correct horse", "battery staple", idempotency_key="k") == first
    refused(change(erin, "correct horse", "other staple", idempotency_key="k"), "-10")


def test_an_idempotency_key_does_not_undo_the_count_of_wrong_passwords(desk: Desk) -> None:
    erin = with_password(desk, "correct horse")
    for number in range(10):
        refused(change(erin, "wrong horse", "battery staple", idempotency_key=f"k{number}"), "-12")
    refused(change(erin, "correct horse", "battery staple"), "-12")


def test_the_password_changes_by_itself_or_not_at_all(desk: Desk) -> None:
    alice = desk.person("alice")
    password = {
        "action": "edit",
        "resource": "/account-management/password",
        "details": {"old_password": "", "new_password": "battery staple"},
    }
    group = {"action": "add", "resource": "/groups", "details": {"gid": new_id(), "name": "x"}}
    for name in ("batch", "atomicBatch"):
        answer = alice.send({name: [group, password]})
        assert (answer["status"], answer["error_code"]) == ("failed", "-7")
    malformed = password | {"details": {"new_password": "x" * 2000}}
    assert alice.send({"batch": [group, malformed]})["error_code"] == "-7"
    assert alice.done("get", "/groups") == []


def test_a_password_is_no_part_of_the_audit_record(desk: Desk) -> None:
    erin = with_password(desk, "correct horse")
    change(erin, "correct horse", "battery staple")
    told = json.dumps(desk.person("alice").done("get", "/audit", {"limit": 200}))
    for secret in ("correct horse", "battery staple", "argon2"):
        assert secret not in told
