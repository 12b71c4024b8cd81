"""Calls of a lambda to the outside: to hosts of the scope's list alone, whatever a value says."""

import re
import urllib.parse
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from accounts import errors
from accounts.lambdas import templates
from accounts.lambdas.templates import Given
from identity.errors import Invalid
from identity.services import outside
from identity.services.outside import AddressRefused

if TYPE_CHECKING:  # the configuration asks this module about its calls
    from accounts.lambdas.config import Fetch

MOST_HEADERS: Final = 16
MOST_BODY: Final = 16 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
# What frames a message, names its receiver or is for one hop alone (RFC 9110 §7.6.1, RFC 9112).
_NOT_OURS_TO_SET: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"),
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call, ready to be made."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    body: bytes = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Whether the other side says that it did what it was asked."""
        return 200 <= self.status < 300

    @property
    def output(self) -> Any:
        """The body as JSON if it is some, else as text. Raises LambdaFailed for neither."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise errors.LambdaFailed from None


Call = Callable[[Request], Answer]
"""Makes a call. Raises `accounts.errors.LambdaFailed`, and LambdaUnavailable if it can't now."""


def require_callable(fetch: "Fetch", *, hosts: Collection[str]) -> None:
    """Refuse a call that could never be made. Raises `identity.errors.Invalid`, AddressRefused."""
    origin, rest = _split(fetch.endpoint)
    # A host that a value could choose would be no host of the list.
    if templates.PLACEHOLDER.search(origin):
        raise _invalid("a placeholder stands in the path or the query of an endpoint only.")
    # Whatever a value says, what stands around it stays as it is.
    require_listed(
        origin + (templates.PLACEHOLDER.sub("0", rest) if fetch.substitution else rest), hosts
    )
    if len(fetch.headers) > MOST_HEADERS:
        raise _invalid(f"a call has at most {MOST_HEADERS} headers.")
    for name, value in fetch.headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _NOT_OURS_TO_SET:
            raise _invalid(f"{name[:64]!r} is no header that a lambda may set.")
        if not value.isascii() or not value.isprintable():
            raise _invalid("a header's value is printable ASCII.")
    if fetch.protocol == "GET" and fetch.body:
        raise _invalid("a call by GET has no body.")


def made(fetch: "Fetch", given: Given, *, hosts: Collection[str]) -> Request:
    """The call with the values filled in. Raises LambdaFailed for what must not be called."""
    origin, rest = _split(fetch.endpoint)
    headers, body = dict(fetch.headers), fetch.body
    if fetch.substitution:
        rest = templates.in_address(rest, given)
        headers = {name: templates.in_header(value, given) for name, value in headers.items()}
        body = templates.in_json(body, given)
    url = origin + rest
    try:
        require_listed(url, hosts)
    except AddressRefused:
        raise errors.LambdaFailed from None
    data = templates.written(body) if body else b""
    if len(data) > MOST_BODY:
        raise errors.LambdaFailed
    if data and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    return Request(fetch.protocol, url, headers, data)


def host_of(endpoint: str) -> str:
    """The host of an endpoint that was judged before."""
    origin, _ = _split(endpoint)
    return urllib.parse.urlsplit(origin).hostname or ""


def require_listed(url: str, hosts: Collection[str]) -> None:
    """Refuse a host that is not on the scope's list, or never called. Raises AddressRefused."""
    found = outside.parse(url, outside.guard())
    if found.host not in hosts:
        raise AddressRefused(
            "This host is not on the scope's list of what lambdas may call (setting lambda_hosts)."
        )


def _split(endpoint: str) -> tuple[str, str]:
    """Scheme and authority, and what follows them: from the first slash or question mark on."""
    scheme, colon, after = endpoint.partition("://")
    if not colon:
        raise _invalid("an endpoint begins with https://.")
    end = re.search(r"[/?#\\]", after)
    cut = end.start() if end else len(after)
    return f"{scheme}://{after[:cut]}", after[cut:] or "/"


def _invalid(fault: str) -> Invalid:
    return Invalid(f"config: {fault}", field="config")
