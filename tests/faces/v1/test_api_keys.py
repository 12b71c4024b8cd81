"""API keys over `/v1`."""

from datetime import UTC, datetime, timedelta

from identity import ids
from identity.models import ApiKey
from identity.sdk.keys import DeviceKeys
from identity.services import api_keys
from tests import cast
from tests.faces.v1.client import Bearer, Signed, problem


def test_makes_reads_changes_and_revokes_a_key(world: cast.World, alice: Signed) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0).isoformat()
    body = {"name": "backend", "permissions": ["users:list"], "expires_at": later}
    made = alice.post("/api-keys", body)
    assert made.status_code == 201, made.text
    secret, key = made.json()["secret"], made.json()["api_key"]
    assert api_keys.is_secret(secret)
    path = f"/api-keys/{key['id']}"
    assert made.headers["Location"].endswith(path)
    assert alice.get(path).json() == key
    assert secret not in alice.get("/api-keys").text
    bearer = Bearer.of(secret, world.scope.slug)
    assert bearer.get("/users").status_code == 200
    changed = alice.send("PATCH", path, {"permissions": ["groups:list"], "name": "other"})
    assert changed.json()["permissions"] == ["groups:list"]
    problem(bearer.get("/users"), 403, "forbidden")
    assert bearer.get("/groups").status_code == 200
    assert alice.send("DELETE", path).json()["status"] == "revoked"
    problem(bearer.get("/groups"), 401, "unauthenticated")
    problem(alice.send("PATCH", path, {"name": "third"}), 409, "api-key.revoked")
    assert alice.get("/api-keys?status=active").json()["items"] == []
    names = [event["name"] for event in alice.get("/audit?subject_kind=api-key").json()["items"]]
    assert names == ["api-key.revoked", "api-key.edited", "api-key.created"]
    assert secret not in alice.get("/audit?subject_kind=api-key").text


def test_keeps_a_digest_alone(world: cast.World, alice: Signed) -> None:
    secret = alice.post("/api-keys", {"name": "x"}).json()["secret"]
    with cast.in_scope(world):
        row = ApiKey.objects.get()
    assert row.secret_digest == api_keys.digest(secret)
    assert secret not in repr(vars(row))


def test_gives_no_more_than_its_maker_has(world: cast.World, alice: Signed) -> None:
    Signed.of(world.member("support", "support"), world.scope.slug)
    narrow = Signed.of(world.member("maintainer", "workspace-maintainer"), world.scope.slug)
    told = problem(
        narrow.post("/api-keys", {"name": "x", "permissions": ["scopes:edit"]}),
        403,
        "api-key.too-wide",
    )
    assert told["permissions"] == ["scopes:edit"]
    made = alice.post("/api-keys", {"name": "x", "permissions": ["users:list"]}).json()
    path = f"/api-keys/{made['id']}"
    answer = narrow.send("PATCH", path, {"permissions": ["users:list", "scopes:edit"]})
    problem(answer, 403, "api-key.too-wide")


def test_no_key_votes_or_makes_keys(alice: Signed) -> None:
    for word in ("proposals:approve", "api-keys:create", "api-keys:edit", "me:get", "no:word"):
        answer = alice.post("/api-keys", {"name": "x", "permissions": [word]})
        problem(answer, 400, "invalid")


def test_takes_the_public_key_of_a_program(alice: Signed) -> None:
    point = DeviceKeys.generate().signature_pubkey
    made = alice.post("/api-keys", {"name": "x", "public_key": point})
    assert made.json()["secret"] == ""
    assert made.json()["api_key"]["kind"] == "signature"
    problem(alice.post("/api-keys", {"name": "x", "public_key": "00"}), 400, "invalid")


def test_refuses_wrong_input(alice: Signed) -> None:
    past = "2020-01-01T00:00:00Z"
    for body in ({"name": " "}, {"name": "x" * 201}, {"name": "x", "expires_at": past}):
        problem(alice.post("/api-keys", body), 400, "invalid")
    problem(alice.get(f"/api-keys/{ids.new()}"), 404, "missing")


def test_an_id_is_good_once(alice: Signed) -> None:
    body = {"name": "x", "id": str(ids.new())}
    assert alice.post("/api-keys", body).status_code == 201
    problem(alice.post("/api-keys", body), 409, "conflict")
