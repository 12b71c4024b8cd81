"""Random tokens that are shown once and stored as a digest."""

import base64
import hashlib
import hmac
import os
import re

from identity.crypto.errors import TokenInvalid

_BYTES = 32


def new(prefix: str) -> str:
    """A token of 256 random bits: the prefix (`inv_`) and 43 characters of base64url."""
    secret = base64.urlsafe_b64encode(os.urandom(_BYTES)).rstrip(b"=").decode()
    return prefix + secret


def parse(text: str, *, expected_prefix: str) -> str:
    """The token itself if it has the form that `new` gives. Raises TokenInvalid.

    Only the one base64url form of 32 bytes passes: the four spare bits of the last character are
    zero, so that no second text stands for the same token.
    """
    pattern = rf"{re.escape(expected_prefix)}[A-Za-z0-9_-]{{42}}[AEIMQUYcgkosw048]"
    if not re.fullmatch(pattern, text):
        raise TokenInvalid
    return text


def digest(token: str) -> str:
    """SHA-256 of the token in lower hex: what is stored and looked up.

    A fast hash is enough because nobody can guess 256 random bits.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def verify(token: str, *, expected_digest: str) -> None:
    """Compare in constant time with the stored digest. Raises TokenInvalid."""
    if not hmac.compare_digest(digest(token).encode(), expected_digest.encode()):
        raise TokenInvalid
