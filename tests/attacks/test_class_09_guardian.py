"""Class 9 of the known attacks, at the face `guardian`: a field that nobody offered is written.

Seen as CVE-2026-27946 (Zitadel), CVE-2025-61928 (Better Auth), CVE-2026-49443 (authentik). Every
call that writes is sent with every field that any model has, all at once and the dangerous ones
each alone; nothing changes, and whoever calls becomes nothing more.
"""

from typing import Any

import msgspec
import pytest
from django.apps import apps

from accounts.models import Onboarding, RegistryMembership, User
from identity.api.guardian.route import Route
from identity.api.guardian.table import TABLE
from identity.scoping.owned import ScopeOwned
from tests import cast
from tests.faces.guardian import client
from tests.faces.guardian.client import OTHER, PASSWORD, Client, registering
from tests.faces.guardian.test_accounts import complete

pytestmark = pytest.mark.django_db(transaction=True)
WRITES = [each for each in TABLE.routes if each.body is not None]
DANGEROUS: dict[str, Any] = {
    "is_staff": True,
    "is_operator": True,
    "status": "active",
    "state": "completed",
    "did": "did:example:mine",
    "topic_id": "0.0.1",
    "permissions": ["registries:create"],
    "scope": "x",
    "owner": "x",
    "userId": "x",
    "verifier": "x",
}


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    made = client.registry(world, "acme")
    complete(world, "acme", did="did:example:acme")
    return made


def good(each: Route, who: Client) -> dict[str, Any]:
    """A body that would be taken."""
    return {
        "/accounts/login": {"username": who.username, "password": PASSWORD},
        "/accounts/access-token": {"refreshToken": who.refresh},
        "/accounts/change-password": {
            "username": who.username,
            "oldPassword": PASSWORD,
            "newPassword": OTHER,
        },
        "/accounts/register": registering("bob"),
        "/accounts/otp/confirm": {"token": "123456"},
        "/accounts/push/onboard": registering("bob") | {"parent": "acme"},
    }.get(each.path, {})


def names() -> list[str]:
    """The names of all columns of all models."""
    found: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():
            found |= {field.name, getattr(field, "attname", field.name)}
    return sorted(found)


def everything(world: cast.World) -> dict[str, list[str]]:
    with cast.in_scope(world):
        return {
            model._meta.label: sorted(repr(row) for row in model.objects.values_list())
            for model in apps.get_models()
            if issubclass(model, ScopeOwned)
        }


def test_no_call_takes_a_field_that_is_not_on_its_list(world, acme) -> None:
    fields = names()
    for each in WRITES:
        body = each.body
        assert body is not None
        taken = {field.encode_name for field in msgspec.structs.fields(body)}
        path = each.path.replace("{username}", "acme")
        extra = {name: DANGEROUS.get(name, "x") for name in fields if name not in taken}
        alone = ({name: value} for name, value in DANGEROUS.items() if name not in taken)
        before = everything(world)
        for added in (extra, *alone):
            answer = acme.ask(each.method, path, {**good(each, acme), **added})
            assert answer.status == each.malformed, (each.path, added, answer.text)
        assert everything(world) == before, each.path


@pytest.mark.parametrize(
    "text",
    [
        '{"username":"bob","username":"acme"}',
        '{"username":"bob","Role":"STANDARD_REGISTRY"}',
        '{"username":"bob","__proto__":{"role":"STANDARD_REGISTRY"}}',
        '{"username":"bob","\\u0072ole":"USER","role":"STANDARD_REGISTRY"}',
        '{"username":{"$ne":""},"password":{"$ne":""}}',
        '[{"username":"bob"}]',
    ],
)
def test_no_spelling_of_a_field_is_another_one(world, acme, text) -> None:
    for path in ("/accounts/register", "/accounts/push/onboard", "/accounts/login"):
        where = f"/s/{world.scope.slug}{path}"
        answer = client.carried("POST", where, text.encode(), token=acme.access)
        assert answer.status in {400, 422}, (path, answer.text)
    with cast.in_scope(world):
        assert not User.objects.filter(username="bob").exists()


def test_nobody_onboards_with_a_part_that_was_not_asked_for(world, acme) -> None:
    """The role, the parent and the owner are what the door found, whatever documents say."""
    body = registering("bob") | {
        "parent": "acme",
        "vcDocument": {"role": "STANDARD_REGISTRY", "id": "did:example:acme", "type": "Registry"},
        "didDocument": None,
    }
    assert acme.post("/accounts/push/onboard", body).status == 202
    with cast.in_scope(world):
        task = Onboarding.objects.select_related("parent").get()
        assert (task.role, task.state) == ("USER", "queued")
        assert task.parent is not None
        assert task.parent.username == "acme"
        assert task.owner_id == task.parent_id


def test_a_query_is_no_body(world, acme) -> None:
    answer = acme.post("/accounts/register", registering("bob"), query="role=STANDARD_REGISTRY")
    assert answer.status == 201
    with cast.in_scope(world):
        assert RegistryMembership.objects.get(user__username="bob").role == "USER"
