"""An invitation's link: what is behind its `#`, and the keys that the server adds to it."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256
from identity.crypto.errors import KeyInvalid
from identity.sdk import key_statements
from identity.sdk.errors import BundleInvalid, NoAnswer
from identity.sdk.key_statements import Said

TIMEOUT: Final = 30.0
_SIZE: Final = 113
_PAGE: Final = "/join"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link holds. `base` is the address in front of `/join`, `/v1` and `/request`."""

    base: str
    device: UUID
    one_time_key: ecdsa_p256.PrivateKey = field(repr=False)
    invite_string: str = field(repr=False)
    server_key: ecdsa_p256.PublicKey


def read(url: str) -> Link:
    """Read a link. Raises BundleInvalid."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.path.endswith(_PAGE):
        raise BundleInvalid("This is no link of an invitation.")
    try:
        held = base64.b64decode(parts.fragment + "=", altchars=b"-_", validate=True)
    except ValueError as error:
        raise BundleInvalid("The part behind the # cannot be read.") from error
    if len(held) != _SIZE:
        raise BundleInvalid("The part behind the # is not complete.")
    secret = base64.urlsafe_b64encode(held[48:80]).rstrip(b"=").decode()
    path = parts.path.removesuffix(_PAGE)
    try:
        return Link(
            base=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
            device=UUID(bytes=held[:16]),
            one_time_key=ecdsa_p256.parse_private(held[16:48].hex()),
            invite_string=f"inv_{secret}",
            server_key=ecdsa_p256.parse_public(held[80:].hex()),
        )
    except KeyInvalid as refusal:
        raise BundleInvalid(f"The link cannot be read. {refusal.detail}") from refusal


def server_keys(link: Link, http: httpx.Client) -> Said:
    """The server's present keys, believed because the key in the link signed them.

    Raises NoAnswer and NotGenuine.
    """
    try:
        answer = http.get(f"{link.base}/v1{key_statements.PATH}")
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NoAnswer("The server did not answer.") from error
    return key_statements.read(told, known=(link.server_key,))
