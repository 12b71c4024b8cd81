"""What matters of an HTTP request here, whoever carried it: the fast lane or Django."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from django.http import parse_cookie

from identity.errors import Invalid
from identity.web import bodies, client_ip, scope_resolution

ROOT: Final = "/.well-known/service"
MOST_PARAMETERS: Final = 64
LONGEST_LABEL: Final = 80
_BLANK: Final = " \t"
# What the value of a header may hold (RFC 9110 §5.5), as texts have it (PEP 3333).
_FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# `x-blocklet-did` is a gateway's word to the server behind it: from outside nobody reads it.
_HEADERS: Final = (
    *("accept-language", "authorization", "host", "origin", "referer", "sec-fetch-site"),
    *("user-agent", "x-avatar-host", "x-blocklet-component-id", "x-blocklet-sig"),
    *("x-blocklet-sig-exp", "x-blocklet-sig-iat", "x-blocklet-sig-pk", "x-blocklet-visitor-id"),
    *("x-csrf-token", "x-did-connect-version", "x-path-prefix"),
    *("x-access-key-id", "x-access-signature", "x-access-stamp"),
)
_IN_ENVIRON: Final = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in _HEADERS)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; `path` is the one behind the root, `prefix` what stands in front of the root.

    What pages ask at the application's own address (`__blocklet__.js`) has no root in front of it.

    `headers` are by lower-case names and only those that this face reads. `body` is None when it
    was larger than allowed.
    """

    method: str
    path: str
    prefix: str
    query_text: str
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    media_type: str
    body: bytes | None = field(repr=False)
    address: str
    named: scope_resolution.Named

    @property
    def base(self) -> str:
        """The root as this request called it."""
        return self.prefix + ROOT

    @property
    def visitor(self) -> str:
        """The label that the browser gave itself; no secret and no proof of anything."""
        return kept_label(self.headers.get("x-blocklet-visitor-id", ""))

    def new_visitor(self, in_body: str = "") -> str:
        """The label of a session that begins: that of the body, the header's, or one of ours.

        Raises Invalid for what no header can carry: its session could never be renewed.
        """
        if not _FIELD_VALUE.fullmatch(in_body):
            raise Invalid('"visitorId" must be a text that a header can carry')
        return kept_label(in_body) or self.visitor or str(uuid.uuid4())

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.headers.get("user-agent", "")

    def query(self) -> Mapping[str, str]:
        """The parameters. Raises Invalid where one is there twice or they can't be read."""
        return _pairs(self.query_text, "The part behind the question mark can't be read.")

    def form(self) -> Mapping[str, str]:
        """The body as a form. Raises Invalid as `query` does."""
        fault = "This form can't be read."
        try:
            text = (self.body or b"").decode("ascii")
        except UnicodeDecodeError:
            raise Invalid(fault) from None
        return _pairs(text, fault)


def kept_label(text: str) -> str:
    """As much of a label as counts, wherever it stands: the same when it is sent as we tell it."""
    return text.strip(_BLANK)[:LONGEST_LABEL].rstrip(_BLANK)


def _pairs(text: str, fault: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Invalid(fault) from None
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Invalid("A parameter is there twice.")
    return given


def of_environ(environ: Mapping[str, Any], stream: Any) -> Sent:
    """A request from its WSGI environment, or from Django's `request.META`."""
    named = scope_resolution.of_environ(environ)
    return Sent(
        method=environ["REQUEST_METHOD"],
        path=named.path.removeprefix(ROOT),
        prefix=f"{scope_resolution.PREFIX}{named.slug}" if named.slug else "",
        query_text=environ.get("QUERY_STRING", ""),
        headers={name: environ[key] for name, key in _IN_ENVIRON if environ.get(key)},
        cookies=parse_cookie(environ.get("HTTP_COOKIE", "")),
        media_type=environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower(),
        body=bodies.read(environ, stream),
        address=client_ip.of(environ),
        named=named,
    )
