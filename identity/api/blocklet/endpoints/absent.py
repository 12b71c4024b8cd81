"""What this server does not do, told with a code of its own so that clients can tell it apart."""

from typing import Final

from identity.api.blocklet.route import OPEN, Asked, Route
from identity.errors import NotSupported
from identity.web.lane import Answer

_ELSEWHERE: Final = "This server does not offer it; /v1 has an act for most of what it did."


def absent(_: Asked) -> Answer:
    """Raises NotSupported."""
    raise NotSupported(_ELSEWHERE)


_PATHS: Final = (
    # Profiles in a storage of the user's own.
    ("GET", "/api/user/spaceHosts"),
    ("PUT", "/api/user/updateDidSpace"),
    # Organisations.
    ("GET", "/api/user/orgs"),
    ("POST", "/api/user/orgs"),
    ("GET", "/api/user/orgs/{org}"),
    ("POST", "/api/user/orgs/{org}/resources"),
    ("PUT", "/api/user/orgs/{org}/resources"),
    # GraphQL.
    ("POST", "/api/gql"),
    # Servers that start applications for others.
    ("POST", "/api/user/loginByLauncher"),
    # Applications that share their users, beyond telling that there are none.
    ("GET", "/api/federated/{act}"),
    ("POST", "/api/federated/{act}"),
)

ROUTES: Final = tuple(Route(method, path, OPEN, absent) for method, path in _PATHS)
