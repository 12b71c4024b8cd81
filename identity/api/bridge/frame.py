"""The frame of this face's calls: JSON-RPC 2.0 with an id and parameters, one call at a time.

Other than JSON-RPC says, what is no call is told as a parse error in an answer without an id
(specification §3).
"""

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from identity.web import storable

VERSION: Final = "2.0"
_LONGEST_ID: Final = 256
_LONGEST_METHOD: Final = 128

CallId = str | int | float


class Malformed(Exception):
    """What is no call."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `token` is what an envelope may hold in place of a header, "" for nothing.

    `holds_nul`: somewhere in the parameters is a character that no text here may have.
    """

    id: CallId
    method: str
    params: Any = field(repr=False)
    token: str = field(default="", repr=False)
    holds_nul: bool = False


def read(text: bytes | str | None) -> Call:
    """The call in a body or a message; None is one that was too large. Raises Malformed."""
    if text is None:
        raise Malformed
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Malformed from None
    if not isinstance(given, dict) or given.get("jsonrpc") != VERSION or "params" not in given:
        raise Malformed
    method = given.get("method")
    if not isinstance(method, str):
        raise Malformed
    token = given.get("token")
    return Call(
        id=_id(given.get("id")),
        method=method[:_LONGEST_METHOD],
        params=given["params"],
        token=token if isinstance(token, str) else "",
        holds_nul=_may_hold_nul(text) and storable.holds_nul(given["params"]),
    )


def result(call_id: CallId, value: Any) -> dict[str, Any]:
    """The answer to a call that was done."""
    return {"jsonrpc": VERSION, "id": call_id, "result": value}


def refusal(call_id: CallId | None, error: dict[str, Any]) -> dict[str, Any]:
    """The answer to one that was not; without an id where there was no call."""
    if call_id is None:
        return {"jsonrpc": VERSION, "error": error}
    return {"jsonrpc": VERSION, "id": call_id, "error": error}


def _id(value: Any) -> CallId:
    if isinstance(value, str) and len(value) <= _LONGEST_ID:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise Malformed


def _may_hold_nul(text: bytes | str) -> bool:
    # In JSON the character can only be written as an escape: usually one search tells.
    if isinstance(text, str):
        return "\\u0000" in text
    return b"\\u0000" in text
