"""How passwords are normalised, bounded and hashed."""

import unicodedata

from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts import errors

MINIMUM_CHARACTERS = 8
MAXIMUM_BYTES = 1024


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id, 19 MiB, two passes, one lane (OWASP's minimum; RFC 9106).

    Django's own default of 100 MiB and eight lanes costs ten times as much. The algorithm's name
    stays Django's, so verifiers made with other parameters are read and then upgraded. argon2-cffi
    gives the interpreter lock back while it hashes.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


def prepared(password: str) -> str:
    """The form of a password that is hashed: OpaqueString of RFC 8265 §4.2.

    Spaces of other scripts become U+0020 and the text is NFC, so that the same keys pressed on two
    systems give the same password. Case and compatibility forms stay. Control characters are kept
    too: RFC 8265 refuses them, but a program may have made the password.
    """
    spaced = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in password)
    return unicodedata.normalize("NFC", spaced)


def has_bounded_size(password: str) -> bool:
    """Whether the text has at most 1,024 bytes of UTF-8; no work is done for longer ones."""
    if len(password) > MAXIMUM_BYTES:
        return False
    return len(password.encode("utf-8", "surrogatepass")) <= MAXIMUM_BYTES


def acceptable(password: str) -> str:
    """The prepared form of a new password.

    Raises `accounts.errors.PasswordUnfit` for one shorter than 8 characters, longer than 1,024
    bytes of UTF-8 or holding lone surrogates.
    """
    if not has_bounded_size(password):
        raise errors.PasswordUnfit(f"Use at most {MAXIMUM_BYTES} bytes.", maximum=MAXIMUM_BYTES)
    text = prepared(password)
    if not has_bounded_size(text) or not _is_encodable(text):
        raise errors.PasswordUnfit("Use ordinary characters.")
    if len(text) < MINIMUM_CHARACTERS:
        raise errors.PasswordUnfit(
            f"Use at least {MINIMUM_CHARACTERS} characters.", minimum=MINIMUM_CHARACTERS
        )
    return text


def comparable(password: str) -> str | None:
    """The prepared form of a password to check, or None if no stored one can equal it."""
    if not has_bounded_size(password):
        return None
    text = prepared(password)
    return text if has_bounded_size(text) and _is_encodable(text) else None


def _is_encodable(text: str) -> bool:
    """Lone surrogates have no UTF-8 form, and NUL ends a text in some databases and tools."""
    return not any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in text)
