"""What matters of an HTTP request here, whoever carried it: the fast lane or Django."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from identity.errors import Invalid
from identity.web import bodies, client_ip, scope_resolution

MOUNT: Final = "/api/v1"
"""Where clients of the original expect it; the same paths answer without it."""
ROOTS: Final = ("accounts", "demo", "profiles", "tasks")
SHAPE: Final = re.compile(rf"(?:{MOUNT})?(/(?:{'|'.join(ROOTS)})(?:/.*)?)")
MOST_PARAMETERS: Final = 16


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; `path` begins with one of `ROOTS`, whatever it was mounted under.

    `body` is None when it was larger than allowed.
    """

    method: str
    path: str
    query_text: str
    authorization: str = field(repr=False)
    user_agent: str
    media_type: str
    body: bytes | None = field(repr=False)
    address: str
    named: scope_resolution.Named

    def query(self) -> Mapping[str, str]:
        """The parameters. Raises Invalid where one is there twice or they can't be read."""
        fault = "The part behind the question mark can't be read."
        try:
            pairs = parse_qsl(
                self.query_text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS
            )
        except ValueError:
            raise Invalid(fault) from None
        given = dict(pairs)
        if len(given) != len(pairs):
            raise Invalid("A parameter is there twice.")
        return given


def path_of(path: str) -> str:
    """The path behind the mount, without a slash at its end; "" where it is not of this face."""
    found = SHAPE.fullmatch(path)
    return found[1].rstrip("/") if found else ""


def of_environ(environ: Mapping[str, Any], stream: Any) -> Sent:
    """A request from its WSGI environment, or from Django's `request.META`."""
    named = scope_resolution.of_environ(environ)
    return Sent(
        method=environ["REQUEST_METHOD"],
        path=path_of(named.path),
        query_text=environ.get("QUERY_STRING", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        media_type=environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower(),
        body=bodies.read(environ, stream),
        address=client_ip.of(environ),
        named=named,
    )
