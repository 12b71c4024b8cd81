"""A PKCS #11 token (OASIS PKCS #11 v2.40): opened, looked at, asked to encrypt and decrypt.

Nothing here is kept and nothing waits for others: `identity.crypto.token_keys` does both. The
library is an optional one, so it is imported when a token is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from identity.crypto import aes_gcm

if TYPE_CHECKING:
    import pkcs11

PREFIX: Final = "pkcs11:"
"""Begins the names of all keys in tokens; the rest is the key's CKA_ID in hexadecimal digits."""
KEY_BYTES: Final = 32
_ID_BYTES: Final = 16
_LONGEST_ID: Final = 64


class Unusable(Exception):
    """Why the token can't be used, in words for operators. It never holds the PIN."""


class PinRefused(Unusable):
    """The token said no to the PIN: another try may lock it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the keys are: path of the module, label of the token, labels of keys, PIN of the user.

    The first key seals, all of them open.
    """

    module: str
    token: str
    labels: tuple[str, ...]
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """Handles of keys in a session that is logged in, by kek_id; `active` is the one that seals."""

    active: str
    found: Mapping[str, pkcs11.SecretKey]


def look(place: Place) -> None:
    """Load the module and find the token, without logging in. Raises Unusable."""
    _token(place)


def open_keys(place: Place) -> Keys:
    """Log in and find every key.

    All older sessions of this process end, and what a fork copied is not used. A key that can leave
    the token is refused. Raises Unusable, PinRefused.
    """
    with _session(place) as session:
        found = [_key(session, label) for label in place.labels]
        if not found[0][1][_library().Attribute.ENCRYPT]:
            raise Unusable(f"The key {place.labels[0]!r} may not encrypt (CKA_ENCRYPT).")
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        raise Unusable("Two of the keys have the same CKA_ID.")
    return Keys(names[0], dict(found))


def make(place: Place, label: str) -> str:
    """Make an AES key of 256 bits that can't leave the token; its kek_id.

    Raises Unusable, also when a key has this label, and PinRefused.
    """
    library = _library()
    attribute = library.Attribute
    with _session(place, is_writing=True) as session:
        if list(session.get_objects(_labelled(label))):
            raise Unusable(f"The token has a key with the label {label!r} already.")
        name = os.urandom(_ID_BYTES)
        session.generate_key(
            library.KeyType.AES,
            KEY_BYTES * 8,
            id=name,
            label=label,
            store=True,
            capabilities=library.MechanismFlag.ENCRYPT | library.MechanismFlag.DECRYPT,
            template={
                attribute.PRIVATE: True,
                attribute.SENSITIVE: True,
                attribute.EXTRACTABLE: False,
            },
        )
        session.close()
    return PREFIX + name.hex()


def encrypt(key: pkcs11.SecretKey, *, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """AES-256-GCM in the token: cipher text and tag. Raises what `failures` lists."""
    return bytes(key.encrypt(plaintext, **_gcm(nonce, associated)))  # type: ignore[attr-defined]


def decrypt(key: pkcs11.SecretKey, *, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    """Open what `encrypt` made. Raises what `failures` lists; modules have no one word for it."""
    return bytes(key.decrypt(ciphertext, **_gcm(nonce, associated)))  # type: ignore[attr-defined]


def failures() -> tuple[type[Exception], ...]:
    """What a token's refusal or failure is raised as."""
    return (_library().PKCS11Error,)


def _gcm(nonce: bytes, associated: bytes) -> dict[str, Any]:
    library = _library()
    return {
        "mechanism": library.Mechanism.AES_GCM,
        "mechanism_param": library.GCMParams(nonce, associated, aes_gcm.TAG_SIZE * 8),
    }


def _token(place: Place) -> pkcs11.Token:
    library = _library()
    try:
        module = library.lib(place.module)
        # The slots of a module are as it first saw them; and a forked process has to begin anew.
        with contextlib.suppress(library.PKCS11Error):
            module.finalize()
        module.initialize()
        token: pkcs11.Token = module.get_token(token_label=place.token)
        has_mechanism = library.Mechanism.AES_GCM in token.slot.get_mechanisms()
    except library.NoSuchToken as error:
        raise Unusable(f"There is no token with the label {place.token!r}.") from error
    except library.MultipleTokensReturned as error:
        raise Unusable(f"Several tokens have the label {place.token!r}.") from error
    except library.PKCS11Error as error:
        raise Unusable(f"The module {place.module} can't be used: {_word(error)}.") from error
    if not has_mechanism:
        raise Unusable("The token does not have CKM_AES_GCM.")
    return token


@contextlib.contextmanager
def _session(place: Place, *, is_writing: bool = False) -> Iterator[pkcs11.Session]:
    """A session of the token's user; what the token refuses in the block becomes Unusable."""
    library = _library()
    token = _token(place)
    flags = library.TokenFlag
    if token.flags & (flags.USER_PIN_FINAL_TRY | flags.USER_PIN_LOCKED):
        raise Unusable("The token was given wrong PINs, one more locks it: log in by hand once.")
    try:
        yield token.open(rw=is_writing, user_pin=place.pin)
    except tuple(getattr(library, name) for name in _REFUSALS_OF_PINS) as error:
        raise PinRefused(f"The token refuses the PIN: {_word(error)}.") from error
    except library.PKCS11Error as error:
        raise Unusable(f"The token failed: {_word(error)}.") from error


_REFUSALS_OF_PINS: Final = ("PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "PinLocked")


def _key(session: pkcs11.Session, label: str) -> tuple[str, pkcs11.SecretKey]:
    library = _library()
    attribute = library.Attribute
    # All of them, because a search that is left half-way outlives its session.
    found = list(session.get_objects(_labelled(label)))
    if not found:
        raise Unusable(f"The token has no secret key with the label {label!r}.")
    if len(found) > 1:
        raise Unusable(f"Several keys in the token have the label {label!r}.")
    key = cast("pkcs11.SecretKey", found[0])
    if key[attribute.KEY_TYPE] != library.KeyType.AES or key[attribute.VALUE_LEN] != KEY_BYTES:
        raise Unusable(f"The key {label!r} is not an AES key of {KEY_BYTES * 8} bits.")
    if key[attribute.EXTRACTABLE] or not key[attribute.SENSITIVE]:
        raise Unusable(f"The key {label!r} can leave the token: make one that can't.")
    if not key[attribute.DECRYPT]:
        raise Unusable(f"The key {label!r} may not decrypt (CKA_DECRYPT).")
    name = bytes(key[attribute.ID])
    if not 1 <= len(name) <= _LONGEST_ID:
        raise Unusable(f"The key {label!r} needs a CKA_ID of 1 to {_LONGEST_ID} bytes.")
    return PREFIX + name.hex(), key


def _labelled(label: str) -> dict[pkcs11.Attribute, Any]:
    library = _library()
    secret = library.ObjectClass.SECRET_KEY
    return {library.Attribute.CLASS: secret, library.Attribute.LABEL: label}


def _library() -> Any:
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise Unusable("The library is missing: pip install python-pkcs11.") from error


def _word(error: Exception) -> str:
    return " ".join(filter(None, (type(error).__name__, str(error))))
