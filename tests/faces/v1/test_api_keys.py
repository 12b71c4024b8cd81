"""API keys over `/v1`."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from accounts.services import users
from identity import ids
from identity.crypto import ed25519
from identity.models import ApiKey
from identity.sdk.keys import DeviceKeys
from identity.services import api_key_secrets, api_keys
from tests import cast, programs, signed_in
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


class TestPrograms:
    """Shared secrets, limits, rotation, the switch, and sessions of programs."""

    GIVEN: ClassVar[dict[str, Any]] = {
        "name": "robot",
        "form": "shared",
        "permissions": ["users:list", "api-keys:create", "api-keys:edit", "api-keys:list"],
        "solutions": ["a", "b"],
        "networks": ["192.0.2.0/24"],
    }

    @pytest.fixture
    def made(self, alice: Signed) -> dict[str, Any]:
        answer = alice.post("/api-keys", self.GIVEN)
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    @pytest.fixture
    def robot(self, world: cast.World, made: dict[str, Any]) -> Bearer:
        pair = programs.begun(made["api_key"]["called"])
        return Bearer.of(pair.access, world.scope.slug)

    def test_a_shared_key_says_how_it_is_called_and_bound(
        self, made: dict[str, Any], alice: Signed
    ) -> None:
        key = made["api_key"]
        assert re.fullmatch("[0-9a-f]{32}", made["secret"])
        assert key["called"] == UUID(key["id"]).hex
        assert (key["kind"], key["solutions"], key["contexts"]) == ("shared", ["a", "b"], [])
        path = f"/api-keys/{key['id']}"
        changed = alice.send("PATCH", path, {"solutions": [], "contexts": ["c"]}).json()
        assert (changed["solutions"], changed["contexts"]) == ([], ["c"])
        assert changed["networks"] == ["192.0.2.0/24"]
        for wrong in (
            {"networks": ["192.0.2.1/24"]},
            {"solutions": [""]},
            {"form": "shared", "public_key": DeviceKeys.generate().signature_pubkey},
            {"algorithm": "ed25519"},
            {"algorithm": "ed25519", "public_key": DeviceKeys.generate().signature_pubkey},
        ):
            problem(alice.post("/api-keys", {"name": "x", **wrong}), 400, "invalid")

    def test_takes_an_ed25519_key(self, alice: Signed) -> None:
        point = ed25519.generate().public.raw.hex()
        body = {"name": "x", "algorithm": "ed25519", "public_key": point}
        key = alice.post("/api-keys", body).json()["api_key"]
        assert (key["algorithm"], key["public_key"]) == ("ed25519", point)
        assert key["called"] == UUID(key["id"]).hex
        problem(alice.post(f"/api-keys/{key['id']}/rotation"), 409, "api-key.without-secret")

    def test_renews_a_secret(self, made: dict[str, Any], alice: Signed) -> None:
        path = f"/api-keys/{made['id']}"
        renewed = alice.post(f"{path}/rotation", {"overlap_minutes": 60})
        assert renewed.status_code == 200, renewed.text
        assert renewed.json()["secret"] != made["secret"]
        assert renewed.json()["api_key"]["previous_until"] is not None
        at_once = alice.post(f"{path}/rotation").json()
        assert at_once["api_key"]["previous_until"] is None
        problem(alice.post(f"{path}/rotation", {"overlap_minutes": 43_201}), 400, "invalid")
        told = alice.get("/audit?subject_kind=api-key").text
        for secret in (made["secret"], renewed.json()["secret"], at_once["secret"]):
            assert secret not in told + alice.get(path).text

    def test_switches_off_and_on(self, made: dict[str, Any], robot: Bearer, alice: Signed) -> None:
        path = f"/api-keys/{made['id']}"
        assert robot.get("/users").status_code == 200
        assert alice.post(f"{path}/disable").json()["status"] == "disabled"
        problem(robot.get("/users"), 401, "unauthenticated")
        assert len(alice.get("/api-keys?status=disabled").json()["items"]) == 1
        assert alice.post(f"{path}/enable").json()["status"] == "active"
        problem(robot.get("/users"), 401, "unauthenticated")

    def test_lists_and_ends_sessions(
        self, made: dict[str, Any], robot: Bearer, alice: Signed
    ) -> None:
        path = f"/api-keys/{made['id']}/sessions"
        (session,) = alice.get(path).json()["items"]
        assert (session["status"], session["solutions"]) == ("active", ["a", "b"])
        ended = alice.send("DELETE", f"{path}/{session['id']}")
        assert ended.json()["status"] == "ended"
        problem(robot.get("/users"), 401, "unauthenticated")
        assert alice.get(f"{path}?status=active").json()["items"] == []
        assert len(alice.get(f"{path}?status=ended").json()["items"]) == 1
        problem(alice.get(f"/api-keys/{ids.new()}/sessions"), 404, "missing")
        problem(alice.send("DELETE", f"{path}/{ids.new()}"), 404, "missing")

    def test_makes_no_wider_key(self, robot: Bearer, made: dict[str, Any], alice: Signed) -> None:
        within = {"solutions": ["a"], "networks": ["192.0.2.1"]}
        for wider, told in (
            ({"permissions": ["groups:list"]}, {"permissions": ["groups:list"]}),
            ({"solutions": []}, {"solutions": ["*"]}),
            ({"solutions": ["*"]}, {"solutions": ["*"]}),
            ({"solutions": ["a", "c"]}, {"solutions": ["c"]}),
            ({"networks": []}, {"networks": ["*"]}),
            ({"networks": ["192.0.0.0/16"]}, {"networks": ["192.0.0.0/16"]}),
        ):
            answer = robot.post("/api-keys", {"name": "x", **within, **wider})
            refused = problem(answer, 403, "api-key.too-wide")
            assert {name: refused[name] for name in told} == told
        answer = robot.post("/api-keys", {"name": "x", **within, "permissions": ["users:list"]})
        assert answer.status_code == 201, answer.text
        child = answer.json()["api_key"]
        assert child["made_by_key"] == made["id"]
        listed = alice.get(f"/api-keys?made_by_key={made['id']}").json()["items"]
        assert [each["id"] for each in listed] == [child["id"]]
        itself: dict[str, Any] = {"solutions": []}
        problem(robot.send("PATCH", f"/api-keys/{made['id']}", itself), 403, "api-key.too-wide")

    def test_what_waits_for_approval_is_not_done_by_a_program(
        self, world: cast.World, robot: Bearer, alice: Signed
    ) -> None:
        policy = {
            "name": "keys",
            "resource": "/api-keys /api-keys/*",
            "action": "*",
            "decision_on_true": "DENY",
        }
        assert alice.post("/policies", policy).status_code in {201, 202}
        answer = robot.post("/api-keys", {"name": "x", "solutions": ["a"]})
        assert answer.status_code == 403
        assert len(alice.get("/api-keys").json()["items"]) == 1
