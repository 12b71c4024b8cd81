"""Class 28 of the known attacks: parsers that fail on hostile input, at the face `passport`.

Seen as CVE-2026-4634 in Keycloak and better-auth#11323. Every encrypted field gets what its channel
opens and what it does not, and every answer is a refusal in 200 of one of a few kinds: the desk
lets no exception through, which a server would answer with 500.
"""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.api.passport.methods import METHODS
from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport import people
from tests.faces.passport.client import Client, Developer

pytestmark = pytest.mark.django_db(transaction=True)

REFUSALS = {-32700, -32600, -32602, -32000, 4100}
FIELDS = [
    ("initiateRegistration", "encrypted_user"),
    ("completeRegistration", "encrypted_user"),
    ("completeRegistration", "encrypted_attestation"),
    ("initiateAuthentication", "encrypted_user"),
    ("completeAuthentication", "encrypted_user"),
    ("completeAuthentication", "encrypted_assertion"),
    ("delegatedRegistration", "encrypted_user"),
    ("delegatedRegistration", "KeySignature"),
    ("eth_accounts", "x-encrypted-key"),
    ("eth_accounts", "x-encrypted-user"),
    ("eth_accounts", "x-encrypted-session"),
    ("eth_accounts", "x-session"),
    ("eth_accounts", "x-encrypted-key-signature"),
]
every_field = pytest.mark.parametrize(
    ("method", "field"), FIELDS, ids=[f"{each[0]}-{each[1]}" for each in FIELDS]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["username", "id", "rawId", "type", "response", "signature", "kind"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
fuzzed = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def client() -> Client:
    world = cast.world()
    people.welcome(world)
    return Client(world)


def put(client: Client, method: str, field: str, text: str) -> dict[str, Any]:
    """A call that is right but for one field."""
    user = client.seal_json({"username": "alice"})
    params: dict[str, Any] = {
        "challenge_id": "0190a1b2-0000-7000-8000-000000000000",
        "encrypted_user": user,
        "encrypted_attestation": client.seal_json({}),
        "encrypted_assertion": client.seal_json({}),
        "encrypted_credential": {"KeySignature": client.seal_json(Developer().assertion(user))},
    }
    headers = dict(client.headers)
    if field == "KeySignature":
        params["encrypted_credential"] = {field: text}
    elif field in params:
        params[field] = text
    else:
        headers["x-encrypted-session"] = client.seal(b"a.b.c")
        if field in {"x-session", "x-encrypted-key-signature"}:
            del headers["x-encrypted-session"]
        headers[field] = text
    sent = params if method != "eth_accounts" else []
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": sent}
    status, _, raw = clients.exchange(None, json.dumps(body).encode(), headers)
    assert status == 200
    told: dict[str, Any] = json.loads(raw)
    return told


def refused(told: dict[str, Any]) -> None:
    assert "result" not in told
    assert told["error"]["code"] in REFUSALS
    assert "Traceback" not in told["error"]["message"]


@every_field
@fuzzed
@given(text=st.text(max_size=80))
def test_any_text_is_refused(client: Client, method: str, field: str, text: str) -> None:
    refused(put(client, method, field, text))


@every_field
@fuzzed
@given(plain=st.binary(max_size=80))
def test_any_bytes_are_refused(client: Client, method: str, field: str, plain: bytes) -> None:
    refused(put(client, method, field, client.seal(plain)))


@every_field
@fuzzed
@given(value=JSON)
def test_any_json_is_refused(client: Client, method: str, field: str, value: Any) -> None:
    if isinstance(value, dict) and "username" in value:
        value = {**value, "username": 7}
    refused(put(client, method, field, client.seal_json(value)))


@every_field
def test_a_field_of_any_length_is_refused(client: Client, method: str, field: str) -> None:
    for size in (64 * 1024, 300 * 1024):
        refused(put(client, method, field, clients.b64(b"A" * size)))
        refused(put(client, method, field, client.seal(b"[" * size)))


@every_field
def test_all_that_does_not_open_is_told_alike(client: Client, method: str, field: str) -> None:
    sealed = client.seal_json({"username": "alice"})
    changed = ("B" if sealed[-5] == "A" else "A").join([sealed[:-5], sealed[-4:]])
    wrong = [sealed[:-4], sealed[4:], changed, Client(client.world).seal(b"{}"), "AAAA", "%"]
    told = [put(client, method, field, text) for text in wrong]
    assert all(each == told[0] for each in told)
    # Where a signature over the text comes first, the text is not opened at all.
    assert told[0]["error"]["data"] in {"decryption.failed", "unauthenticated"}


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("params", [[], {}, [[]], [None], {"data": None}, [7] * 50, ["\ud800"]])
def test_parameters_of_any_shape_break_nothing(client: Client, name: str, params: Any) -> None:
    told = client.call(name, params).body
    assert told.get("error", {"code": -32602})["code"] in REFUSALS


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_body_that_is_too_large_is_not_read(client: Client, name: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": name, "params": {"x": "A" * 1024 * 1024}}
    _, _, raw = clients.exchange(None, json.dumps(body).encode(), client.headers)
    assert json.loads(raw)["error"]["data"] == "http.too-large"


_DEEP_AFTER_SIGNING = """
import json
from identity.crypto.evm_typed_data import TypedData
domain = [{"name": "name", "type": "string"}]
types = {"EIP712Domain": domain, "Note": [{"name": "text", "type": "string"}]}
rest = {"primaryType": "Note", "domain": {"name": "Notes"}, "message": {"text": "hello"}}
TypedData.read({"types": types, **rest}).digest
try:
    json.loads("[" * 500_000)
except RecursionError:
    print("refused")
"""


def test_a_process_that_signed_typed_data_still_refuses_what_is_nested_without_end() -> None:
    """A library of Ethereum's raises the limit of recursion; past it a process ends."""
    run = [sys.executable, "-c", _DEEP_AFTER_SIGNING]
    told = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "refused\n"), told.stderr
