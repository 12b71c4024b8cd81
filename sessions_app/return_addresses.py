"""Where an application's users may be sent back to: addresses in one plain form, compared whole.

Pure rules. What is registered can be read in one way only, by people, browsers and us; what a
request names must be one of these texts, character by character (RFC 9700 §2.1).
"""

import re
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Final

from django.conf import settings

from identity.errors import Invalid
from sessions_app.errors import ReturnRefused

LONGEST: Final = 2000
MOST: Final = 20
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/?&=%+,@!$'()-]+")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}")
_ESCAPE: Final = re.compile(r"%(?![0-9A-F]{2})")
# An escape of a letter, digit, dot or slash is a second spelling of a plain character.
_NEEDLESS: Final = re.compile(r"%(?:2[DEF]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE]|[01]|7F)")
_OURS: Final = frozenset({"code", "state", "error", "error_description", "iss", "response"})
_OWN_PORTS: Final = {"https": ":443", "http": ":80"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


def checked(addresses: Sequence[str]) -> list[str]:
    """The addresses of an application, each in the one form and once. Raises Invalid."""
    if not 1 <= len(addresses) <= MOST:
        raise _invalid(f"Give 1 to {MOST} return addresses.")
    for address in addresses:
        _check(address)
    return list(dict.fromkeys(addresses))


def require_registered(address: str, registered: Sequence[str]) -> None:
    """Raises ReturnRefused unless the address is one of those that were registered, exactly."""
    if address not in registered:
        raise ReturnRefused


def with_answer(address: str, answer: dict[str, str]) -> str:
    """A registered address with the answer in its query (RFC 6749 §4.1.2)."""
    return f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(answer)}"


def origin(address: str) -> str:
    """Scheme, host and port of a registered address, as a content policy names it."""
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def origins(addresses: Iterable[str]) -> frozenset[str]:
    """The origins of registered addresses as browsers write them: without a scheme's own port."""
    found = {origin(address) for address in addresses}
    return frozenset(each.removesuffix(_OWN_PORTS[each.partition(":")[0]]) for each in found)


def _check(address: str) -> None:
    if not 1 <= len(address) <= LONGEST or not _PLAIN.fullmatch(address):
        raise _invalid("A return address is plain ASCII, without fragment, star or backslash.")
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in {"https", "http"}:
        raise _invalid("A return address begins with https://.")
    authority, slash, tail = rest.partition("/")
    if "?" in authority or "@" in authority or not slash:
        raise _invalid("Write the host, a slash and the path; no user name, no password.")
    host = _host(authority)
    if scheme == "http" and (settings.IS_PRODUCTION or host not in _LOOPBACK):
        raise _invalid("Plain http is for this machine in development; give an https address.")
    path, _, query = tail.partition("?")
    _check_path(path)
    _check_query(query)


def _host(authority: str) -> str:
    host, colon, port = authority.partition(":")
    if colon and not (port.isdigit() and port[0] != "0" and int(port) < 65536):
        raise _invalid("The port is a number, or is left out.")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("Write the host in lower case; international names as xn--….")
    # WHATWG URL §3.5: a host that ends in a number is an IPv4 address, however it is spelled.
    if _NUMBER.fullmatch(labels[-1]) and not _IPV4.fullmatch(host):
        raise _invalid("Write an IPv4 address as four decimal numbers.")
    return host


def _check_path(path: str) -> None:
    if _ESCAPE.search(path) or _NEEDLESS.search(path):
        raise _invalid("Write escapes in upper case, and only where they are needed.")
    segments = path.split("/")
    # `..;` is climbed by some servers as `..` is.
    if any(segment.startswith("..") or segment == "." for segment in segments):
        raise _invalid("The path must not climb.")
    if "" in segments[:-1]:
        raise _invalid("The path has an empty part.")


def _check_query(query: str) -> None:
    if "?" in query or _ESCAPE.search(query):
        raise _invalid("The query is not well-formed.")
    names = [name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)]
    if len(set(names)) != len(names) or _OURS & set(names):
        raise _invalid("The query names something twice, or something that the answer names.")


def _invalid(text: str) -> Invalid:
    return Invalid(text, field="return_addresses")
