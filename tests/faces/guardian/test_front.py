"""The face from outside: in the fast lane, behind Django, at a host name and by default."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test import override_settings

from identity.services import scopes
from identity.web import scope_resolution
from tests import cast
from tests.faces.guardian.client import NOT_FOUND, PASSWORD, carried, envelope


@pytest.mark.parametrize("mount", ["", "/api/v1"])
@pytest.mark.parametrize("path", ["/accounts/session", "/tasks/x/y", "/profiles", "/demo/nothing"])
def test_both_ways_say_the_same(world, mount, path) -> None:
    where = f"/s/{world.scope.slug}{mount}{path}"
    answer, behind = carried("GET", where), Browser().get(where)
    assert answer.status == behind.status_code
    assert answer.body == behind.content
    assert behind["Cache-Control"] == answer.headers["Cache-Control"] == "no-store"


def test_is_the_same_behind_django(world, alice) -> None:
    where = f"/s/{world.scope.slug}/accounts/login"
    body = {"username": "alice", "password": PASSWORD}
    answer = Browser().post(where, body, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["username"] == "alice"


def test_answers_at_a_scopes_host_name(world, alice) -> None:
    scopes.add_host(host="registry.example.test", by=world.system, now=datetime.now(UTC))
    scope_resolution.forget()
    host: dict[str, Any] = {"HTTP_HOST": "registry.example.test"}
    raw = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    for mount in ("", "/api/v1"):
        assert carried("POST", f"{mount}/accounts/login", raw, **host).status == 200
    answer = carried("GET", "/accounts/session", token=alice.access, **host)
    assert answer.json["username"] == "alice"


def test_answers_for_the_default_scope(world, alice) -> None:
    raw = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    with override_settings(DEFAULT_SCOPE=world.scope.slug):
        assert carried("POST", "/accounts/login", raw).status == 200
        assert carried("POST", "/api/v1/accounts/login", raw).status == 200


def test_without_a_scope_there_is_nothing(world) -> None:
    raw = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    assert carried("POST", "/accounts/login", raw).status == 404


@pytest.mark.parametrize(
    "path",
    ["/account", "/accountsx/session", "/api/v2/accounts", "/api/accounts/session", "/v1/accounts"],
)
def test_takes_nothing_that_is_not_its_own(world, path) -> None:
    answer = carried("GET", f"/s/{world.scope.slug}{path}")
    assert answer.status == 404
    assert "statusCode" not in answer.text


@pytest.mark.parametrize("path", ["/users", "/account-management/authorize", "/request"])
def test_leaves_other_faces_their_paths(world, path) -> None:
    assert b"statusCode" not in carried("POST", f"/s/{world.scope.slug}{path}", b"x").body


def test_an_unknown_path_of_its_own_is_404(nobody) -> None:
    assert (nobody.get("/accounts/nothing").status, nobody.get("/accounts/nothing").json) == (
        404,
        NOT_FOUND,
    )


def test_another_method_is_405(nobody) -> None:
    answer = nobody.get("/accounts/login")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert answer.json["statusCode"] == 405


def test_reads_json_alone(nobody) -> None:
    answer = nobody.post("/accounts/login", {}, media_type="text/plain")
    assert answer.status == 415


@pytest.mark.parametrize("raw", [b"{", b'{"a":1,"a":2}', b"\xff", b"[]", b'"x"', b"{}x", b"1"])
def test_what_is_no_object_is_refused(world, raw) -> None:
    answer = carried("POST", f"/s/{world.scope.slug}/accounts/login", raw)
    assert answer.status == 400
    assert answer.json["error"] == "Bad Request"


def test_a_large_body_is_413(world) -> None:
    raw = b" " * (1024 * 1024 + 1)
    assert carried("POST", f"/s/{world.scope.slug}/accounts/login", raw).status == 413


def test_what_nobody_foresaw_is_500_in_this_protocols_words(world, alice) -> None:
    with cast.in_scope(world), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE identity_scope SET settings = %s WHERE slug = %s", ['"x"', world.scope.slug]
        )
    answer = alice.post("/accounts/access-token", {"refreshToken": alice.refresh})
    expected = envelope(500, "Internal server error", "Internal Server Error")
    assert (answer.status, answer.json) == (500, expected)


def test_head_is_a_get_without_a_body(alice) -> None:
    answer = alice.ask("HEAD", "/accounts/session")
    assert (answer.status, answer.body) == (200, b"")
