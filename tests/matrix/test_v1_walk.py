"""Every route of `/v1` by every predefined role, and with the ids of another scope."""

import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args, get_origin
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
import pytest

from identity import ids, permissions
from identity.api.v1 import route
from identity.api.v1.route import Route
from identity.api.v1.table import TABLE
from identity.permissions import PREDEFINED_ROLES
from tests import cast
from tests.faces.v1.client import Signed

ROUTES = TABLE.routes
# These judge by the object itself who may, with a permission or without.
BY_OBJECT = {"proposals_cancel", "proposals_get", "proposals_evidence"}
LATER = "2999-01-01T00:00:00Z"


def sample(kind: Any) -> Any:
    """A value of this type, as small as it may be."""
    if get_origin(kind) in {typing.Annotated, typing.Literal}:
        first = get_args(kind)[0]
        return first if get_origin(kind) is typing.Literal else sample(first)
    simple = {str: "x", int: 1, bool: True, UUID: str(ids.new()), datetime: LATER}
    if kind in simple:
        return simple[kind]
    if get_origin(kind) in {dict, Mapping} or kind is dict:
        return {}
    if get_origin(kind) in {tuple, list}:
        return []
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return filled(kind)
    return sample(next(each for each in get_args(kind) if each is not type(None)))


def filled(kind: type[msgspec.Struct]) -> dict[str, Any]:
    fields = msgspec.structs.fields(kind)
    return {field.name: sample(field.type) for field in fields if field.required}


def body(each: Route) -> dict[str, Any] | None:
    return None if each.body is None else filled(each.body)


def path(each: Route, known: Mapping[str, str]) -> str:
    given = {
        name: known.get(name, "1" if name in {"event", "number"} else str(ids.new()))
        for name in each.placeholders
    }
    asked = {} if each.query is None else filled(each.query)
    return each.path.format_map(given) + (f"?{urlencode(asked)}" if asked else "")


def ask(who: Signed, each: Route, known: Mapping[str, str]) -> httpx.Response:
    return who.send(each.method, path(each, known), body(each), {"If-Match": "*"})


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


def described(answer: httpx.Response) -> tuple[int, str]:
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"] if is_problem else ""


def walked() -> Iterator[Route]:
    for each in ROUTES:
        if each.permission != route.OPEN and each.name not in BY_OBJECT:
            yield each


@pytest.mark.parametrize("role", [*sorted(PREDEFINED_ROLES), "none"])
def test_a_role_opens_what_its_words_say_and_nothing_else(world: cast.World, role: str) -> None:
    world.member("owner", "super-admin")
    target = world.member("target", "member")
    known = {"user": target.uid, "device": str(target.device.id), "purpose": "signature"}
    who = Signed.of(world.member("alice", *([] if role == "none" else [role])), world.scope.slug)
    held = PREDEFINED_ROLES[role].permissions if role != "none" else frozenset()
    held |= permissions.SELF_SERVICE
    wrong = []
    # What ends things comes last, so that everything before is asked of what is there.
    for each in sorted(walked(), key=_place):
        status, code = described(ask(who, each, known))
        is_open = each.permission in held or each.permission == route.SELF
        is_refused = (status, code) == (403, "/problems/forbidden")
        is_refused |= code == "/problems/proposal.may-not-decide"
        if status >= 500 or is_open == is_refused:
            wrong.append((each.name, each.permission, status, code))
    assert not wrong


def _place(each: Route) -> int:
    """Who deleted or locked the own account is nobody any more."""
    return 2 if each.name in {"me_delete", "my_account_lock"} else each.method == "DELETE"


def test_another_scopes_ids_are_as_if_they_were_not_there(world: cast.World) -> None:
    who = Signed.of(world.member("alice", "super-admin"), world.scope.slug)
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    foreign = {
        "user": charlie.get("/me").json()["user"]["id"],
        "device": str(charlie.device),
        "group": charlie.post("/groups", {"name": "x"}).json()["id"],
        "invitation": charlie.post("/invitations", {"email": "x@example.test"}).json()["id"],
        "policy": charlie.get("/policies").json()["items"][0]["id"],
        "scope": str(other.scope.id),
    }
    rule = {"name": "read", "resource": "/users", "action": "list"}
    foreign["rule"] = charlie.post("/rules", rule).json()["id"]
    foreign["role"] = charlie.post("/roles", {"name": "reader"}).json()["id"]
    before = charlie.get("/audit/head").json()
    wrong = []
    for each in ROUTES:
        if not set(each.placeholders) & set(foreign) or each.permission == route.OPEN:
            continue
        unknown = {name: str(ids.new()) for name in foreign}
        told = ask(who, each, foreign)
        expected = ask(who, each, unknown)
        if told.status_code < 400 or told.json() != expected.json():
            wrong.append((each.name, told.text, expected.text))
    assert not wrong
    assert charlie.get("/audit/head").json() == before
