"""Class 15 of the known attacks, over the API of our own and the admin: another scope's objects.

Seen in Keycloak as CVE-2025-14777, CVE-2026-4628, CVE-2026-4630, CVE-2026-4636 and CVE-2026-2366,
in Zitadel as CVE-2026-55670, in Casdoor as CVE-2026-9094. Every address with the ids of another
scope and the best credential of one's own answers as for ids that nobody has, and not a row of the
other scope is another one afterwards.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from django.apps import apps

from identity import ids
from identity.api.v1 import route
from identity.scoping.owned import ScopeOwned
from tests import cast
from tests.matrix.permissions_v1 import LINES, Line
from tests.matrix.scene import Scene, undone

pytestmark = pytest.mark.django_db

# Ids that are words, numbers or digests mean something in every scope.
EVERYWHERE = frozenset({"purpose", "event", "kind", "number", "cid", "member"})
VOLATILE = ("instance", "request_id")


def everything(scene: Scene) -> dict[str, list[str]]:
    """Every row that the scope owns, column by column."""
    with cast.in_scope(scene.world):
        return {
            model._meta.label: sorted(repr(row) for row in model.objects.values_list())
            for model in apps.get_models()
            if issubclass(model, ScopeOwned)
        }


def foreign_ids(scene: Scene) -> dict[str, str]:
    return {name: text for name, text in scene.things.items() if name not in EVERYWHERE}


def asked(own: Scene, line: Line, things: Mapping[str, str], body: Any) -> httpx.Response:
    return own.owner.send(line.method, own.path(line.path, things), body, {"If-Match": "*"})


def told(answer: httpx.Response, sent: str) -> tuple[int, str]:
    """The answer, without the id that was sent."""
    shown = answer.json()
    for name in VOLATILE:
        shown.pop(name, None)
    if answer.status_code == 202:
        shown = "pending"
    if "message" in shown:
        # A text to sign is given for any context: all but what makes it another one each time.
        shown = {**shown, "message": json.loads(shown["message"])}
        for name in ("challenge", "expires_at", "id"):
            del shown["message"][name]
    return answer.status_code, repr(shown).replace(sent, "…")


def test_ids_of_another_scope_are_answered_as_unknown(scenes: tuple[Scene, Scene]) -> None:
    own, other = scenes
    before = everything(other)
    unknown = {name: str(ids.new()) for name in foreign_ids(own)}
    waiting: list[str] = []
    for line in LINES:
        places = [name for name in foreign_ids(own) if f"{{{name}}}" in line.path]
        body = own.body(line.method, line.path)
        for name in places:
            with undone():
                foreign = asked(own, line, {name: other.things[name]}, body)
            with undone():
                nobodys = asked(own, line, {name: unknown[name]}, body)
            theirs, nobody = other.things[name], unknown[name]
            assert told(foreign, theirs) == told(nobodys, nobody), (line.name, name)
            if foreign.status_code < 400 and not line.path.endswith("/challenge"):
                waiting.append(line.name)
    assert not waiting, "changes of nothing, which wait for approval"
    assert everything(other) == before


def replaced(body: Any, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Any:
    """The body with each of our ids replaced by theirs."""
    if isinstance(body, dict):
        return {name: replaced(part, ours, theirs) for name, part in body.items()}
    if isinstance(body, list | tuple):
        return [replaced(part, ours, theirs) for part in body]
    named = {text: theirs[name] for name, text in ours.items()}
    return named.get(body, body) if isinstance(body, str) else body


def test_foreign_ids_in_a_body_reach_nothing(scenes: tuple[Scene, Scene]) -> None:
    own, other = scenes
    before = everything(other)
    ours, theirs = foreign_ids(own), foreign_ids(other)
    bodies: list[tuple[str, str, Any]] = [
        (line.method, line.path, own.body(line.method, line.path)) for line in LINES
    ]
    bodies += [
        ("POST", "/roles", {"name": "theirs", "rules": [ours["rule"]]}),
        ("PATCH", "/roles/{role}", {"rules": [ours["rule"]]}),
        ("POST", "/users/{user}/roles", {"role": ours["role"]}),
        ("POST", "/groups", {"name": "same", "id": ours["group"]}),
        ("POST", "/policies/decide", {"command": "user.delete", "details": {"user": ours["user"]}}),
    ]
    for method, path, body in bodies:
        foreign = replaced(body, ours, theirs)
        with undone():
            answer = own.owner.send(method, own.path(path), foreign, {"If-Match": "*"})
            secrets = {text for text in theirs.values() if text not in repr(foreign)}
            assert not [text for text in secrets if text in answer.text], (method, path)
            # Inside, while it is done: what it did here is undone after this line.
            assert everything(other) == before, (method, path)


def test_no_list_shows_anything_foreign(scenes: tuple[Scene, Scene]) -> None:
    own, other = scenes
    theirs = set(foreign_ids(other).values()) - {own.things["scope"]}
    for line in LINES:
        if line.method != "GET" or "{" in line.path or line.word == route.OPEN:
            continue
        if line.path == "/me/profile/avatar":
            continue  # no list: a picture, of which the owner has none
        answer = own.owner.get(line.path)
        assert answer.status_code == 200, (line.name, answer.text)
        assert not [text for text in theirs if text in answer.text], line.name


@pytest.mark.parametrize(
    "query",
    [
        "/devices?user={user}",
        "/users?group={group}",
        "/users?role={role}",
        "/groups?user={user}",
        "/invitations?user={user}",
        "/audit?user={user}",
        "/audit?subject_kind=user&subject_id={user}",
        "/scopes?search={slug}",
    ],
)
def test_no_filter_reaches_across(scenes: tuple[Scene, Scene], query: str) -> None:
    own, other = scenes
    given = {**other.things, "slug": other.world.scope.slug}
    answer = own.owner.get(query.format_map(given))
    assert answer.status_code in {200, 400, 404}, answer.text
    shown = answer.json().get("items", [])
    # A search is for operators; others get the scope that they are in, whatever they search for.
    assert shown == [] or [each["id"] for each in shown] == [own.things["scope"]], query


def test_a_cursor_of_another_scope_shows_nothing_of_it(scenes: tuple[Scene, Scene]) -> None:
    own, other = scenes
    theirs = set(foreign_ids(other).values())
    for path in ("/users", "/groups", "/devices", "/invitations", "/audit", "/policies", "/roles"):
        cursor = other.owner.get(f"{path}?limit=1").json()["next"]
        if cursor is None:
            continue
        answer = own.owner.get(f"{path}?after={cursor}")
        assert answer.status_code in {200, 400}, answer.text
        assert not [text for text in theirs if text in answer.text], path


def test_a_header_does_not_choose_another_scope(scenes: tuple[Scene, Scene]) -> None:
    own, other = scenes
    scope = {"X-Scope-Id": other.things["scope"]}
    assert own.owner.get("/me", headers=scope).status_code == 401
    theirs = own.owner
    prefix, theirs.prefix = theirs.prefix, other.owner.prefix
    try:
        assert theirs.get("/me").status_code == 401
    finally:
        theirs.prefix = prefix
