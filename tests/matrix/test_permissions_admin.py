"""The permission table of the admin, walked: every address as everybody, reading and sending."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from identity.permissions import ALL, PREDEFINED_ROLES, SELF_SERVICE
from tests import cast
from tests.matrix.permissions_admin import MODELS, NEVER, PAGES, PLAIN, READ
from tests.matrix.permissions_v1 import COLUMNS, Line
from tests.matrix.scene import Scene, Words, undone

pytestmark = pytest.mark.django_db

OPEN = [line for line in PAGES if line.word == "open"]
METHODS = {"BOTH": ("GET", "POST"), "GET": ("GET",), "POST": ("POST",)}
# Signing out would end the walk.
LAST = "logout/"


def of_row(word: str) -> str:
    """What the page of one row asks for: `get`, or the list's word where there is no `get`."""
    get = f"{word.partition(':')[0]}:get"
    return get if get in ALL else word


def below(model: Line) -> Iterator[Line]:
    """What a model's line stands for."""
    nobody: frozenset[str] = frozenset()
    for end in READ:
        method = "GET" if end == "<object_id>/change/" else "BOTH"
        yield Line(
            method, f"{model.path}{end}", of_row(model.word) if end else model.word, model.lets_in
        )
    for end in NEVER:
        yield Line("BOTH", f"{model.path}{end}", "never", nobody)
    yield Line("POST", f"{model.path}<object_id>/change/", "never", nobody)
    yield Line("BOTH", f"{model.path}{PLAIN}", "self", frozenset(COLUMNS))


LINES = [*PAGES, *(line for model in MODELS for line in below(model))]
WORDED = [line for line in LINES if line.word in ALL - SELF_SERVICE]


@pytest.fixture(scope="module")
def words(scene: Scene) -> Words:
    return scene.custom()


@pytest.fixture(scope="module")
def browsers(scene: Scene, words: Words) -> dict[str, Client]:
    """A session of everybody, by the name of the role; the one whose words change is `worded`."""
    names = {"alice": "super-admin", "worded": "worded"}
    with cast.in_scope(scene.world):
        User.objects.update(is_staff=True)
        people = {
            names.get(name, name): User.objects.get(username_folded=f"{name}@example.test")
            for name in (*(role for role in PREDEFINED_ROLES if role != "super-admin"), *names)
        }
    assert words.member.user.id == people["worded"].id
    sessions = {role: scene.browser(user) for role, user in people.items()}
    return {**sessions, "operator": scene.operator()}


def address(scene: Scene, path: str) -> str:
    """The address with the ids of the scope's things in it."""

    def filled(found: re.Match[str]) -> str:
        name = found[1].removesuffix("_id")
        if name == "object":
            return _row(path.split("/", maxsplit=1)[0], path.split("/")[1])
        if name == "public":
            name = "webhook" if path.startswith("webhooks/") else "user"
        kept = {"event": _row("identity", "auditevent"), "name": "member"}
        if path.startswith("accounts/") and name in {"user", "role", "rule", "solution", "context"}:
            return _row("accounts", name, public_id=scene.things[name])
        if name == "row":
            return _row("accounts", "contextmember", member_id=scene.things["member"])
        if name == "policy":
            return _row("invitations", name, public_id=scene.things[name])
        return kept.get(name) or scene.things[name]

    if path not in scene.addresses:
        with cast.in_scope(scene.world):
            filled_in = re.sub(r"<(\w+)>", filled, path.removeprefix("."))
        scene.addresses[path] = f"/admin/{filled_in}"
    return scene.addresses[path]


def _row(app: str, model: str, **known: str) -> str:
    return str(apps.get_model(app, model).objects.filter(**known).first().pk)


def asked(scene: Scene, browser: Client, method: str, line: Line) -> tuple[int, str]:
    with undone():
        answer = browser.generic(method, address(scene, line.path))
    assert answer.status_code < 500, (method, line.path)
    return answer.status_code, answer.get("Location", "")


