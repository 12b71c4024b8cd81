"""API keys over `/v1`."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from accounts.services import users
from identity import ids
from identity.models import ApiKey
from identity.sdk.keys import DeviceKeys
from identity.services import api_key_secrets, api_keys
from tests import cast, signed_in
from tests.faces.v1.client import Bearer, Signed, problem
from tests.faces.v1.test_signatures import raw, signed


def test_makes_reads_changes_and_revokes_a_key(world: cast.World, alice: Signed) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0).isoformat()
    body = {"name": "backend", "permissions": ["users:list"], "expires_at": later}
    made = alice.post("/api-keys", body)
    assert made.status_code == 201, made.text
    secret, key = made.json()["secret"], made.json()["api_key"]
    assert api_key_secrets.is_secret(secret)
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
    assert row.secret_digest == api_key_secrets.digest(secret)
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


def test_no_key_votes_or_is_somebody(alice: Signed) -> None:
    for word in ("proposals:approve", "me:get", "server-keys:get", "no:word"):
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


class TestSigning:
    """A key with a public key signs requests as devices do."""

    @pytest.fixture
    def program(self, world: cast.World, alice: Signed) -> Signed:
        keys = DeviceKeys.generate()
        given = {
            "name": "signer",
            "public_key": keys.signature_pubkey,
            "permissions": ["users:list", "groups:create", "sessions:end"],
        }
        made = alice.post("/api-keys", given).json()
        assert made["secret"] == ""
        return Signed(UUID(made["id"]), keys.signature, alice.prefix, alice.http)

    def test_reads_and_does_what_its_words_say(
        self, world: cast.World, program: Signed, alice: Signed
    ) -> None:
        assert program.get("/users").status_code == 200
        problem(program.get("/groups"), 403, "forbidden")
        problem(program.get("/me"), 403, "forbidden")
        held = signed_in.start(world, world.member("bob")).session
        assert program.send("DELETE", f"/sessions/{held.id}").status_code == 200
        events = alice.get("/audit?subject_kind=session").json()["items"]
        assert events[0]["actor"]["kind"] == "api-key"
        shown = alice.get(f"/api-keys/{program.device}").json()
        assert shown["last_used_at"] is not None

    def test_a_request_is_good_once(self, program: Signed) -> None:
        path = f"{program.prefix}/users"
        headers = signed(program, path)
        assert raw(headers, path).status_code == 200
        problem(raw(headers, path), 401, "unauthenticated")

    def test_everything_wrong_is_one_refusal(
        self, world: cast.World, program: Signed, alice: Signed
    ) -> None:
        path = f"{program.prefix}/users"
        other = DeviceKeys.generate().signature
        elsewhere = f"/s/{cast.world().scope.slug}/v1/users"
        told = {
            raw(headers, where).content
            for headers, where in (
                (signed(program, path, key=other), path),
                (signed(program, path, key=alice.key), path),
                (signed(program, path, key_id=str(program.device).upper()), path),
                (signed(program, path, key_id=str(ids.new())), path),
                (signed(program, path, now=int(time.time()) - 301), path),
                (signed(program, elsewhere), elsewhere),
            )
        }
        assert [json.loads(body)["type"] for body in told] == ["/problems/unauthenticated"]

    def test_ends_with_the_key(self, program: Signed, alice: Signed) -> None:
        assert program.get("/users").status_code == 200
        assert alice.send("DELETE", f"/api-keys/{program.device}").status_code == 200
        problem(program.get("/users"), 401, "unauthenticated")

    def test_a_secret_signs_nothing_and_a_signer_is_no_secret(
        self, world: cast.World, program: Signed, alice: Signed
    ) -> None:
        made = alice.post("/api-keys", {"name": "x", "permissions": ["users:list"]}).json()
        posing = Signed(UUID(made["id"]), program.key, program.prefix, program.http)
        problem(posing.get("/users"), 401, "unauthenticated")
        for text in (str(program.device), program.key.public.hex):
            bearer = Bearer.of(text, world.scope.slug)
            problem(bearer.get("/users"), 401, "unauthenticated")

    def test_a_persons_access_key_of_a_face_signs_nothing_here(
        self, world: cast.World, program: Signed
    ) -> None:
        with cast.in_scope(world):
            ApiKey.objects.filter(id=program.device).update(purpose="access")
        problem(program.get("/users"), 401, "unauthenticated")

    def test_proposes_nothing(self, program: Signed, alice: Signed, world: cast.World) -> None:
        world.member("carol", "super-admin")
        told = problem(program.post("/groups", {"name": "treasury"}), 403, "forbidden")
        assert "a device signs" in told["detail"]


def test_says_what_the_next_request_of_a_key_would_meet(world: cast.World, alice: Signed) -> None:
    now = datetime.now(UTC)
    bob = world.member("bob")

    def key(name: str, *, owner: cast.Member | None = None, days: int = 1) -> str:
        with cast.in_scope(world):
            made = api_keys.create(
                key_id=ids.new(),
                name=name,
                credential=api_key_secrets.bearer(api_key_secrets.new_secret()),
                holder=api_keys.Holder(user_id=owner.user.id if owner else None),
                expires_at=now + timedelta(days=days),
                by=world.system,
                now=now - timedelta(days=2),
            )
        return str(made.id)

    known = {
        "active": key("backend"),
        "user-inactive": key("bob's script", owner=bob),
        "expired": key("old", owner=bob, days=-1),
        "revoked": key("lost", days=-1),
    }
    alice.send("DELETE", f"/api-keys/{known['revoked']}")
    assert alice.get(f"/api-keys/{known['user-inactive']}").json()["status"] == "active"
    with cast.in_scope(world):
        users.disable(user_id=bob.user.id, by=world.system, now=now)
    for status, made in known.items():
        assert alice.get(f"/api-keys/{made}").json()["status"] == status
        listed = alice.get(f"/api-keys?status={status}").json()["items"]
        assert [(row["id"], row["status"]) for row in listed] == [(made, status)]
    with cast.in_scope(world):
        users.delete(user_id=bob.user.id, by=world.system, now=now)
    assert alice.get(f"/api-keys/{known['user-inactive']}").json()["status"] == "revoked"
