"""Bodies of requests, read within a bound."""

from collections.abc import Mapping
from typing import Any, Final

MOST_BYTES: Final = 1024 * 1024


def read(environ: Mapping[str, Any], stream: Any) -> bytes | None:
    """The body, or None if it is larger than 1 MiB; never reads more than one byte beyond that.

    `stream` is the server's, or Django's, which ends at the announced length. A body in chunks
    (RFC 9112 §7.1) announces none and is read from the server.
    """
    announced = environ.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced) > MOST_BYTES:
        return None
    if "HTTP_TRANSFER_ENCODING" in environ:
        stream = environ["wsgi.input"]
    body: bytes = stream.read(MOST_BYTES + 1)
    return None if len(body) > MOST_BYTES else body
