"""Which addresses outside may be called: the form of a URL, its port, and the network address.

Pure rules. `identity.web.fetcher` is the one that calls, and asks them again for each address that
a name leads to.
"""

import ipaddress
import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from identity.errors import DomainError, Kind

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL: Final = 2048
_PORTS: Final = {"https": 443, "http": 80}
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# WHATWG URL §3.5: a host that ends in a number is an IPv4 address, however it is spelled.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRINTABLE: Final = re.compile(r"[!-~]+")

# What `is_global` lets through or has let through in one release of Python or another.
_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",  # between carriers and customers (RFC 6598)
            "192.0.0.0/24",  # protocol assignments (RFC 6890)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "240.0.0.0/4",
            "2001::/23",  # Teredo, ORCHID and other assignments (RFC 6890)
            "2002::/16",  # 6to4: an IPv4 address inside (RFC 3056)
        ),
    )
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# The well-known prefix of NAT64 (RFC 6052 §2.1): the last 32 bits are an IPv4 address.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(DomainError):
    """A URL, a port or a network address that this deployment does not call."""

    kind = Kind.INVALID
    code = "address.refused"
    title = "This address is not called from here."


@dataclass(frozen=True, slots=True)
class Guard:
    """What a deployment allows besides public addresses by https.

    `networks` and `hosts` may be called although they are private; `ports` empty means any.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset({443})
    is_http_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart: `host` is lower-case ASCII, `target` the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port: what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def guard() -> Guard:
    """The guard that the settings describe."""
    return Guard(
        networks=networks(settings.FETCH_ALLOW),
        hosts=frozenset(text.lower() for text in settings.FETCH_ALLOW if not _network(text)),
        ports=frozenset(settings.FETCH_PORTS),
        is_http_allowed=settings.FETCH_HTTP,
    )


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Those of the texts that are networks (`10.0.0.0/8`) or addresses."""
    return tuple(network for text in texts if (network := _network(text)))


def parse(url: str, guard: Guard) -> Destination:
    """Take a URL apart, as strictly as one can. Raises AddressRefused, which quotes nothing.

    No user information, no fragment, no white space or control characters (which Python's parser
    would silently drop), no backslash, only ASCII: international names are given as `xn--…`.
    """
    if "\\" in url:
        raise AddressRefused("The URL must hold no backslash: write / in its place.")
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        raise AddressRefused(f"Give a URL of at most {LONGEST_URL} printable ASCII characters.")
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("This is not a URL.") from None
    if parts.scheme not in _PORTS:
        raise AddressRefused("Give a URL that begins with https://.")
    if parts.scheme == "http" and not guard.is_http_allowed:
        raise AddressRefused("Plain http is not allowed here: give a URL with https.")
    if "@" in parts.netloc or "#" in url:
        raise AddressRefused("The URL must hold no user name, no password and no fragment.")
    if parts.netloc.endswith(":"):
        raise AddressRefused("The URL has a colon and no port.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    destination = Destination(
        parts.scheme, _host(host), _PORTS[parts.scheme] if port is None else port, target
    )
    _check(destination, guard)
    return destination


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, in whatever form it is written.

    IPv6 forms that carry an IPv4 address (mapped, NAT64) are judged by it; 6to4 and Teredo are
    refused, since what is behind them can't be told.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.scope_id or address not in _GLOBAL_UNICAST:
            return False
    if address.is_multicast or not address.is_global:
        return False
    return not any(address in network for network in _NEVER if network.version == address.version)


def check_address(address: Address, destination: Destination, guard: Guard) -> None:
    """Raise AddressRefused unless this address may be called for this destination."""
    if destination.host in guard.hosts or is_public(address):
        return
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    seen = mapped or address
    if any(seen in network for network in guard.networks if network.version == seen.version):
        return
    raise AddressRefused("The name leads to an address that is not public.")


def _check(destination: Destination, guard: Guard) -> None:
    if guard.ports and destination.port not in guard.ports:
        raise AddressRefused(f"Port {destination.port} is not called from here.")
    literal = _literal(destination.host)
    if literal is not None:
        check_address(literal, destination, guard)
    elif destination.host in guard.hosts:
        return
    elif destination.host == "localhost" or destination.host.endswith(".localhost"):
        # RFC 6761 §6.3: these names always mean this machine.
        check_address(ipaddress.IPv4Address("127.0.0.1"), destination, guard)


def _host(host: str) -> str:
    if _literal(host) is not None:
        return host
    name = host.lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("Give a DNS name without a dot at its end, or an IP address.")
    if _NUMBER.fullmatch(labels[-1]):
        raise AddressRefused("Write an IPv4 address as four decimal numbers.")
    return name


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
