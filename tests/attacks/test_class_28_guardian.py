"""Class 28 of the known attacks: parsers, sizes and passwords that stop a server, at `guardian`.

Seen as CVE-2026-4634 and CVE-2026-2575 (Keycloak), better-auth#11323 (passwords of a mebibyte
hashed) and GHSA-xmf8. Every body and every path is fuzzed, and no answer is a 500; what is large is
refused before any work; nobody hashes without being let in.
"""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services import hash_lane
from identity.api.guardian.table import TABLE
from identity.web.route_table import PLACEHOLDER
from tests import cast
from tests.faces.guardian import client
from tests.faces.guardian.client import PASSWORD, Client, carried, registering
from tests.faces.guardian.test_accounts import complete

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = [
    *("username", "password", "password_confirmation", "role", "parent", "otp", "token"),
    *("hederaAccountId", "hederaAccountKey", "vcDocument", "didDocument", "didKeys"),
    *("useFireblocksSigning", "fireblocksConfig", "refreshToken", "oldPassword", "newPassword"),
    *("document", "keys", "id", "key", "verificationMethod", "@context"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=12,
)
fuzzed = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# 501 is what this server says it does not do.
ANSWERS = {*range(200, 500), 501}
WRITES = [each for each in TABLE.routes if each.method != "GET"]


@pytest.fixture
def acme() -> Client:
    world = cast.world(governance=False)
    made = client.registry(world, "acme")
    complete(world, "acme", did="did:example:acme")
    return made


@fuzzed
@given(body=JSON)
def test_no_body_is_a_500(acme, body: Any) -> None:
    raw = json.dumps(body).encode()
    for each in WRITES:
        path = PLACEHOLDER.sub("acme", each.path)
        where = f"/s/{acme.world.scope.slug}{path}"
        assert carried(each.method, where, raw, token=acme.access).status in ANSWERS, (path, raw)


@fuzzed
@given(fields=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_no_field_of_an_onboarding_is_a_500(acme, fields: dict[str, Any]) -> None:
    body = registering("bob") | {"parent": "nobody"} | fields
    assert acme.post("/accounts/push/onboard", body).status in ANSWERS, body


@fuzzed
@given(raw=st.binary(max_size=60))
def test_no_bytes_are_a_500(acme, raw: bytes) -> None:
    for path in ("/accounts/login", "/accounts/push/onboard", "/profiles/did-keys/validate"):
        where = f"/s/{acme.world.scope.slug}{path}"
        assert carried("POST", where, raw, token=acme.access).status in ANSWERS, raw


@fuzzed
@given(text=st.text(max_size=40), token=st.text(alphabet="abc.=-_ é\n", max_size=40))
def test_no_path_or_token_is_a_500(acme, text: str, token: str) -> None:
    path = text.encode("utf-8", "surrogatepass").decode("latin-1")
    for place in ("/tasks/onboard/", "/tasks/", "/profiles/", "/accounts/", "/demo/"):
        for who in (acme.access, token):
            where = f"/s/{acme.world.scope.slug}{place}{path}"
            assert carried("GET", where, token=who).status in ANSWERS, (place, text)


@pytest.mark.parametrize("path", ["/accounts/login", "/accounts/push/onboard"])
def test_a_large_body_costs_nothing(acme, path) -> None:
    large = json.dumps({"username": "x" * 2_000_000}).encode()
    deep = b'{"vcDocument":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    start = time.process_time()
    for raw in (large, deep[:900_000]):
        where = f"/s/{acme.world.scope.slug}{path}"
        assert carried("POST", where, raw, token=acme.access).status in {400, 413}
    assert time.process_time() - start < 1.0


def test_a_long_password_is_not_hashed(acme, monkeypatch) -> None:
    hashed: list[int] = []
    real = hash_lane.LANE.hashed

    def counted(act: Any) -> Any:
        hashed.append(1)
        return real(act)

    monkeypatch.setattr(hash_lane.LANE, "hashed", counted)
    long = "x" * 100_000
    body = registering("bob", password=long, password_confirmation=long)
    assert acme.post("/accounts/register", body).status == 422
    assert acme.post("/accounts/push/onboard", body | {"parent": "acme"}).status == 422
    assert hashed == []


def test_nobody_has_anything_hashed_without_being_let_in(acme, monkeypatch) -> None:
    hashed: list[int] = []
    monkeypatch.setattr(hash_lane.LANE, "hashed", lambda act: hashed.append(1))
    guest, alice = Client(acme.world), client.Client(acme.world)
    for body in (registering("bob"), registering("bob") | {"parent": "acme"}):
        for path in ("/accounts/register", "/accounts/push/onboard"):
            assert guest.post(path, body).status == 401
            assert alice.post(path, body, token="x").status == 401
    # What will be refused anyway is refused first.
    for more in ({"parent": "nobody"}, {"username": "acme"}, {"hederaAccountId": "x"}):
        body = registering("bob") | {"parent": "acme"} | more
        assert acme.post("/accounts/push/onboard", body).status in {400, 409, 422}
    assert hashed == []


def test_a_document_that_is_too_large_is_refused_at_the_door(acme) -> None:
    body = registering("bob") | {"parent": "acme", "vcDocument": {"a": "x" * 70_000}}
    answer = acme.post("/accounts/push/onboard", body)
    assert (answer.status, answer.message) == (400, ["vcDocument is too large"])
    many = [{"id": "x", "key": "y"}] * 100
    assert (
        acme.post("/accounts/push/onboard", body | {"vcDocument": {}, "didKeys": many}).status
        == 400
    )


def test_lists_are_bounded(acme) -> None:
    from accounts.queries import memberships

    assert memberships.MOST <= 1000
    assert acme.get("/accounts", query="&".join(f"a{n}=1" for n in range(17))).status == 400


def test_a_good_password_is_still_good(acme) -> None:
    assert acme.login(password=PASSWORD).status == 200
