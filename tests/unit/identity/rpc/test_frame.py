"""The frame of JSON-RPC 2.0."""

from typing import Any

import pytest

from identity.rpc import frame


def call(**changed: Any) -> dict[str, Any]:
    given = {"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []} | changed
    return {name: value for name, value in given.items() if value is not ...}


@pytest.mark.parametrize("call_id", [1, 0, "4", 1.5])
def test_reads_a_call(call_id: Any) -> None:
    read = frame.read(call(id=call_id, params={"a": 1}))
    assert read == frame.Call(call_id, "eth_accounts", {"a": 1})


@pytest.mark.parametrize("params", [..., None, []])
def test_takes_no_parameters_for_an_empty_list(params: Any) -> None:
    assert frame.read(call(params=params)).params == []


@pytest.mark.parametrize(
    "changed",
    [{"jsonrpc": "1.0"}, {"jsonrpc": ...}, {"method": 7}, {"method": ...}, {"params": "text"}],
)
def test_names_the_call_that_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(frame.Malformed) as told:
        frame.read(call(id=9, **changed))
    assert told.value.call_id == 9


@pytest.mark.parametrize("call_id", [..., None, True, [], {}, "x" * 257])
def test_refuses_a_call_that_nobody_waits_for(call_id: Any) -> None:
    with pytest.raises(frame.Malformed) as told:
        frame.read(call(id=call_id))
    assert told.value.call_id is None


def test_writes_both_kinds_of_replies() -> None:
    assert frame.result(1, None) == {"jsonrpc": "2.0", "result": None, "id": 1}
    told = frame.error("a", code=-32000, message="no", data="why")
    assert told == {
        "jsonrpc": "2.0",
        "error": {"code": -32000, "message": "no", "data": "why"},
        "id": "a",
    }
    assert "data" not in frame.error(1, code=1, message="no")["error"]
