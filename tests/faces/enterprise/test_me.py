"""`get /me`: one's own account."""


from tests.faces.enterprise.desk import Desk


def test_shows_the_own_account(desk: Desk) -> None:
    alice = desk.person("alice")
    answer = alice.ask("get", "/me", {})
    assert answer["status"] == "success"
    assert answer["metadata"] is None
    me = answer["details"]
    assert me["uid"] == alice.uid
    assert me["device_uuid"] == alice.did
    assert me["email"] == "alice@example.test"
    assert me["roles"] == ["super-admin"]
    assert me["groups"] == []
    assert me["type"] == "regular"
    assert me["created_at"] == int(alice.user.created_at.timestamp())
    assert me["created_by"] is None
