"""Host names in the one form in which they are stored and looked up."""

import functools
import ipaddress
import re
from typing import Final

from identity.services import refusals

LONGEST: Final = 253
_OWN: Final = "localhost"
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def normalised(host: str) -> str:
    """A DNS name in lower case, without port and without the dot at the end.

    International names are given as A-labels (`xn--…`, RFC 5890 §2.3.2.1), which is what clients
    send. Raises HostInvalid for anything else: an address, a port, a wildcard, and `localhost`,
    which is every machine's own (RFC 6761 §6.3).
    """
    name = host.strip().removesuffix(".").lower()
    if not name or len(name) > LONGEST or name == _OWN or _is_address(name):
        raise refusals.HostInvalid("Give a DNS name without a port, international ones as xn--….")
    if not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise refusals.HostInvalid("Give a DNS name without a port, international ones as xn--….")
    return name


def of_header(header: str) -> str:
    """The host in a request's Host header (RFC 9110 §7.2), in the form that is looked up.

    An empty text, which no scope has, for what is not a DNS name: nobody can mend a header.
    """
    # A header longer than a name with a port is not worth remembering.
    return _of_header(header) if len(header) <= LONGEST + len(".:65535") else ""


@functools.lru_cache(maxsize=1024)
def _of_header(header: str) -> str:
    host, _, port = header.partition(":")
    if port and not port.isdecimal():
        return ""
    try:
        return normalised(host)
    except refusals.HostInvalid:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
