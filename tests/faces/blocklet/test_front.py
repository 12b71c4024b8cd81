"""The face from outside: in the fast lane, behind Django, at a host name and by default."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, override_settings

from identity.services import scopes
from identity.web import scope_resolution
from identity.wsgi import application
from tests.faces.blocklet.browser import SERVICE, Wallet, sign_in

PATHS = [f"{SERVICE}/api/did/session", "/__blocklet__.js", f"{SERVICE}/nothing"]


def carried(path: str, **more: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """What the web server would get."""
    body = more.pop("body", b"")
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path,
        "REMOTE_ADDR": "192.0.2.77",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        **more,
    }
    told: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told.extend((status, headers))
        return lambda _: None

    content = b"".join(application(environ, start))
    return told[0], told[1], content


def test_is_answered_in_front_of_django(world, alice) -> None:
    path = f"/s/{world.scope.slug}{SERVICE}/api/did/refreshSession"
    headers = {
        "HTTP_AUTHORIZATION": f"Bearer {alice.refresh}",
        "HTTP_X_BLOCKLET_VISITOR_ID": alice.visitor,
    }
    status, sent, content = carried(path, body=b"{}", **headers)
    assert status == "200 OK"
    assert json.loads(content)["nextToken"]
    cookies = [value for name, value in sent if name == "Set-Cookie"]
    assert [cookie.partition("=")[0] for cookie in cookies] == ["login_token", "x-csrf-token"]
    assert dict(sent)["X-Content-Type-Options"] == "nosniff"
    assert dict(sent)["Cache-Control"] == "no-store"
    assert "default-src 'none'" in dict(sent)["Content-Security-Policy"]


def test_is_the_same_behind_django(world, alice) -> None:
    browser = Client()
    path = f"/s/{world.scope.slug}{SERVICE}/api/did/refreshSession"
    answer = browser.post(
        path,
        {},
        content_type="application/json",
        headers={
            "authorization": f"Bearer {alice.refresh}",
            "x-blocklet-visitor-id": alice.visitor,
            "user-agent": "Laptop/1",
        },
    )
    assert answer.status_code == 200
    assert answer.cookies["login_token"].value == answer.json()["nextToken"]
    assert answer.cookies["login_token"]["samesite"] == "Lax"
    assert answer.cookies["x-csrf-token"]["samesite"] == "Strict"
    assert answer.cookies["x-csrf-token"]["path"] == "/"
    # With the cookie alone, as a browser sends it.
    assert browser.get(f"/s/{world.scope.slug}{SERVICE}/api/did/session").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_both_ways_say_the_same(world, path) -> None:
    where = f"/s/{world.scope.slug}{path}"
    status, _, content = carried(where, HTTP_HOST="testserver")
    answer = Client().get(where)
    assert int(status.split()[0]) == answer.status_code
    assert content == answer.content


def test_answers_at_a_scopes_host_name(world) -> None:
    scopes.add_host(host="login.example.test", by=world.system, now=datetime.now(UTC))
    scope_resolution.forget()
    host = {"HTTP_HOST": "login.example.test"}
    body = json.dumps(Wallet.of().body()).encode()
    status, _, content = carried(f"{SERVICE}/api/user/loginByWallet", body=body, **host)
    assert status == "200 OK"
    token = json.loads(content)["sessionToken"]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert carried(f"{SERVICE}/api/did/session", **host, **bearer)[0] == "200 OK"
    about = carried("/__blocklet__.js", QUERY_STRING="type=json", **host)
    assert json.loads(about[2])["prefix"] == "/"
    # The address and the token name one scope, whichever way.
    other = sign_in(world)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {other.access}"}
    assert carried(f"{SERVICE}/api/did/session", **host, **bearer)[0] == "200 OK"


def test_answers_for_the_default_scope(world) -> None:
    with override_settings(DEFAULT_SCOPE=world.scope.slug):
        status, _, content = carried("/__blocklet__.js", QUERY_STRING="type=json")
    assert status == "200 OK"
    assert json.loads(content)["appName"] == world.scope.name


@override_settings(IS_PRODUCTION=True)
def test_cookies_are_for_https_alone_in_production(world, alice) -> None:
    assert all("; Secure" in cookie for cookie in alice.renew().cookies)


@pytest.mark.django_db
def test_nothing_else_is_taken_from_django() -> None:
    status, _, _ = carried("/.well-known/servicex/api/did/session", HTTP_HOST="testserver")
    assert status.startswith("404")
    assert carried("/.well-known/security.txt", HTTP_HOST="testserver")[0].startswith("404")
