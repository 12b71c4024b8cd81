"""Tests of the addresses at which users want to be notified; a task sends them."""

from collections.abc import Callable

from identity.services import outside

Queue = Callable[[str, str], object]

queues: list[Queue] = []
"""Called with address and kind. Added at start."""


def request(*, url: str, kind: str) -> None:
    """Have a test sent. Raises `identity.services.outside.AddressRefused`."""
    require_callable(url)
    for queue in queues:
        queue(url, kind)


def require_callable(url: str) -> None:
    """Refuse an address that this server never calls. Raises AddressRefused."""
    outside.parse(url, outside.guard())