def wrong(
    scene: Scene, browser: Client, lets_in: Callable[[Line], bool], lines: Iterable[Line]
) -> list[str]:
    """The lines of the table that are not as they stand there."""
    found = []
    for line in lines:
        for method in METHODS[line.method] if line.path != LAST else ():
            status, where = asked(scene, browser, method, line)
            is_in = status != 403 and not where.startswith(("/admin/login/", "/admin/reauth"))
            if is_in != lets_in(line) and line not in OPEN:
                found.append(f"{method} {line.path}: {status} {where}")
    return found


def served() -> set[str]:
    """Every address of the admin, with the names of what is filled in."""

    def walk(patterns: Iterable[Any], before: str) -> Iterator[str]:
        for each in patterns:
            path = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, path)
            else:
                yield path

    known = {
        re.sub(r"<\w+:(\w+)>", r"<\1>", path) for path in walk(get_resolver().url_patterns, "")
    }
    mine = {path.removeprefix("admin/") or "." for path in known if path.startswith("admin/")}
    # The list of one application's pages, and what catches all other addresses.
    return {path for path in mine if "(?P" not in path}


def test_the_table_has_every_address_and_no_other() -> None:
    assert {line.path for line in LINES} == served()
    listed = [(method, line.path) for line in LINES for method in METHODS[line.method]]
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("letter", COLUMNS, ids=COLUMNS.get)
def test_a_role_gets_as_far_as_its_column_says(
    scene: Scene, browsers: dict[str, Client], letter: str
) -> None:
    browser = browsers[COLUMNS[letter]]
    assert not wrong(scene, browser, lambda line: letter in line.lets_in, LINES)


def test_exactly_the_one_word_is_enough(
    scene: Scene, words: Words, browsers: dict[str, Client]
) -> None:
    for line in WORDED:
        with undone():
            with cast.in_scope(scene.world):
                words.hold(line.word)
            assert not wrong(scene, browsers["worded"], lambda _: True, [line])


def test_all_other_words_together_are_not_enough(
    scene: Scene, words: Words, browsers: dict[str, Client]
) -> None:
    for line in WORDED:
        with undone():
            with cast.in_scope(scene.world):
                words.hold(*(ALL - {line.word}))
            assert not wrong(scene, browsers["worded"], lambda _: False, [line])


def test_nobody_gets_in_without_signing_in(scene: Scene) -> None:
    closed = [line for line in LINES if line not in OPEN]
    assert not wrong(scene, Client(), lambda _: False, closed)


def test_what_has_one_method_answers_no_other(scene: Scene, browsers: dict[str, Client]) -> None:
    once = [line for line in PAGES if line.method != "BOTH" and line.path != LAST]
    for line in once:
        other = "GET" if line.method == "POST" else "POST"
        assert asked(scene, browsers["super-admin"], other, line)[0] == 405, line.path


def test_staff_of_another_scope_are_nobody_here(scene: Scene) -> None:
    with undone():
        other = cast.world(governance=False)
        charlie = other.member("charlie", "super-admin")
        with cast.in_scope(other):
            User.objects.update(is_staff=True)
            user = User.objects.get(id=charlie.user.id)
        planted = scene.browser(user, scope=scene.world.scope.slug)
        for line in (line for line in LINES if line.word in ALL):
            for method in METHODS[line.method]:
                status, where = asked(scene, planted, method, line)
                assert (status, where) == (302, "/admin/scope/"), (method, line.path)


def test_a_list_leads_to_no_page_that_its_reader_may_not_open(
    scene: Scene, words: Words, browsers: dict[str, Client]
) -> None:
    page = address(scene, "accounts/group/<object_id>/change/")
    for held, leads in (({"groups:list"}, False), ({"groups:list", "groups:get"}, True)):
        with undone():
            with cast.in_scope(scene.world):
                words.hold(*held)
            shown = browsers["worded"].get("/admin/accounts/group/").content.decode()
            assert "tea" in shown
            assert (page in shown) == leads
            assert (browsers["worded"].get(page).status_code == 200) == leads
