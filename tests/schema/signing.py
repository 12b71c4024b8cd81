"""What schemathesis needs of us: each request signed anew, and our own account left alone.

SCHEMA_SESSION names the file with the device's session. Loaded by SCHEMATHESIS_HOOKS.
"""

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

import requests
import schemathesis

from identity import sdk
from identity.crypto import http_signatures

SESSION: Final = sdk.Session.from_json(json.loads(Path(os.environ["SCHEMA_SESSION"]).read_text()))
# Whoever ends their own account has nothing more to ask.
OURS: Final = {SESSION.user_id, str(SESSION.device)}
LONGEST_KEY: Final = 100
LONGEST_CURSOR: Final = 4096
ENDING: Final = {"POST", "PUT", "PATCH", "DELETE"}


class Signed(requests.auth.AuthBase):
    """Signs what is really sent, with a fresh nonce."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body: Any = request.body or b""
        content: bytes = body.encode() if isinstance(body, str) else body
        present = {name.lower(): str(value) for name, value in request.headers.items()}
        # Each request is an intention of its own; repeats have their tests elsewhere.
        key = present.get("idempotency-key", "")
        if 1 <= len(key) <= LONGEST_KEY:
            present["idempotency-key"] = f"{key}{secrets.token_hex(8)}"
            request.headers["Idempotency-Key"] = present["idempotency-key"]
        bound: dict[str, str] = {
            name: present[name] for name in http_signatures.BOUND if name in present
        }
        sent = http_signatures.Request(str(request.method), str(request.url), bound, content)
        signer, device = SESSION.keys.signature, str(SESSION.device)
        headers = http_signatures.sign_request(sent, signer, key_id=device, now=int(time.time()))
        request.headers.update(headers)
        return request


schemathesis.auth.set_from_requests(Signed())  # type: ignore[attr-defined]


@schemathesis.hook
def filter_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> bool:
    is_change = context.operation.method.upper() in ENDING
    return not (is_change and OURS & {str(value) for value in (path_parameters or {}).values()})


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    # Cursors are opaque: most made-up ones would hide what else is asked for.
    after = (query or {}).get("after")
    is_plausible = isinstance(after, str) and 1 < len(after) <= LONGEST_CURSOR
    if query is None or not is_plausible:
        return query
    return {name: value for name, value in query.items() if name != "after"}
