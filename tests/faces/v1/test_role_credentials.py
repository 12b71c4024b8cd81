"""`/v1/role-credentials`: issued for a role that is held, shown, revoked."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.services import role_assignments
from identity import ids
from tests import cast
from tests.faces.v1.client import Signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> Signed:
    return Signed.of(world.member("alice", "super-admin"), world.scope.slug)


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    member = world.member("bob")
    role_assignments.grant(
        user_id=member.user.id, role="support", by=world.system, now=datetime.now(UTC)
    )
    return member


def test_issues_shows_and_revokes(alice, bob) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    given = {"user": bob.uid, "role": "support", "title": "Desk", "expires_at": later.isoformat()}
    made = alice.post("/role-credentials", given)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["user"], told["role"], told["status"]) == (bob.uid, "support", "valid")
    subject = told["document"]["credentialSubject"]
    assert subject["role"] == {"name": "support", "title": "Desk"}
    assert told["document"]["type"] == ["RoleCredential", "VerifiableCredential"]
    assert told["document"]["id"] == told["credential_id"]
    path = f"/role-credentials/{told['id']}"
    assert alice.get(path).json() == told
    assert alice.get(f"/users/{bob.uid}/role-credentials").json()["items"] == [told]
    assert alice.send("DELETE", path, {"reason": "left the desk"}).json()["status"] == "revoked"
    assert alice.get(path).json()["revoked_at"]
    (event,) = alice.get("/audit?name=role-credential.revoked").json()["items"]
    assert event["facts"]["reason"] == "left the desk"
    # Again, and without a reason, is the same.
    assert alice.send("DELETE", path).json()["status"] == "revoked"


def test_makes_one_of_one_id(alice, bob) -> None:
    given = {"user": bob.uid, "role": "support", "id": str(ids.new())}
    assert alice.post("/role-credentials", given).status_code == 201
    assert alice.post("/role-credentials", given).status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "super-admin"}, 400),
        ({"role": "nothing"}, 400),
        ({"user": str(ids.new())}, 404),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
    ],
    ids=["a role not held", "no role", "nobody", "over"],
)
def test_issues_nothing_that_is_not_so(alice, bob, change, status) -> None:
    answer = alice.post("/role-credentials", {"user": bob.uid, "role": "support"} | change)
    assert answer.status_code == status, answer.text


def test_is_of_its_scope(alice, bob) -> None:
    made = alice.post("/role-credentials", {"user": bob.uid, "role": "support"}).json()
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/role-credentials/{made['id']}"
    assert charlie.get(path).status_code == 404
    assert charlie.send("DELETE", path).status_code == 404
    assert charlie.get(f"/users/{bob.uid}/role-credentials").status_code == 404
