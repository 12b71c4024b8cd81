"""The frame of JSON-RPC 2.0: one call in, one reply out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

VERSION: Final = "2.0"
PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602

CallId = str | int | float | None
_LONGEST_ID: Final = 256


class Malformed(Exception):
    """JSON that is no call; `call_id` is what it named itself, if that can be told."""

    def __init__(self, call_id: CallId = None, *, text: str = "Invalid Request") -> None:
        super().__init__(text)
        self.call_id = call_id


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `params` are a list or an object, and an empty list where there are none."""

    id: CallId
    method: str
    params: Mapping[str, Any] | list[Any] = field(repr=False)


def read(given: Mapping[str, Any]) -> Call:
    """The call in an object (JSON-RPC 2.0 §4). Raises Malformed, also for a call without an id.

    Nobody would learn what became of a call without an id (§4.1), so there are none here.
    """
    call_id = given.get("id")
    is_id = isinstance(call_id, str | int | float) and not isinstance(call_id, bool)
    if not is_id or (isinstance(call_id, str) and len(call_id) > _LONGEST_ID):
        raise Malformed
    method, params = given.get("method"), given.get("params")
    if given.get("jsonrpc") != VERSION or not isinstance(method, str):
        raise Malformed(call_id)
    # Some clients write null where there are no parameters, others leave them out.
    params = [] if params is None else params
    if not isinstance(params, list | dict):
        raise Malformed(call_id)
    return Call(call_id, method, params)


def refuse_batch(body: bytes) -> None:
    """Raise Malformed for an array, which is a batch (§6), and nothing for any other text."""
    try:
        is_batch = isinstance(orjson.loads(body), list)
    except orjson.JSONDecodeError:
        return
    if is_batch:
        raise Malformed(text="Invalid Request: there are no batches here, send one call at a time")


def result(call_id: CallId, value: Any) -> dict[str, Any]:
    """The reply of a call that succeeded."""
    return {"jsonrpc": VERSION, "result": value, "id": call_id}


def error(call_id: CallId, *, code: int, message: str, data: Any = None) -> dict[str, Any]:
    """The reply of a call that was refused (§5.1)."""
    told = {"code": code, "message": message}
    if data is not None:
        told["data"] = data
    return {"jsonrpc": VERSION, "error": told, "id": call_id}
