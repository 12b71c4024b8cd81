"""The table of the face `blocklet`: every route says who may use it, and that is so."""

from typing import Any

import pytest

from identity.api.blocklet import errors, route
from identity.api.blocklet.endpoints import ENDPOINTS
from identity.api.blocklet.route import Route
from identity.api.blocklet.sent import ROOT
from identity.api.blocklet.table import TABLE
from identity.errors import DomainError, Kind, Missing
from identity.web.route_table import PLACEHOLDER, Table
from tests import cast
from tests.faces.blocklet.browser import Answer, Browser, Signed, Wallet, sign_in
from tests.matrix.test_errors import REGISTERED, every_error

# Each one that asks for no session stands here with its reason.
OPEN = {
    "POST /api/did/refreshSession": "asks for the refresh token",
    "GET /api/did/csrfToken": "asks for the access token in its cookie",
    "POST /api/user/checkToken": "says whether a token is good, to whoever has it",
    "POST /api/user/logout": "the answer is the same for everybody",
    "GET /api/notifications/unread-count": "there are none",
    "POST /api/user/loginByWallet": "asks for a wallet's signature",
    "GET /user/avatar/{file}": "pictures are public, but for those that are hidden",
    "POST /api/user/notification/unsubscribe": "no token is of a letter of ours",
    "GET /api/user": "what a profile shows to everybody",
    "POST /api/user/checkUser": "tells of the caller's own account alone",
    "GET /api/user/privacy/config": "which parts are hidden",
    "GET /api/user-session": "asks for the browser's mark",
    "POST /api/user-session/login": "asks for the browser's mark",
    "GET /api/federated/getTrustedDomains": "there are none",
    "GET /api/passport/status": "for whoever was shown a passport",
    **dict.fromkeys(
        (
            f"{method} /api/did/{{action}}/{step}"
            for method in ("GET", "POST")
            for step in ("token", "status", "timeout", "auth")
        ),
        "asks for the exchange's token, the browser's mark, a wallet's signature or a session",
    ),
    "POST /api/user/email/sendCode": "mails a code to whoever reads the mail",
    "GET /api/user/email/status": "asks for the browser's mark",
    "POST /api/user/email/login": "asks for the code and the browser's mark",
    "POST /api/kyc/status": "tells of the caller's own address alone",
    "GET /api/oauth/configs": "which providers there are",
    "GET /oauth/login/{provider}": "begins a round for this browser",
    "GET /oauth/callback/{provider}": "a page that says nothing of its own",
    "POST /oauth/callback/{provider}": "leads on to that page, and believes nothing",
    "POST /api/oauth/getUser": "asks for the provider's answer and the browser's mark",
    "POST /api/oauth/login": "asks for the provider's answer and the browser's mark",
    "POST /api/access-key/session": "begins to wait for a key that is sealed for the asker",
    "GET /api/access-key/session": "asks for the secret of who waits; what it tells is sealed",
    "DELETE /api/access-key/session": "asks for the secret of who waits",
    "GET /api/invitation": "asks for the invitation's secret",
    "GET /__blocklet__.js": "what pages are told of their application",
}
BACKEND = {"POST /api/user/login", "POST /user/login"}
ROUTES = TABLE.routes
every_route = pytest.mark.parametrize("each", ROUTES, ids=lambda each: f"{each.method} {each.path}")


def name(each: Route) -> str:
    return f"{each.method} {each.path}"


def is_absent(each: Route) -> bool:
    return each.run.__name__ == "absent"


def ask(browser: Browser, each: Route, **headers: str) -> Answer:
    path = PLACEHOLDER.sub(lambda _: Wallet.of().did, each.path)
    body: dict | None = None if each.method == "GET" else {}
    more: dict[str, Any] = dict(headers)
    return browser.ask(each.method, f"{ROOT}{path}", body, **more)


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Signed:
    return sign_in(world)


@every_route
def test_every_route_declares_who_may_use_it(each: Route) -> None:
    if each.permission == route.OPEN:
        assert name(each) in OPEN or is_absent(each)
    elif each.permission == route.BACKEND:
        assert name(each) in BACKEND
    else:
        assert each.permission == route.SELF


