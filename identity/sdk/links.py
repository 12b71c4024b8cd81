"""An invitation's link: what is behind its `#`, and the keys that the server adds to it."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256, evidence
from identity.crypto.errors import KeyInvalid
from identity.sdk.errors import BundleInvalid, NoAnswer

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


def server_keys(link: Link, http: httpx.Client) -> tuple[str, ecdsa_p256.PublicKey]:
    """The server's encryption key (PEM in base64) and its newest signature key.

    They are believed because the key in the link signed them. Raises NoAnswer, also where the
    server says that the invitation is not valid.
    """
    asked = {"invite_string": link.invite_string}
    try:
        answer = http.post(f"{link.base}/v1/invitations/lookup", json=asked)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NoAnswer("The server did not answer.") from error
    if not isinstance(told, dict) or "key_statements" not in told:
        title = told.get("title") if isinstance(told, dict) else None
        raise NoAnswer(str(title or "The server does not describe the invitation."))
    return _believed(link, told["key_statements"])


def _believed(link: Link, statements: Any) -> tuple[str, ecdsa_p256.PublicKey]:
    for statement in statements if isinstance(statements, list) else []:
        try:
            payload = evidence.verify_attested(
                base64.b64decode(str(statement)),
                evidence.SERVER_KEYS_TYPE,
                server_keys=[link.server_key.hex],
            )
            said = json.loads(payload)
            return str(said["encryption"]), ecdsa_p256.parse_public(str(said["signature"]))
        except (evidence.EvidenceInvalid, ValueError, KeyError, TypeError, KeyInvalid):
            continue
    raise NoAnswer("The server's keys are not signed by the key in the link.")
