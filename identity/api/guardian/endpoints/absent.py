"""What this server does not do, told with a status of its own so that clients can tell it apart."""

from typing import Final

from identity.api.guardian.route import SELF, Asked, Route
from identity.errors import NotSupported
from identity.web.lane import Answer


def absent(_: Asked) -> Answer:
    """Raises NotSupported."""
    raise NotSupported


_PATHS: Final = (
    # What was written to the ledger before is not read back into accounts.
    ("PUT", "/profiles/restore/{username}"),
    ("PUT", "/profiles/restore/topics/{username}"),
    # Keys of messages of policies, which there are none of.
    ("GET", "/profiles/keys"),
    ("POST", "/profiles/keys"),
    ("DELETE", "/profiles/keys/{id}"),
)

ROUTES: Final = tuple(Route(method, path, SELF, absent) for method, path in _PATHS)
