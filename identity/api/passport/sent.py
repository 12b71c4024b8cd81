"""What matters of an HTTP request here, whoever carried it: the fast lane or Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from identity.web import bodies, client_ip, scope_resolution

SCOPE_ID: Final = "x-scope-id"
WRAPPED_KEY: Final = "x-encrypted-key"
USER: Final = "x-encrypted-user"
SESSION: Final = "x-encrypted-session"
OLD_SESSION: Final = "x-session"
"""What clients of version 1.0.0 send instead."""
KEY_SIGNATURE: Final = "x-encrypted-key-signature"
DIRECT_PASSKEY: Final = "x-encrypted-webauthn-signature"
OF_FACE: Final = (
    SCOPE_ID,
    WRAPPED_KEY,
    USER,
    SESSION,
    OLD_SESSION,
    KEY_SIGNATURE,
    DIRECT_PASSKEY,
)
_READ: Final = (*OF_FACE, "origin", "user-agent", "access-control-request-method")
_IN_ENVIRON: Final = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in _READ)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request. `headers` are by lower-case names, and only those that this face reads.

    `body` is None when it was larger than allowed.
    """

    method: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    address: str
    named: scope_resolution.Named

    @property
    def origin(self) -> str:
        """The origin of the page whose script sent this; "" for programs."""
        return self.headers.get("origin", "")

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.headers.get("user-agent", "")


def of_environ(environ: Mapping[str, Any], stream: Any) -> Sent:
    """A request from its WSGI environment, or from Django's `request.META`."""
    return Sent(
        method=environ["REQUEST_METHOD"],
        headers={name: environ[key] for name, key in _IN_ENVIRON if environ.get(key)},
        body=bodies.read(environ, stream),
        address=client_ip.of(environ),
        named=scope_resolution.of_environ(environ),
    )
