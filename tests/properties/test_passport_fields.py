"""Whatever stands in the fields of the face `passport`: a reply in its own words, never a fault."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport.client import Client, Developer

pytestmark = pytest.mark.django_db(transaction=True)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HEADERS = (
    "x-scope-id",
    "x-encrypted-key",
    "x-encrypted-user",
    "x-encrypted-session",
    "x-session",
    "x-encrypted-key-signature",
    "x-encrypted-webauthn-signature",
)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400)


@pytest.fixture(scope="module")
def methods() -> list[str]:
    from identity.api.passport.methods import METHODS

    return sorted(METHODS)


@pytest.fixture
def client() -> Client:
    return Client(cast.world())


def ask(client: Client, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    status, _, raw = clients.exchange(None, json.dumps(body).encode(), headers)
    assert status == 200
    reply: dict[str, Any] = json.loads(raw)
    assert ("result" in reply) != ("error" in reply)
    if "error" in reply:
        assert set(reply["error"]) <= {"code", "message", "data"}
    return reply


def test_survives_any_headers_and_parameters(client: Client, methods: list[str]) -> None:
    @settings(max_examples=150)
    @given(st.sampled_from(methods), JSON, st.dictionaries(st.sampled_from(HEADERS), TEXTS))
    def survives(method: str, params: Any, headers: dict[str, str]) -> None:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        ask(client, body, client.headers | headers)

    survives()


def test_survives_anything_inside_what_is_encrypted(client: Client, methods: list[str]) -> None:
    names = ("encrypted_user", "encrypted_attestation", "encrypted_assertion")
    headers = [name for name in HEADERS if name not in {"x-scope-id", "x-encrypted-key"}]

    @settings(max_examples=150)
    @given(
        st.sampled_from(methods),
        st.dictionaries(st.sampled_from(names), JSON | st.binary()),
        st.dictionaries(st.sampled_from(headers), JSON | st.binary(), max_size=2),
        JSON,
    )
    def survives(method: str, fields: Any, given_headers: Any, signature: Any) -> None:
        def sealed(value: Any) -> str:
            if isinstance(value, bytes):
                return client.seal(value)
            return client.seal_json(value)

        params: dict[str, Any] = {name: sealed(value) for name, value in fields.items()}
        params["encrypted_credential"] = {"KeySignature": sealed(signature)}
        params["challenge_id"] = "0190a1b2-0000-7000-8000-000000000000"
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        told = {name: sealed(value) for name, value in given_headers.items()}
        ask(client, body, client.headers | told)

    survives()


def test_survives_any_field_of_an_assertion(client: Client) -> None:
    developer = Developer()

    @settings(max_examples=100)
    @given(
        st.dictionaries(
            st.sampled_from(("kind", "id", "clientData", "signature", "algorithm")), JSON
        )
    )
    def survives(changed: Any) -> None:
        sealed = client.seal_json({"username": "alice"})
        assertion = {**developer.assertion(sealed), **changed}
        params = {
            "encrypted_user": sealed,
            "encrypted_credential": {"KeySignature": client.seal_json(assertion)},
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "delegatedRegistration", "params": params}
        assert "error" in ask(client, body, client.headers)

    survives()
