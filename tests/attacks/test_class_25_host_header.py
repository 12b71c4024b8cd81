"""Class 25 of the known attacks: another origin, or the name of another host, is believed.

Seen in Keycloak as CVE-2026-37977 and CVE-2024-9666. No origin is ever let in, no answer holds
a host that the request named, and every answer of every page has the strict content policy
(class 24).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests import cast
from tests.matrix.permissions_admin import MODELS, PAGES
from tests.matrix.scene import Scene, one_connection, undone
from tests.matrix.test_permissions_admin import address

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
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    del django_db_setup
    with django_db_blocker.unblock(), one_connection():
        yield Scene.made()


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
