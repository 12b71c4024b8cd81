"""What limits by address count by: who can easily change from one address to the next."""

import functools
import ipaddress


@functools.lru_cache(maxsize=4096)
def of(address: str) -> str:
    """An IPv4 address itself, or the /64 that one IPv6 subscriber has whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))
