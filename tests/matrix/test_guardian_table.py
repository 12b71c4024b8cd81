"""The table of the face `guardian`: every route says who may use it, and that is so."""

from typing import Any

import pytest

from identity.api.guardian import errors, route
from identity.api.guardian.endpoints import ENDPOINTS
from identity.api.guardian.route import Route
from identity.api.guardian.table import TABLE
from identity.errors import DomainError, Kind, Missing
from identity.web.route_table import PLACEHOLDER, Table
from tests import cast
from tests.faces.guardian import client
from tests.faces.guardian.client import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, Answer, Client
from tests.matrix.test_errors import REGISTERED, every_error

# Each one that asks for no session stands here with its reason.
OPEN = {
    "POST /accounts/login": "asks for the password",
    "POST /accounts/access-token": "asks for the refresh token",
    "POST /accounts/change-password": "asks for the password",
    "GET /tasks/onboard/{task}": "says how far a task is, to whoever has its random id",
}
ROUTES = TABLE.routes
every_route = pytest.mark.parametrize("each", ROUTES, ids=lambda each: f"{each.method} {each.path}")
CLOSED = [each for each in ROUTES if each.permission not in {route.OPEN, route.DEMO}]


def name(each: Route) -> str:
    return f"{each.method} {each.path}"


def ask(who: Client, each: Route, body: Any = None, **more: Any) -> Answer:
    path = PLACEHOLDER.sub(who.username or "x", each.path)
    return who.ask(each.method, path, None if each.method == "GET" else body or {}, **more)


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    return client.registry(world)


@pytest.fixture
def alice(world: cast.World) -> Client:
    return client.member(world)


@every_route
def test_every_route_declares_who_may_use_it(each: Route) -> None:
    if each.permission == route.OPEN:
        assert name(each) in OPEN
    else:
        assert each.permission in {
            *(route.SELF, route.REGISTRY, route.REGISTRY_OR_DEMO, route.DEMO),
        }


def test_no_reason_is_left_over() -> None:
    assert OPEN.keys() <= {name(each) for each in ROUTES}


def test_nobody_gets_in_without_a_session(world) -> None:
    for each in CLOSED:
        assert ask(Client(world), each).json == UNAUTHORIZED, name(each)


def test_nobody_gets_in_whatever_is_sent(world) -> None:
    for each in CLOSED:
        if each.method != "GET":
            assert ask(Client(world), each, {"username": 1}).json == UNAUTHORIZED, name(each)


def test_no_refresh_token_opens_anything(world, alice) -> None:
    for each in CLOSED:
        assert ask(Client(world), each, token=alice.refresh).json == UNAUTHORIZED, name(each)


def test_a_session_of_another_scope_opens_nothing(alice) -> None:
    other = Client(cast.world(governance=False))
    for each in CLOSED:
        assert ask(other, each, token=alice.access).json == UNAUTHORIZED, name(each)


def test_what_is_for_registries_is_for_nobody_else(alice, acme) -> None:
    for each in CLOSED:
        is_for_registries = each.permission in {route.REGISTRY, route.REGISTRY_OR_DEMO}
        assert (ask(alice, each).json == FORBIDDEN) is is_for_registries, name(each)
        assert ask(acme, each).status not in {401, 403, 500}, name(each)


def test_what_is_for_demo_mode_is_not_there_without_it(world, acme) -> None:
    for each in ROUTES:
        if each.permission == route.DEMO:
            assert ask(Client(world), each).json == NOT_FOUND, name(each)
            assert ask(acme, each).json == NOT_FOUND, name(each)


def test_every_endpoint_lists_its_routes() -> None:
    assert all(room.ROUTES and room.__doc__ for room in ENDPOINTS)


def test_refuses_two_routes_of_one_name() -> None:
    with pytest.raises(TypeError):
        Table([ROUTES[0], ROUTES[0]])


@pytest.mark.parametrize("path", ["", "/", "/accounts/x", "/accounts//session", "/tasks/a/b/c"])
def test_finds_nothing_where_there_is_nothing(path: str) -> None:
    with pytest.raises(Missing):
        TABLE.find("GET", path)


@every_error
def test_every_refusal_has_an_answer(known: type[DomainError]) -> None:
    answer = errors.refused(known("what to do"))
    assert answer.status in STATUSES[known.kind]
    assert (b"what to do" in answer.body) == (known.kind in TOLD)
    as_text = errors.refused(known("what to do"), as_status=401)
    is_kept = known.kind in {Kind.LIMITED, Kind.UNAVAILABLE}
    assert (as_text.status == 401) or is_kept
    assert b"what to do" not in as_text.body


STATUSES = {
    Kind.INVALID: {400, 405, 413, 415, 422},
    Kind.UNPROCESSABLE: {422},
    Kind.UNAUTHENTICATED: {401},
    Kind.FORBIDDEN: {403},
    Kind.MISSING: {404, 501},
    Kind.GONE: {410},
    Kind.CONFLICT: {409},
    Kind.LIMITED: {429},
    Kind.UNAVAILABLE: {503},
}
TOLD = {Kind.INVALID, Kind.UNPROCESSABLE, Kind.CONFLICT, Kind.FORBIDDEN}


def test_the_errors_were_found() -> None:
    assert len(REGISTERED) > 50


def test_a_limit_says_when_to_come_back() -> None:
    limited = next(known for known in REGISTERED if known.kind is Kind.LIMITED)
    assert errors.refused(limited(retry_after=7)).headers["Retry-After"] == "7"
