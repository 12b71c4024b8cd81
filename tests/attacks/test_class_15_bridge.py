"""Class 15 of the known attacks: credentials and objects of another tenant, at the face `bridge`.

Seen as CVE-2025-14777 and CVE-2026-4628 in Keycloak, CVE-2026-55670 in Zitadel. Every method of a
program is asked for every object of another scope with the best credential of one's own: the answer
is that of an object that does not exist, and the other scope is as it was.
"""

from typing import Any

import pytest

from accounts.models import Context, ContextMember, Solution
from identity.models import ApiKey
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Stamped, basic, bearer, hmac_of
from tests.faces.bridge.test_scope_words import PARAMS

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = sorted(PARAMS)
OWN = {
    *("manager/createApiKey", "manager/listApiKeys", "solution/createSolution"),
    *("solution/listSolutions", "context/listContexts"),
}
"""What names no object."""


class Tenant:
    """A scope with one of each."""

    def __init__(self) -> None:
        self.world = cast.world()
        self.client = clients.client(self.world)
        self.solution = self.client.solution("theirs")
        self.context = self.client.context(self.solution, scope="public")
        self.key = self.client.member(self.context, "alice")

    def ids(self) -> dict[str, Any]:
        return {
            "id": self.solution,
            "solution": self.solution,
            "solutionId": self.solution,
            "contextId": self.context,
            "userId": "alice",
            "userPubKey": self.key,
            "pubKey": self.key,
            "lastId": f"{self.context}-alice",
        }

    def rows(self) -> list[Any]:
        with cast.in_scope(self.world):
            return [
                list(model.objects.order_by("id").values())
                for model in (Solution, Context, ContextMember)
            ] + [list(ApiKey.objects.values("id", "status", "permissions", "name"))]


def params_for(method: str, tenant: Tenant) -> dict[str, Any]:
    ids = tenant.ids()
    if method.startswith("manager/"):
        ids["id"] = tenant.client.program.row.key_id
    return {name: ids.get(name, value) for name, value in PARAMS[method].items()}


@pytest.mark.parametrize("method", METHODS)
def test_objects_of_another_scope_do_not_exist(method: str) -> None:
    theirs, ours = Tenant(), Tenant()
    before = theirs.rows()
    unknown = ours.client.call(method, PARAMS[method])
    foreign = ours.client.call(method, params_for(method, theirs))
    if method in OWN:
        assert theirs.solution not in str(foreign.body)
        assert theirs.client.program.row.key_id not in str(foreign.body)
    else:
        assert foreign.error == unknown.error
    assert theirs.rows() == before


@pytest.mark.parametrize("name", ["lastId"])
@pytest.mark.parametrize("method", ["context/listContexts", "context/listUsersFromContext"])
def test_places_in_lists_of_another_scope_do_not_exist(method: str, name: str) -> None:
    theirs, ours = Tenant(), Tenant()
    own = {**params_for(method, ours)}
    for last in (theirs.context, f"{theirs.context}-alice"):
        assert ours.client.call(method, {**own, name: last}).code == 0x6123


def test_a_query_reaches_no_other_scope() -> None:
    theirs, ours = Tenant(), Tenant()
    page = {"skip": 0, "limit": 100, "sortOrder": "asc"}
    query = {"$or": [{"#id": theirs.context}, {"#id": ours.context}]}
    told = ours.client.done("context/listContexts", {**page, "query": query})
    assert ([each["id"] for each in told["list"]], told["count"]) == ([ours.context], 1)


def test_a_solution_of_another_scope_is_shared_with_nobody() -> None:
    theirs, ours = Tenant(), Tenant()
    both = {"contextId": ours.context, "solutionId": theirs.solution}
    assert ours.client.call("context/addSolutionToContext", both).code == 0x6130
    both = {"contextId": theirs.context, "solutionId": ours.solution}
    assert ours.client.call("context/addSolutionToContext", both).code == 0x6116


def test_no_credential_is_of_use_at_another_scopes_address() -> None:
    theirs, ours = Tenant(), Tenant()
    key, slug = ours.client.program, theirs.world.scope.slug
    body, stamp, path = clients.envelope("solution/listSolutions", {}), Stamped(), f"/s/{slug}/api"
    signed = stamp.header(key.row.key_id, hmac_of(key.secret, stamp.data(body, path=path)))
    for header in (bearer(ours.client.token), basic(key.row.key_id, key.secret), signed):
        answer = clients.call("solution/listSolutions", authorization=header, slug=slug)
        assert answer.code == 0x612F
    by_envelope = clients.call("solution/listSolutions", token=ours.client.token, slug=slug)
    assert by_envelope.code == 0x612F
    assert clients.auth(key, slug=slug).code == 0x612B
    answer = clients.call(
        "solution/listSolutions",
        authorization=bearer(ours.client.token),
        x_scope_id=str(theirs.world.scope.id),
    )
    assert answer.code == 0x612F


def test_the_same_ids_and_keys_live_in_two_scopes_side_by_side() -> None:
    theirs, ours = Tenant(), Tenant()
    ours.client.member(ours.context, "bob", theirs.key)
    assert (
        ours.client.call(
            "context/getUserFromContext", {"contextId": ours.context, "userId": "bob"}
        ).result["user"]["pubKey"]
        == theirs.key
    )
