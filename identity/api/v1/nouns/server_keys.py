"""Server keys: what a scope signs with, and what clients encrypt to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from identity import queries as ground
from identity.api.v1 import route, shapes
from identity.api.v1.route import OPEN, Asked, Change
from identity.api.v1.shapes import Items, Shown
from identity.services import attestations


class ServerKey(Shown, frozen=True):
    """The public half of a key: an RSA key in PEM, or a compressed P-256 point in hex."""

    kid: str
    purpose: str
    public: str
    status: str
    activated_at: datetime
    expires_at: datetime | None


class NewServerKey(Shown, frozen=True):
    """The key that is active from now on."""

    kid: str
    purpose: str
    public: str
    activated_at: datetime


class KeyStatements(Shown, frozen=True):
    """COSE_Sign1 in base64, one by each signature key of the scope that is still of use.

    Each says the same: the scope's id and its present keys. Who knows one of the signing keys may
    believe it.
    """

    statements: Sequence[str]


@route.act(
    "GET",
    "/server-keys",
    "server-keys:get",
    "server_keys_list",
    "The keys of the scope that are of use now",
    shows=Items[ServerKey],
)
def server_keys(asked: Asked) -> Items[ServerKey]:
    """Active ones first, the newest first."""
    rows = ground.server_keys(now=asked.now)
    return Items(items=[shapes.of_row(ServerKey, row) for row in rows], next=None)


@route.act(
    "GET",
    "/server-keys/statements",
    OPEN,
    "server_keys_statements",
    "The scope's own word for its present keys",
    shows=KeyStatements,
)
def statements(asked: Asked) -> KeyStatements:
    """For clients that know a key of the scope, be it an older one."""
    made = attestations.present_keys(now=asked.now)
    return KeyStatements(statements=[shapes.encoded(each) for each in made])


ROUTES: Final = (
    server_keys,
    statements,
    route.change(
        "POST",
        "/server-keys/{purpose}/rotation",
        "server-keys:edit",
        "server_keys_rotate",
        "Make a new key; the one before stays of use for 90 days",
        Change("server-key.rotate", shapes.part("server_key", NewServerKey)),
        shows=NewServerKey,
    ),
)