def test_no_reason_is_left_over() -> None:
    listed = {name(each) for each in ROUTES}
    assert OPEN.keys() | BACKEND <= listed


def test_nobody_gets_in_without_a_session(world: cast.World) -> None:
    for each in ROUTES:
        if each.permission == route.SELF:
            answer = ask(Browser(world), each)
            assert (answer.status, answer.json) == (401, {"error": "not login"}), name(each)


def test_nobody_gets_in_without_the_applications_signature(world, alice) -> None:
    for each in ROUTES:
        if each.permission == route.BACKEND:
            answer = ask(Browser(world), each, authorization=f"Bearer {alice.access}")
            assert (answer.status, answer.json) == (401, "verify sig failed"), name(each)


def test_no_refresh_token_opens_anything(world, alice) -> None:
    for each in ROUTES:
        if each.permission == route.SELF:
            answer = ask(Browser(world), each, authorization=f"Bearer {alice.refresh}")
            assert answer.status == 401, name(each)


def test_a_session_of_another_scope_opens_nothing(world, alice) -> None:
    other = cast.world(sign_up=True)
    for each in ROUTES:
        if each.permission == route.SELF:
            answer = ask(Browser(other), each, authorization=f"Bearer {alice.access}")
            assert (answer.status, answer.json) == (401, {"error": "not login"}), name(each)


def test_a_session_gets_as_far_as_its_input_lets_it(world, alice) -> None:
    for each in ROUTES:
        if each.permission == route.SELF and each.method != "DELETE":
            answer = ask(Browser(world), each, authorization=f"Bearer {alice.access}")
            assert answer.status not in {401, 403, 500}, (name(each), answer.text)


def test_after_the_end_nothing_opens(world, alice) -> None:
    alice.post("user/logout", {})
    for each in ROUTES:
        if each.permission == route.SELF:
            answer = ask(Browser(world), each, authorization=f"Bearer {alice.access}")
            assert answer.status == 401, name(each)


def test_every_endpoint_lists_its_routes() -> None:
    assert all(room.ROUTES and room.__doc__ for room in ENDPOINTS)


def test_refuses_two_routes_of_one_name() -> None:
    with pytest.raises(TypeError):
        Table([ROUTES[0], ROUTES[0]])


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/user/", "/api//user", "/user/avatar/a/b"])
def test_finds_nothing_where_there_is_nothing(path: str) -> None:
    with pytest.raises(Missing):
        TABLE.find("GET", path)


@every_error
def test_every_refusal_has_an_answer(known: type[DomainError]) -> None:
    answer = errors.refused(known("what to do"))
    assert answer.status in STATUSES[known.kind]
    is_told = b"what to do" in answer.body
    assert is_told == (known.kind in TOLD)
    as_text = errors.refused(known(), as_status=400)
    is_kept = known.kind in {Kind.LIMITED, Kind.UNAVAILABLE}
    assert (as_text.status == 400) or is_kept


STATUSES = {
    Kind.INVALID: {400, 405, 413, 415},
    Kind.UNPROCESSABLE: {400},
    Kind.UNAUTHENTICATED: {401, 404},  # an invitation that there is not is nobody's sign-in
    Kind.FORBIDDEN: {403},
    Kind.MISSING: {404, 501},
    Kind.GONE: {410},
    Kind.CONFLICT: {409},
    Kind.LIMITED: {429},
    Kind.UNAVAILABLE: {503},
}
TOLD = {Kind.INVALID, Kind.UNPROCESSABLE, Kind.CONFLICT, Kind.FORBIDDEN, Kind.MISSING}


def test_the_errors_were_found() -> None:
    assert len(REGISTERED) > 50


def test_a_limit_says_when_to_come_back() -> None:
    limited = next(known for known in REGISTERED if known.kind is Kind.LIMITED)
    assert errors.refused(limited(retry_after=7)).headers["Retry-After"] == "7"
