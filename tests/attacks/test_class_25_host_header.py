"""Class 25 of the known attacks: another origin, or the name of another host, is believed.

Seen in Keycloak as CVE-2026-37977 and CVE-2024-9666. No page lets an origin in, no answer holds
a host that the request named, and every answer of every page has the strict content policy
(class 24). Of other origins the pages of a scope's own applications may read the answers of its
token endpoints, and nobody else's.
"""

from datetime import UTC, datetime

import httpx
import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from identity import ids
from sessions_app.services import applications
from tests import cast
from tests.faces.v1.client import BASE, InProcess
from tests.matrix.permissions_admin import MODELS, PAGES
from tests.matrix.scene import Scene, undone
from tests.matrix.test_permissions_admin import address
from tests.visitors import HOST

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
FORGED = {
    "Origin": f"https://{EVIL}",
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "6666",
    "Forwarded": f"host={EVIL};proto=https",
    "X-Original-URL": f"https://{EVIL}/",
    "X-Rewrite-URL": "/admin/logout/",
}


@pytest.fixture(scope="module")
def browser(scene: Scene) -> Client:
    with cast.in_scope(scene.world):
        User.objects.update(is_staff=True)
        User.objects.filter(public_id=scene.things["user"]).update(
            first_name="<script>alert(1)</script>", last_name='"><img src=x onerror=alert(2)>'
        )
        return scene.browser(User.objects.get(username_folded="alice@example.test"))


def pages(scene: Scene) -> list[str]:
    kept = [line.path for line in PAGES if line.method != "POST"]
    kept += [f"{line.path}{end}" for line in MODELS for end in ("", "<object_id>/change/")]
    own = ["/problems/", "/problems/forbidden", "/v1/docs/", "/v1/openapi.json", "/join", "/v1/me"]
    return [*(address(scene, path) for path in kept), *own, "/nothing", "/problems/<script>"]


def test_no_page_believes_a_host_or_an_origin(scene: Scene, browser: Client) -> None:
    for page in pages(scene):
        with undone():
            answer = browser.get(page, headers=FORGED)
        assert answer.status_code < 500, page
        told = answer.content.decode() if not answer.streaming else ""
        assert EVIL not in told + repr(answer.headers), page
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_every_answer_has_the_strict_content_policy(scene: Scene, browser: Client) -> None:
    for page in pages(scene):
        with undone():
            answer = browser.get(page)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy, page
        scripts = [part for part in policy.split(";") if "script-src" in part]
        assert all("unsafe-inline" not in part for part in scripts), page
        assert "default-src 'none'" in policy or "default-src 'self'" in policy, (page, policy)
        told = answer.content.decode() if not answer.streaming else ""
        assert "<script>alert(1)" not in told, page
        assert "<img src=x" not in told, page


@pytest.mark.parametrize("host", [EVIL, f"testserver:80@{EVIL}", "a b", "", f"{EVIL}\x00"])
def test_a_host_that_is_not_ours_is_not_served(scene: Scene, host: str) -> None:
    for page in ("/admin/login/", "/problems/", f"{scene.owner.prefix}/me"):
        answer = Client().get(page, headers={"Host": host} if host else {})
        assert EVIL not in answer.content.decode() + repr(answer.headers), page
        assert answer.status_code in {200, 301, 302, 400, 401, 404}, (page, answer.status_code)


SHOP = "https://shop.example.org"
PORT = "https://shop.example.org:8443"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def shop() -> str:
    """The prefix of a scope with an application that has pages at two origins."""
    world, now = cast.world(governance=False), datetime.now(UTC)
    back = [f"{SHOP}:443/back", f"{PORT}/back?a=b"]
    for status, addresses in (("active", back), ("disabled", ["https://gone.example.org/"])):
        made = applications.create(
            application_id=ids.new(), name=status, addresses=addresses, by=world.system, now=now
        )
        applications.edit(application_id=made.id, status=status, by=world.system, now=now)
    return f"/s/{world.scope.slug}"


def asked(path: str, origin: str) -> tuple[HttpResponse, HttpResponse]:
    """What a browser is told beforehand, and then."""
    client = Client(HTTP_HOST=HOST)
    ahead = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return (
        client.options(path, headers=ahead),  # type: ignore[return-value]
        client.post(path, "token=x", content_type=FORM, headers={"Origin": origin}),
    )


@pytest.mark.parametrize("path", ["/v1/token", "/v1/token/revoke"])
@pytest.mark.parametrize("origin", [SHOP, PORT])
def test_an_applications_pages_read_the_token_endpoints(shop: str, path: str, origin: str) -> None:
    before, then = asked(shop + path, origin)
    assert (before.status_code, before.content) == (204, b"")
    assert before.headers["Access-Control-Allow-Methods"] == "POST"
    assert before.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert then.status_code in {200, 400}
    for answer in (before, then):
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.headers["Vary"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        f"https://{EVIL}",
        "null",
        "*",
        "http://shop.example.org",
        f"{SHOP}:443",
        f"{SHOP}:8444",
        f"{SHOP}/",
        f"{SHOP}.{EVIL}",
        "https://SHOP.example.org",
        "https://x.shop.example.org",
        f"{SHOP}, https://{EVIL}",
        "https://gone.example.org",
    ],
)
def test_nobody_elses_pages_read_them(shop: str, origin: str) -> None:
    for path in ("/v1/token", "/v1/token/revoke"):
        for answer in asked(shop + path, origin):
            told = [name for name in answer.headers if name.startswith("Access-Control")]
            assert told == [], (path, told)
            assert "Origin" in answer.headers["Vary"].split(", ")


def test_an_applications_pages_read_nothing_else(shop: str) -> None:
    other = cast.world(governance=False)
    paths = ["/v1/token/introspect", "/v1/token/refresh", "/v1/me", "/v1/sign-in/password"]
    elsewhere = [f"/s/{other.scope.slug}/v1/token", "/s/nowhere/v1/token"]
    for path in [*(shop + each for each in paths), *elsewhere]:
        for answer in asked(path, SHOP):
            assert not [name for name in answer.headers if name.startswith("Access-Control")], path


def test_everybodys_pages_read_public_keys(shop: str) -> None:
    web = httpx.Client(base_url=BASE, transport=InProcess())
    answer = web.get(f"{shop}/.well-known/jwks.json", headers={"Origin": f"https://{EVIL}"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
