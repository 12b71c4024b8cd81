"""The caller's side of JSON-RPC 2.0: a call is written, and what comes back is judged strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from identity.rpc.frame import VERSION

LONGEST_MESSAGE: Final = 200


class Nonsense(Exception):
    """What came back is no reply to this call. The text says what is wrong and quotes nothing."""


@dataclass(frozen=True)
class Refusal(Exception):
    """The other side refused the call: its `code`, and its message, shortened and printable."""

    code: int
    message: str


def written(call_id: str, method: str, params: Mapping[str, Any]) -> bytes:
    """One call as it is sent."""
    call = {"jsonrpc": VERSION, "id": call_id, "method": method, "params": params}
    return orjson.dumps(call)


def judged(body: bytes, *, call_id: str) -> Any:
    """The result in the reply to the call of this id (JSON-RPC 2.0 §5).

    Raises Refusal for an error object, Nonsense for everything that is not exactly a reply: no
    JSON, another id, another version, a result beside an error, or neither.
    """
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Nonsense("The answer is not JSON.") from None
    if not isinstance(reply, dict) or reply.get("jsonrpc") != VERSION:
        raise Nonsense("The answer is no JSON-RPC 2.0.")
    if ("result" in reply) == ("error" in reply):
        raise Nonsense("The answer has not exactly one of result and error.")
    if "error" in reply:
        refusal = _refusal(reply["error"])
        # Who could not read the call can't say which one it was (§5).
        is_nameless = reply.get("id") is None
        if not is_nameless and reply["id"] != call_id:
            raise Nonsense("The answer is to another call.")
        raise refusal
    if reply.get("id") != call_id or not isinstance(reply.get("id"), str):
        raise Nonsense("The answer is to another call.")
    return reply["result"]


def _refusal(error: Any) -> Refusal:
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, 0)
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(message, str):
        raise Nonsense("The error in the answer is no error object.")
    plain = "".join(sign if sign.isprintable() else " " for sign in message[:LONGEST_MESSAGE])
    return Refusal(code, plain)
