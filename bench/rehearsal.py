"""One request through our own application in this process, to write down what it asks for."""

import io
import json
from typing import Any

from bench.tape import Sent


def answered(sent: Sent) -> bytes:
    """The answer to a bare request; it must succeed."""
    from identity.wsgi import application

    path, _, query = sent.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(sent.body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers.items():
        plain = name.upper().replace("-", "_")
        environ[plain if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value
    told: list[str] = []

    def start(status: str, *_: Any) -> Any:
        told.append(status)
        return told.append

    body = b"".join(application(environ, start))
    if not told[0].startswith("2") or is_error(body):
        raise RuntimeError(
            f"{sent.method} {sent.path} was refused in the recording: {told[0]} {body[:300]!r}"
        )
    return body


def is_error(body: bytes) -> bool:
    """Whether an answer is an error of JSON-RPC, which HTTP calls a success."""
    return b'"jsonrpc"' in body and b'"error"' in body and "error" in json.loads(body)
