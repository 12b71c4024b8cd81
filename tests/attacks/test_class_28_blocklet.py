"""Class 28 of the known attacks: an input that nobody thought of becomes an error of the server.

PostgreSQL can't be asked for a text with NUL in it, and SQLite can: on one of the two each such
request would be an internal error. None gets so far, wherever the NUL is.
"""

import json
from typing import Any

import pytest

from identity.api.blocklet.route import BACKEND
from identity.api.blocklet.table import TABLE
from identity.web.route_table import PLACEHOLDER
from tests import cast
from tests.faces.blocklet.browser import SERVICE, Answer, Browser, Signed, Wallet, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

ROUTES = [route for route in TABLE.routes if route.permission != BACKEND]
NAMES = ("did", "name", "_t_", "locale", "visitorId", "inviter", "passportId", "id", "vcId", "sid")


@pytest.fixture
def alice() -> Signed:
    return sign_in(cast.world(sign_up=True))


def ask(alice: Signed, method: str, path: str, body: Any = None, **query: str) -> Answer:
    root = "" if path == "/__blocklet__.js" else SERVICE
    path, bearer = root + PLACEHOLDER.sub("x", path), alice.bearer["authorization"]
    return alice.browser.ask(method, path, body, query=query, authorization=bearer)


def test_no_parameter_holds_nul(alice: Signed) -> None:
    for route in ROUTES:
        for name in NAMES:
            answer = ask(alice, route.method, route.path, **{name: "a\0b"})
            assert answer.status == 400, (route.method, route.path, name)
        assert ask(alice, route.method, route.path, **{"a\0b": "x"}).status == 400


def test_no_place_in_a_body_holds_nul(alice: Signed) -> None:
    bodies: list[Any] = [{"x": "\0"}, {"\0": 1}, {"x": {"y": ["z", "a\0b"]}}, {"x": [{"\0": 1}]}]
    for route in ROUTES:
        if route.method in {"GET", "HEAD"}:
            continue
        for body in bodies:
            assert ask(alice, route.method, route.path, body).status == 400, (route.path, body)


def test_no_path_holds_nul(alice: Signed) -> None:
    for route in ROUTES:
        if found := PLACEHOLDER.search(route.path):
            path = route.path.replace(found[0], "a\0b")
            assert ask(alice, route.method, path).status in {400, 404}, route.path


def test_the_signs_of_an_escape_are_no_nul(alice: Signed) -> None:
    answer = alice.put("user/profile", {"fullName": "a\\u0000b"})
    assert answer.status == 200
    assert answer.json["fullName"] == "a\\u0000b"


@pytest.mark.parametrize("locale", ["\0", '"\\000"', "x" * 200, "<b>", "../..", "*"])
def test_a_language_is_a_plain_word(locale: str) -> None:
    world = cast.world(sign_up=True)
    browser = Browser(world, {"accept-language": locale}, {"nf_lang": locale})
    told = browser.post("user/loginByWallet", Wallet.of().body()).json
    bearer = f"Bearer {told['sessionToken']}"
    profile = json.loads(browser.get("user/profile", authorization=bearer).body)
    assert profile["locale"] == "en"


@pytest.mark.parametrize(
    "page",
    [
        "?" + "&".join(f"a{number}=1" for number in range(100)),
        "?inviteId=%00",
        "?a=%FF",
        "../" * 50,
    ],
    ids=["many", "nul", "bytes", "climbing"],
)
def test_no_page_that_a_request_comes_from_breaks_it(page: str) -> None:
    world = cast.world(sign_up=True)
    referer = f"http://localhost:8000/s/{world.scope.slug}/{page}"
    for body in ({"email": "a@example.test"}, {"email": "b@example.test", "action": "invite"}):
        answer = Browser(world).post("user/email/sendCode", body, referer=referer)
        assert answer.status == 200, answer.text
