"""`/invitations[/{id}]`: listed, shown and revoked, never with their secrets."""

from datetime import timedelta

import orjson

from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, person_details


def test_lists_invitations_without_secrets(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    issued = alice.done("add", "/users/invite", person_details(uid))
    answer = alice.ask("get", "/invitations", {})
    assert answer["metadata"] == {"total_count": 1}
    assert answer["details"] == [
        {
            "id": issued["invitation_id"],
            "uid": uid,
            "username": f"{uid[:8]}@example.test",
            "state": "open",
            "created_at": int(desk.now.timestamp()),
            "expires_at": issued["expires_at"],
            "used_at": None,
            "device_uuid": None,
            "proposal_id": None,
            "is_alarmed": False,
        }
    ]
    for secret in (issued["invite_string"], issued["oneTimePrivateKey"]):
        assert secret not in orjson.dumps(answer).decode()


def test_shows_one_invitation(desk: Desk) -> None:
    alice = desk.person("alice")
    holder = desk.invited("erin@example.test")
    holder.authorize()
    shown = alice.done("get", f"/invitations/{holder.invitation.id}")
    holder.invitation.refresh_from_db()
    assert shown["state"] == "used"
    assert shown["device_uuid"] == str(holder.invitation.device_id)
    assert shown["used_at"] == int(desk.now.timestamp())


def test_an_invitation_expires_when_read(desk: Desk) -> None:
    alice = desk.person("alice")
    issued = alice.done("add", "/users/invite", person_details(new_id(), life_minutes=5))
    request = {"action": "get", "resource": f"/invitations/{issued['invitation_id']}"}
    later = desk.now + timedelta(minutes=5)
    assert alice.send(request)["details"]["state"] == "open"
    assert alice.send(request, now=later)["details"]["state"] == "expired"
    filtered = {"action": "get", "resource": "/invitations"}
    for state, count in (("open", 0), ("expired", 1)):
        details = {"filters": {"state": state}}
        answer = alice.send(filtered | {"details": details}, now=later)
        assert answer["metadata"]["total_count"] == count


def test_refuses_unknown_states_and_filters(desk: Desk) -> None:
    alice = desk.person("alice")
    for filters in ({"state": "lost"}, {"uid": "x"}, {"secret_digest": "x"}):
        assert alice.ask("get", "/invitations", {"filters": filters})["error_code"] == "-7"


def test_revokes_an_invitation_once(desk: Desk) -> None:
    alice = desk.person("alice")
    holder = desk.invited("erin@example.test")
    path = f"/invitations/{holder.invitation.id}"
    assert alice.done("delete", path) == {"id": str(holder.invitation.id), "state": "revoked"}
    assert alice.ask("delete", path)["error_code"] == "-10"
    assert holder.authorize()["error_code"] == "-11"


def test_a_member_sees_no_invitation(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    holder = desk.invited("erin@example.test")
    for resource in ("/invitations", f"/invitations/{holder.invitation.id}"):
        assert bob.ask("get", resource)["error_code"] == "-9"
