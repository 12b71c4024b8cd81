"""`/account-management/password`, and what a password means for further devices."""

import json

from accounts.models import KnownKey, User
from identity.crypto import cose, evidence
from invitations.models import Proposal
from tests.faces.enterprise.desk import Desk, Holder, Person, refused
from tests.faces.enterprise.examples import new_id
from tests.faces.enterprise.proposing import review_authorize

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
