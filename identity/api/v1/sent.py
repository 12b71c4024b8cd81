"""What matters of an HTTP request here, whoever carried it: the fast lane or Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest

from identity.web import addresses, bodies, client_ip, scope_resolution

ROOT: Final = "/v1"
SIGNED: Final = frozenset({"signature", "signature-input"})
_HEADERS: Final = (
    *("accept", "accept-signature", "authorization"),
    *("content-digest", "content-encoding", "content-type"),
    *("idempotency-key", "if-match", "if-none-match", "signature", "signature-input", "x-scope-id"),
    *("cookie", "user-agent", "origin", "access-control-request-method"),
)
_IN_ENVIRON: Final = tuple(
    (name, "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}")
    for name in _HEADERS
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; `path` is the one behind `/v1`, `prefix` what stands in front of `/v1`.

    `headers` are by lower-case names and only those that this face reads. `body` is None when it
    was larger than allowed. `http` is absent in the fast lane, which has no sessions.
    """

    method: str
    path: str
    prefix: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    address: str
    named: scope_resolution.Named
    environ: Mapping[str, Any] = field(repr=False)
    http: HttpRequest | None = None

    @property
    def target_uri(self) -> str:
        """The absolute address as the sender wrote it; see `addresses`."""
        return addresses.target_uri(self.environ)

    @property
    def is_signed(self) -> bool:
        """Whether it claims to be signed; then nothing but the signature counts."""
        return not SIGNED.isdisjoint(self.headers)

    @property
    def bearer(self) -> str | None:
        """The token behind `Authorization: Bearer` (RFC 6750 §2.1), None without one."""
        return bearer_in(self.headers.get("authorization", ""))

    @property
    def basic(self) -> str | None:
        """What stands behind `Authorization: Basic` (RFC 7617), None without one."""
        scheme, _, text = self.headers.get("authorization", "").partition(" ")
        return text.strip() if scheme.lower() == "basic" else None


def is_token(authorization: str) -> bool:
    """Whether such a header is one that programs send."""
    return authorization.partition(" ")[0].lower() in {"basic", "bearer"}


def bearer_in(authorization: str) -> str | None:
    """The token of such a header, which may be empty; the scheme's name has no case."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def of_environ(environ: Mapping[str, Any]) -> Sent:
    """A request in the fast lane."""
    return _sent(environ, environ["wsgi.input"], None)


def of_http(http: HttpRequest) -> Sent:
    """A request that Django carries."""
    return _sent(http.META, http, http)


def _sent(environ: Mapping[str, Any], stream: Any, http: HttpRequest | None) -> Sent:
    named = scope_resolution.of_environ(environ)
    given = {name: environ[key] for name, key in _IN_ENVIRON if environ.get(key)}
    return Sent(
        method=environ["REQUEST_METHOD"],
        path=named.path[len(ROOT) :],
        prefix=f"{scope_resolution.PREFIX}{named.slug}" if named.slug else "",
        query=environ.get("QUERY_STRING", ""),
        headers=given,
        body=bodies.read(environ, stream),
        address=client_ip.of(environ),
        named=named,
        environ=environ,
        http=http,
    )
