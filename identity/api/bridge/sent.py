"""What matters of an HTTP request here, whoever carried it: the fast lane, Django or a socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from identity.web import bodies, client_ip, scope_resolution
from sessions_app.services.sessions import Origin


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; `target` is its path as it was asked for, with its query.

    `body` is None when it was larger than allowed. What comes over a socket has no `authorization`
    and an empty body: its messages are calls by themselves.
    """

    method: str
    target: str
    authorization: str = field(repr=False)
    origin: str
    body: bytes | None = field(repr=False)
    address: str
    user_agent: str
    named: scope_resolution.Named

    @property
    def origin_of_tokens(self) -> Origin:
        """Who holds the tokens that this request asks for."""
        return Origin(address=self.address, user_agent=self.user_agent)


def of_environ(environ: Mapping[str, Any], stream: Any) -> Sent:
    """A request from its WSGI environment, or from Django's `request.META`."""
    query = environ.get("QUERY_STRING", "")
    path: str = environ.get("PATH_INFO") or "/"
    return Sent(
        method=environ["REQUEST_METHOD"],
        target=f"{path}?{query}" if query else path,
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        origin=environ.get("HTTP_ORIGIN", ""),
        body=bodies.read(environ, stream),
        address=client_ip.of(environ),
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        named=scope_resolution.of_environ(environ),
    )


def of_socket(
    *,
    path: str,
    address: str,
    named: scope_resolution.Named,
    origin: str = "",
    user_agent: str = "",
) -> Sent:
    """What is known of the opening of a web socket, for every message that comes over it."""
    return Sent("POST", path, "", origin, b"", address, user_agent, named)
