"""Class 9 of the known attacks: fields that nobody should set from outside, at the face `bridge`.

Seen as CVE-2026-27946 in Zitadel, CVE-2025-61928 in Better Auth, CVE-2026-49443 in authentik. Every
method is sent the name of every column behind it, and of what the commands behind it would take:
none but the documented parameters is read.
"""

from typing import Any

import pytest

from accounts.models import Context, ContextMember, Solution
from identity.api.bridge.methods import METHODS
from identity.models import ApiKey
from invitations.commands.command import registry
from sessions_app.models import MachineSession
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client
from tests.faces.bridge.test_scope_words import OPEN, PARAMS

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS = ("api-key.create", "api-key.edit", "context.create", "context.edit", "member.add")
OPTIONAL = {
    "manager/createApiKey": {"publicKey"},
    "manager/updateApiKey": {"name", "scope", "enabled"},
    "context/createContext": {"policy"},
    "context/updateContext": {"name", "description", "scope", "policy"},
    "context/addUserToContext": {"acl"},
    "context/listContexts": {"lastId", "query"},
    "context/listContextsOfSolution": {"lastId", "query"},
    "context/listUsersFromContext": {"lastId", "query"},
}


def hidden() -> list[str]:
    columns = {
        name
        for model in (ApiKey, MachineSession, Solution, Context, ContextMember)
        for field in model._meta.concrete_fields
        for name in (field.name, field.attname)
    }
    inputs = {
        name for command in COMMANDS for name in registry.get(command).input.__struct_fields__
    }
    return sorted(columns | inputs | {"isStaff", "proven", "admin", "__proto__", "constructor"})


@pytest.fixture
def client() -> Client:
    return clients.client(cast.world())


@pytest.mark.parametrize("method", sorted(PARAMS))
def test_no_method_reads_more_than_its_own_parameters(client: Client, method: str) -> None:
    documented = set(PARAMS[method]) | OPTIONAL.get(method, set())
    for name in set(hidden()) - documented:
        for value in (True, "x", 1, ["x"], {"x": 1}):
            answer = client.call(method, {**PARAMS[method], name: value})
            assert answer.error["data"] == f"Unexpected key '{name}'", (method, name)
            break


def test_every_method_is_looked_at() -> None:
    assert set(METHODS) - OPEN - set(PARAMS) == {
        "manager/subscribeToChannel",
        "manager/unsubscribeFromChannel",
    }


def test_a_member_that_is_added_is_neither_staff_nor_proven_nor_somebodys(client: Client) -> None:
    client.member(client.context(), "alice")
    with cast.in_scope(client.world):
        row = ContextMember.objects.get()
    assert (row.is_staff, row.proven_at, row.user_id) == (False, None, None)


@pytest.mark.parametrize("name", ["apiKeyId", "permissions", "solutions", "networks", "contexts"])
def test_a_token_takes_no_rights_beside_its_words(client: Client, name: str) -> None:
    params: dict[str, Any] = {
        "grantType": "api_key_credentials",
        "apiKeyId": client.program.row.key_id,
        "apiKeySecret": client.program.secret,
        "scope": ["context"],
    }
    if name != "apiKeyId":
        answer = clients.call("manager/auth", {**params, name: ["*"]})
        assert answer.error["data"] == "Value doesn't match any spec"
    assert clients.call("manager/auth", params).result["scope"] == ["context"]
