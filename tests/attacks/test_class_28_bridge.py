"""Class 28 of the known attacks: parsers that fail on hostile input, at the face `bridge`.

Seen as CVE-2026-4634 in Keycloak and better-auth#11323. Whatever is sent to whatever method, the
answer is one of the protocol's refusals in 200, never an internal error, and small.
"""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.api.bridge import auth, desk, guesses, inputs
from identity.api.bridge.methods import METHODS
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, exchange
from tests.faces.bridge.test_scope_words import PARAMS

pytestmark = pytest.mark.django_db(transaction=True)

MEBIBYTE = 1024 * 1024
SECONDS = 2.0
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$and", "$or", "$nor", "#userId", "#created", "$gt", "$in", "get"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
fuzzed = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
every_method = pytest.mark.parametrize("method", sorted(METHODS))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    # The brakes in front would hide what the parsers do.
    monkeypatch.setattr(guesses, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(desk, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(auth, "per_key", Throttle(count=0, seconds=60))
    return clients.client(cast.world())


def is_orderly(body: bytes, **more: Any) -> dict[str, Any]:
    began = time.perf_counter()
    status, _, raw = exchange(body, **more)
    assert time.perf_counter() - began < SECONDS
    assert status == 200
    assert len(raw) < 64 * 1024
    told: dict[str, Any] = json.loads(raw)
    assert ("error" in told) != ("result" in told)
    if "error" in told:
        assert set(told["error"]) == {"code", "message", "data"}
        assert told["error"]["code"] != -32603
        assert told["error"]["data"] is None or isinstance(told["error"]["data"], str)
    return told


@every_method
@fuzzed
@given(params=JSON)
def test_any_parameters_are_answered(client: Client, method: str, params: Any) -> None:
    body = clients.envelope(method, params)
    is_orderly(body, authorization=clients.bearer(client.token))


@pytest.mark.parametrize("method", sorted(PARAMS))
@fuzzed
@given(data=st.data())
def test_any_value_of_any_parameter_is_answered(client: Client, method: str, data: Any) -> None:
    known = [*PARAMS[method], "query", "lastId", "policy", "acl", "scope", "publicKey", "name"]
    name = data.draw(st.sampled_from(known))
    params = {**PARAMS[method], name: data.draw(JSON)}
    is_orderly(clients.envelope(method, params), authorization=clients.bearer(client.token))


@fuzzed
@given(header=st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=200))
@pytest.mark.parametrize("scheme", ["", "Bearer ", "Basic ", "pmx-hmac-sha256 "])
def test_any_header_is_nobodys(client: Client, scheme: str, header: str) -> None:
    body = clients.envelope("solution/listSolutions", {})
    assert is_orderly(body, authorization=scheme + header)["error"]["code"] == 0x612F


@fuzzed
@given(
    parts=st.lists(
        st.text(st.characters(codec="ascii", exclude_characters=";"), max_size=40),
        min_size=3,
        max_size=3,
    )
)
def test_any_stamp_is_nobodys(client: Client, parts: list[str]) -> None:
    milliseconds, nonce, signature = parts
    key_id = client.program.row.key_id
    header = f"pmx-hmac-sha256 {key_id};1;{milliseconds};{nonce};{signature}"
    body = clients.envelope("solution/listSolutions", {})
    assert is_orderly(body, authorization=header)["error"]["code"] == 0x612F


@fuzzed
@given(body=st.binary(max_size=300))
def test_any_bytes_are_answered(client: Client, body: bytes) -> None:
    assert is_orderly(body)["error"]["code"] == -32700


@fuzzed
@given(call=JSON)
def test_any_json_is_answered(client: Client, call: Any) -> None:
    is_orderly(json.dumps(call).encode(), authorization=clients.bearer(client.token))


@every_method
@pytest.mark.parametrize(
    "params",
    [
        {"x" * 500_000: 1},
        {"name": "x" * 900_000},
        {"scope": ["solution:" + "x" * 100] * 5_000},
        [{}] * 100_000,
        {str(number): number for number in range(50_000)},
    ],
    ids=["a long name", "a long text", "many words", "a long list", "many names"],
)
def test_much_is_refused_quickly_and_shortly(client: Client, method: str, params: Any) -> None:
    told = is_orderly(clients.envelope(method, params), authorization=clients.bearer(client.token))
    assert told["error"]["code"] == -32602 or method == "versions"
    assert len(str(told)) < 1_000


def nested(depth: int, word: str) -> Any:
    tree: Any = {"#userId": "x"}
    for _ in range(depth):
        tree = {word: [tree]}
    return tree


@pytest.mark.parametrize("word", ["$and", "$or", "$nor"])
@pytest.mark.parametrize("depth", [7, 100, 250])
def test_a_query_is_nested_only_so_deeply(client: Client, word: str, depth: int) -> None:
    params = {**PARAMS["context/listContexts"], "query": nested(depth, word)}
    body = clients.envelope("context/listContexts", params)
    told = is_orderly(body, authorization=clients.bearer(client.token))
    assert told["error"]["code"] == -32602


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_without_end_is_a_parse_error(client: Client, opening: bytes) -> None:
    for size in (2_000, 500_000):
        body = opening * (size // len(opening))
        assert is_orderly(body)["error"]["code"] == -32700
    inside = b'{"jsonrpc":"2.0","id":1,"method":"versions","params":' + b"[" * 900
    assert is_orderly(inside + b"]" * 900 + b"}")["error"]["code"] in {-32602, -32700}


def test_a_body_beyond_a_mebibyte_is_not_read(client: Client) -> None:
    body = clients.envelope("versions", {"x": "y" * MEBIBYTE})
    assert is_orderly(body)["error"]["code"] == -32700


def test_an_internal_error_tells_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(inputs, "params", fail)
    status, _, raw = exchange(clients.envelope("versions", {}))
    assert (status, json.loads(raw)) == (
        200,
        {"jsonrpc": "2.0", "id": 128, "error": {"code": -32603, "message": "Internal error"}},
    )
