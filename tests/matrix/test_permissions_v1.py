"""The permission table of `/v1`, walked: every route as everybody, reads and writes alike."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.test import Client

from identity.api.v1 import route
from identity.api.v1.table import TABLE
from identity.permissions import ALL, SELF_SERVICE
from tests import cast
from tests.faces.v1.client import FORMS, Signed, body
from tests.matrix.permissions_v1 import COLUMNS, LINES, Line
from tests.matrix.scene import Scene, Words, undone

pytestmark = pytest.mark.django_db

ROLES = [letter for letter, name in COLUMNS.items() if name != "operator"]
WORDED = [line for line in LINES if line.word in ALL - SELF_SERVICE]
# What callers may do to their own account, votes and proposals: no word is asked for.
OPEN_TO_ALL = [line for line in LINES if line.word in {*route.NOT_PERMISSIONS, *SELF_SERVICE}]
Answer = tuple[int, str]


@pytest.fixture(scope="module")
def words(scene: Scene) -> Words:
    return scene.custom()


@pytest.fixture(scope="module")
def operator(scene: Scene) -> Client:
    return scene.operator()


def called(scene: Scene, client: Signed, line: Line) -> Answer:
    """What came of it: the status and the kind of the problem; nothing stays done."""
    with undone():
        answer = client.send(
            line.method,
            scene.path(line.path) + scene.query(line.method, line.path),
            scene.body(line.method, line.path),
            {"If-Match": "*"},
        )
    return _told(answer.status_code, answer.headers.get("content-type", ""), answer.json)


def visited(scene: Scene, client: Client, line: Line) -> Answer:
    """The same with a session."""
    body = scene.body(line.method, line.path)
    is_form = line.path in FORMS
    with undone():
        answer = client.generic(
            line.method,
            f"{scene.owner.prefix}{scene.path(line.path)}{scene.query(line.method, line.path)}",
            data="" if body is None else urlencode(body) if is_form else json.dumps(body),
            content_type="application/x-www-form-urlencoded" if is_form else "application/json",
            headers={"If-Match": "*"},
        )
        return _told(answer.status_code, answer.headers.get("content-type", ""), answer.json)


def _told(status: int, media_type: str, read: Callable[[], Any]) -> Answer:
    kind = read()["type"].rpartition("/")[2] if media_type.startswith("application/problem") else ""
    assert status < 500, (status, kind)
    return status, kind


UNKNOWN: Answer = (401, "unauthenticated")
STOPPED = {(403, "forbidden"), UNKNOWN}


def wrong(lets_in: Callable[[Line], bool], ask: Callable[[Line], Answer], lines: Any) -> list[str]:
    """The lines of the table that are not as they stand there."""
    found = []
    for line in lines:
        answer = ask(line)
        if (answer not in STOPPED) != lets_in(line):
            found.append(f"{line.name}: {answer}")
    return found


def has(letter: str) -> Callable[[Line], bool]:
    return lambda line: letter in line.lets_in


def test_the_table_has_every_route_and_no_other() -> None:
    listed = [(line.method, line.path, line.word) for line in LINES]
    served = [(each.method, each.path, each.permission) for each in TABLE.routes]
    assert sorted(listed) == sorted(served)


@pytest.mark.parametrize("letter", ROLES, ids=COLUMNS.get)
def test_a_role_gets_as_far_as_its_column_says(scene: Scene, letter: str) -> None:
    client = scene.people[COLUMNS[letter]]
    assert not wrong(
        lambda line: letter in line.lets_in, lambda line: called(scene, client, line), LINES
    )


def test_an_operator_gets_as_far_as_the_column_says(scene: Scene, operator: Client) -> None:
    assert not wrong(
        lambda line: "P" in line.lets_in, lambda line: visited(scene, operator, line), LINES
    )


def test_exactly_the_one_word_is_enough(scene: Scene, words: Words) -> None:
    def ask(line: Line) -> Answer:
        with undone():
            with cast.in_scope(scene.world):
                words.hold(line.word)
            return called(scene, words.client, line)

    assert not wrong(lambda _: True, ask, WORDED)


def test_all_other_words_together_are_not_enough(scene: Scene, words: Words) -> None:
    def ask(line: Line) -> Answer:
        with undone():
            with cast.in_scope(scene.world):
                words.hold(*(ALL - {line.word}))
            return called(scene, words.client, line)

    assert not wrong(lambda _: False, ask, WORDED)


def test_nobody_gets_in_without_a_credential(scene: Scene) -> None:
    http = httpx.Client(base_url=scene.owner.http.base_url, transport=scene.owner.http._transport)

    def ask(line: Line) -> Answer:
        with undone():
            answer = http.request(
                line.method,
                f"{scene.owner.prefix}{scene.path(line.path)}",
                **body(line.path, scene.body(line.method, line.path)),
            )
        return _told(answer.status_code, answer.headers.get("content-type", ""), answer.json)

    assert not wrong(lambda line: line.word == route.OPEN, ask, LINES)
    assert {ask(line) for line in LINES if line.word != route.OPEN} == {UNKNOWN}


def test_the_super_admin_of_another_scope_is_nobody_here(scene: Scene) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), scene.world.scope.slug)
    closed = [line for line in LINES if line.word != route.OPEN]
    assert {called(scene, charlie, line) for line in closed} == {UNKNOWN}


# Without any word: what concerns nobody but the caller, who holds the role support here.
OWN = (
    ("GET", "/users/{user}"),
    ("GET", "/devices?user={user}"),
    ("GET", "/devices/{device}"),
    ("PATCH", "/devices/{device}"),
    ("POST", "/devices/{device}/revocation"),
    ("PUT", "/devices/{device}/keys"),
    ("GET", "/proposals?mine=true"),
    ("GET", "/proposals?waiting_for_me=true"),
    ("GET", "/proposals/{proposal}"),
    ("GET", "/proposals/{proposal}/evidence"),
    ("POST", "/proposals/{proposal}/cancellation"),
)


def test_what_is_ones_own_needs_no_word(scene: Scene, words: Words) -> None:
    with undone():
        with cast.in_scope(scene.world):
            words.hold("groups:create")
        made = words.client.post("/groups", {"name": "mine"}).json()["proposal"]["id"]
        own = {"user": words.member.uid, "device": str(words.client.device), "proposal": made}
        with cast.in_scope(scene.world):
            words.hold()
        for method, path in OWN:
            body = scene.body(method, path)
            with undone():
                mine = words.client.send(method, scene.path(path, own), body)
                assert mine.status_code != 403, (path, mine.text)
            if "{" in path:
                other = words.client.send(method, scene.path(path), body)
                assert other.status_code == 403, (path, other.text)
