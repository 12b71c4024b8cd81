"""The word of a developer: a signature by a registered key over the encrypted name of a user."""

import base64
import binascii
from typing import Any, Final

from identity.api.passport import inputs
from identity.api.passport.route import Asked
from identity.crypto import ecdsa_p256
from identity.errors import DomainError, Unauthenticated
from identity.services import developer_keys
from identity.services.developer_keys import KnownKey

_KIND: Final = "key"
_ALGORITHM: Final = "SHA256"
_MOST_SIGNATURE: Final = 128


def verified(asked: Asked, sealed: str, *, expected_data: str) -> KnownKey:
    """The registered key that signed this very cipher text (specification §5).

    An unknown key costs as much as a wrong signature. Raises DecryptionFailed, and Unauthenticated
    for every other cause.
    """
    assertion = inputs.opened(asked.channel, sealed)
    is_in_form = assertion.get("kind") == _KIND and assertion.get("algorithm") == _ALGORITHM
    key = _named(assertion.get("id"))
    public = key.public if key else ecdsa_p256.DUMMY
    try:
        ecdsa_p256.verify_der(public, _signature(assertion), expected_data.encode())
    except DomainError:
        raise Unauthenticated from None
    is_about_this = expected_data and assertion.get("clientData") == expected_data
    if key is None or not is_in_form or not is_about_this:
        raise Unauthenticated
    developer_keys.note_used(key, now=asked.now)
    return key


def _named(text: Any) -> KnownKey | None:
    """The registered key of this SPKI; curve and algorithm are those of our row."""
    if not isinstance(text, str):
        return None
    try:
        return developer_keys.known(developer_keys.parsed(text))
    except DomainError:
        return None


def _signature(assertion: dict[str, Any]) -> bytes:
    text = assertion.get("signature")
    if not isinstance(text, str) or len(text) > _MOST_SIGNATURE:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
