"""Tokens against forged requests that are bound to one sign-in token, and stored nowhere."""

import hmac

from identity.crypto import base64url
from identity.crypto.errors import TokenInvalid


def of_sign_in(sign_in_token: str, key: bytes) -> str:
    """The token that belongs to a sign-in token.

    It is `m.t`: m the HMAC-MD5 of the sign-in token, t the HMAC-SHA256 of m's text, both in
    base64url. MD5 only shortens here; who lacks the key can make neither.
    """
    short = base64url.encode(hmac.digest(key, sign_in_token.encode(), "md5"))
    return f"{short}.{base64url.encode(hmac.digest(key, short.encode(), 'sha256'))}"


def verify(token: str, *, sign_in_token: str, key: bytes) -> None:
    """Check that the token belongs to this sign-in token. Raises TokenInvalid."""
    expected = of_sign_in(sign_in_token, key)
    if not hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()):
        raise TokenInvalid
