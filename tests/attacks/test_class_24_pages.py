"""Class 24 of the known attacks, on every page: names that are markup, templates or disguises.

Everything in a scope that has a name gets a hostile one, straight in the database where a service
would refuse it. No page of the admin, no problem page and no answer of the API holds it as markup,
none evaluates it, and each comes with the content policy.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from accounts.models import User
from identity.models import Scope
from identity.scoping import current
from identity.scoping.owned import ScopeOwned
from invitations.models import Proposal, Vote
from tests import cast
from tests.matrix.permissions_admin import MODELS, PAGES
from tests.matrix.scene import Scene, undone
from tests.matrix.test_permissions_admin import address

pytestmark = pytest.mark.django_db

HOSTILE = {
    "markup": "<i class=evil>x</i>",
    "quotes": "\"'><b class=evil",
    "template": "{{7777*7}}{% evil %}${7777*7}",
    "script": "</script><script>evil()</script>",
    "bidi": "\u202eevil\u2066\u200b<i class=evil>",
    "long": "W" * 120,
}
# Columns that people fill in; others hold words, digests and addresses of ours.
NAMED = frozenset(
    {
        "name",
        "description",
        "first_name",
        "last_name",
        "reason",
        "customer_id",
        "login_name",
        "member_id",
        "revoke_reason",
    }
)
# Words of ours: the name of an event, why the platform switched a webhook off.
SIGN_IN = ("/admin/providers/", "/admin/applications/")
OURS = frozenset({"auditevent.name", "webhook.reason", "webhook.disabled_reason", "remote.reason"})
OWN = ("/problems/", "/problems/forbidden", "/v1/docs/", "/join", "/nothing")


@pytest.fixture(scope="module")
def browser(scene: Scene) -> Client:
    with cast.in_scope(scene.world):
        User.objects.update(is_staff=True)
        return scene.browser(User.objects.get(username_folded="alice@example.test"))


def columns() -> Iterator[tuple[Any, str, int]]:
    """Every text column with a name for people in it: model, column, longest value."""
    for model in apps.get_models():
        if issubclass(model, ScopeOwned):
            for column in model._meta.concrete_fields:
                is_text = isinstance(column, models.CharField | models.TextField)
                place = f"{model._meta.model_name}.{column.name}"
                if is_text and column.name in NAMED and place not in OURS:
                    yield model, column.name, column.max_length or 300


def plant(text: str) -> set[str]:
    """Put the text, made unique for each row, into every such column; where it stands now."""
    planted = set()
    Scope.objects.filter(id=current.required_scope()).update(name=text[:100])
    for model, name, longest in columns():
        for number, row in enumerate(model.objects.all()):
            value = f"{text[: longest - 4]}{number}"
            model.objects.filter(pk=row.pk).update(**{name: value})
            planted.add(f"{model._meta.model_name}.{name}")
    return planted


def voted(scene: Scene) -> None:
    """A vote about the waiting proposal, whose reason is planted with the rest."""
    Vote.objects.create(
        scope_id=scene.world.scope.id,
        proposal=Proposal.objects.get(id=scene.things["proposal"]),
        user_id=User.objects.get(username_folded="workspace-owner@example.test").id,
        decision="approve",
        evidence=b"",
        cast_at=datetime.now(UTC),
    )


def pages(scene: Scene) -> list[str]:
    shown = [line.path for line in PAGES if line.method != "POST" and line.path != "logout/"]
    shown += [f"{line.path}{end}" for line in MODELS for end in ("", "<object_id>/change/")]
    return [*(address(scene, path) for path in shown), *OWN]


def strict(answer: Any) -> bool:
    policy = answer.headers.get("Content-Security-Policy", "")
    scripts = [part for part in policy.split(";") if "script-src" in part]
    is_closed = "default-src 'none'" in policy or "default-src 'self'" in policy
    return is_closed and not any("unsafe" in part for part in scripts)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_is_text_on_every_page(scene: Scene, browser: Client, kind: str) -> None:
    text, seen = HOSTILE[kind], 0
    known = [*pages(scene), f"/admin/invitations/proposal/{scene.things['proposal']}/change/"]
    with undone():
        with cast.in_scope(scene.world):
            voted(scene)
            planted = plant(text)
        assert {"group.name", "role.name", "rule.name", "policy.name", "device.name"} <= planted
        assert {"vote.reason", "webhook.description", "user.first_name"} <= planted
        assert {"solution.name", "context.name", "contextmember.member_id"} <= planted
        waits = scene.owner.post("/groups", {"name": text, "description": text})
        if waits.status_code == 202:
            proposal = waits.json()["proposal"]["id"]
            known.append(f"/admin/invitations/proposal/{proposal}/change/")
        for page in known:
            answer = browser.get(page)
            assert answer.status_code < 500, page
            assert strict(answer), page
            if answer.streaming:
                continue
            said = answer.content.decode()
            assert not re.search(r"<i class=evil|<b class=evil|<script>evil", said), page
            assert str(7777 * 7) not in said, page
            seen += "evil" in said or "WWWW" in said
    assert seen > 15, seen


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_in_an_address_comes_back_as_text(
    scene: Scene, browser: Client, kind: str
) -> None:
    text = HOSTILE[kind]
    lists = [address(scene, line.path) for line in MODELS]
    for page in [
        *lists,
        "/problems/",
        "/admin/scope/",
        "/admin/staff/",
        "/admin/webhooks/",
        *SIGN_IN,
    ]:
        for asked in ({"q": text}, {"after": text}, {"next": text}, {text: text}):
            with undone():
                answer = browser.get(page, asked, follow=True)
            assert answer.status_code < 500, (page, asked)
            assert strict(answer), page
            said = answer.content.decode()
            assert not re.search(r"<i class=evil|<b class=evil|<script>evil", said), (page, asked)
            assert str(7777 * 7) not in said, (page, asked)


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_api_answers_a_hostile_name_as_json_alone(scene: Scene, kind: str) -> None:
    with undone():
        with cast.in_scope(scene.world):
            plant(HOSTILE[kind])
        for path in ("/groups", "/roles", "/rules", "/policies", "/webhooks", "/users", "/devices"):
            answer = scene.owner.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["content-type"].startswith("application/json"), path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert strict(answer), path
