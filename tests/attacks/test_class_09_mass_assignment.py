"""Class 9 of the known attacks: a field that nobody offered is written all the same.

Seen as CVE-2026-27946 (Zitadel: a user set "verified" itself), CVE-2025-61928 (Better Auth: a key
for any user) and CVE-2026-49443, CVE-2026-49448 (authentik: `user` was writable). Every write of
`/v1` and forms of the admin are sent with every field that any model has; but for those that the
route takes, nothing changes.
"""

from typing import Any

import msgspec
import pytest
from django.apps import apps

from accounts.models import User
from identity.api.v1.table import TABLE
from identity.scoping.owned import ScopeOwned
from identity.sdk.http_signatures import DeviceAuth
from tests import cast
from tests.faces.v1.client import Signed
from tests.matrix.permissions_v1 import LINES, Line
from tests.matrix.scene import Scene, undone

pytestmark = pytest.mark.django_db

WRITES = [line for line in LINES if line.method != "GET"]
# Client libraries send more than is asked for: it is passed over (RFC 7662 §2.1, RFC 6749 §3.2).
LENIENT = ("/token", "/token/introspect", "/token/revoke")
# Values that would be worth having, by what a field's name ends in.
VALUES: dict[str, Any] = {
    "status": "active",
    "state": "approved",
    "version": 99,
    "kind": "person",
    "priority": 1,
    "decision": "approve",
}


def fields() -> list[str]:
    """The names of all columns of all models, as attributes and as columns."""
    names: set[str] = {"is_superuser", "permissions", "approves", "by", "actor", "evidence", "now"}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            names |= {field.name, getattr(field, "attname", field.name)}
    return sorted(names)


def taken(line: Line) -> set[str]:
    """The fields that the route takes: its allow-list."""
    (found,) = [e for e in TABLE.routes if (e.method, e.path) == (line.method, line.path)]
    body = found.body
    return set() if body is None else {f.encode_name for f in msgspec.structs.fields(body)}


def value(scene: Scene, name: str) -> Any:
    if name in {"user", "user_id", "created_by", "invited_by", "proposer", "proposer_id"}:
        return scene.things["user"]
    return VALUES.get(name, True if name.startswith(("is_", "has_")) else "x")


def everything(scene: Scene) -> dict[str, list[str]]:
    with cast.in_scope(scene.world):
        return {
            model._meta.label: sorted(repr(row) for row in model.objects.values_list())
            for model in apps.get_models()
            if issubclass(model, ScopeOwned) and model._meta.model_name != "seennonce"
        }


def test_no_route_takes_a_field_that_is_not_on_its_list(scene: Scene) -> None:
    names = fields()
    for line in WRITES:
        with undone():
            path, good = scene.path(line.path), scene.body(line.method, line.path) or {}
            before = everything(scene)
            extra = {name: value(scene, name) for name in names if name not in taken(line)}
            # All of them at once, and the dangerous ones each alone.
            dangerous = [name for name in extra if name in VALUES or name.startswith("is_")]
            for added in (extra, *({name: extra[name]} for name in dangerous)):
                answer = scene.owner.send(line.method, path, {**good, **added}, {"If-Match": "*"})
                is_refused = answer.status_code == 400 or line.path in LENIENT
                assert is_refused, (line.name, added, answer.text)
            after = everything(scene)
            ignored = {"accounts.Device"}  # when a device was seen last
            assert {k: v for k, v in after.items() if k not in ignored} == {
                k: v for k, v in before.items() if k not in ignored
            }, line.name


def test_no_route_takes_a_field_behind_the_question_mark(scene: Scene) -> None:
    for line in WRITES:
        with undone():
            path = f"{scene.path(line.path)}?is_staff=true&status=active"
            answer = scene.owner.send(line.method, path, scene.body(line.method, line.path))
            assert answer.status_code in {400, 403, 428}, (line.name, answer.text)


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"a","name":"b"}',
        '{"name":"a","Name":"b"}',
        '{"name":"a","__proto__":{"is_staff":true}}',
        '{"name":"a","\\u0073tatus":"active","status":"x"}',
        '[{"name":"a"}]',
        '{"name":{"$ne":""}}',
    ],
)
def test_no_spelling_of_a_field_is_another_one(scene: Scene, text: str) -> None:
    with undone():
        answer = scene.owner.http.request(
            "POST",
            f"{scene.owner.prefix}/groups",
            content=text,
            headers={"Content-Type": "application/json"},
            auth=DeviceAuth(scene.owner.device, scene.owner.key),
        )
    assert answer.status_code == 400, answer.text


def test_what_a_route_takes_is_all_that_changes(scene: Scene) -> None:
    """Each field of an edit by itself changes that column and the marks of a change, no more."""
    plain = {"version", "updated_at", "updated_by"}
    edits: dict[str, dict[str, Any]] = {
        "/users/{user}": {"first_name": "Other", "last_name": "Other", "mobile": "+3512000"},
        "/groups/{group}": {"name": "coffee", "description": "other"},
    }
    with undone():
        alone = cast.world(governance=False)
        alice = Signed.of(alone.member("alice", "super-admin"), alone.scope.slug)
        things = {
            "user": alone.member("subject").uid,
            "group": alice.post("/groups", {"name": "tea"}).json()["id"],
        }
        for template, changes in edits.items():
            path = template.format_map(things)
            for name, new in changes.items():
                before = alice.get(path).json()
                answer = alice.send("PATCH", path, {name: new}, {"If-Match": "*"})
                assert answer.status_code == 200, answer.text
                after = alice.get(path).json()
                changed = {key for key in after if after[key] != before[key]}
                assert changed - plain == {name}, (template, name, changed)


def test_no_form_of_the_admin_takes_a_field_that_it_does_not_show(scene: Scene) -> None:
    with cast.in_scope(scene.world):
        User.objects.update(is_staff=True)
        owner = User.objects.get(username_folded="alice@example.test")
    browser = scene.browser(owner)
    user, group = scene.things["user"], scene.things["group"]
    extra = {name: str(value(scene, name)) for name in fields()}
    forms = (
        f"/admin/accounts/user/{user}/edit/",
        f"/admin/accounts/group/{group}/edit/",
        "/admin/webhooks/create/",
        "/admin/providers/create/google/",
        "/admin/applications/create/",
        "/admin/invitations/invitation/issue/",
        "/admin/staff/admit/",
    )
    closed = {"is_operator", "is_staff", "kind", "version", "created_by", "networks", "scope_id"}
    with cast.in_scope(scene.world):
        columns = [f.attname for f in User._meta.concrete_fields if f.attname in closed]
        before = sorted(repr(row) for row in User.objects.values_list("id", *columns))
    for address in forms:
        with undone():
            answer = browser.post(address, extra)
            assert answer.status_code in {200, 302, 404}, address
            with cast.in_scope(scene.world):
                rows = [repr(row) for row in User.objects.values_list("id", *columns)]
                assert not [row for row in before if row not in rows], address
