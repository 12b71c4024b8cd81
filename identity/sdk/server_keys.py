"""The server's list of its keys, as a verified reply brings it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from identity.crypto import ecdsa_p256, rsa
from identity.crypto.errors import KeyInvalid
from identity.sdk.errors import NoAnswer
from identity.sdk.session import ServerKeys, read_rsa_key

ENCRYPTION: Final = "encryption"
SIGNATURE: Final = "signature"


def read(details: Any, *, now: int) -> ServerKeys:
    """The keys in `details.keys`: `{kid, purpose, public_key, not_before, not_after}` each.

    The active key of a purpose is the one without `not_after`; keys whose time is over at `now`
    (seconds since the epoch) are left out. Raises NoAnswer for a list that cannot be read, lacks
    an active key, or holds a key under a foreign `kid`.
    """
    listed = details.get("keys") if isinstance(details, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise NoAnswer("The reply does not list the server's keys.")
    try:
        in_force = [entry for entry in listed if _is_in_force(entry, now)]
        encryption = _rsa(_active_first(in_force, ENCRYPTION)[0])
        signatures = tuple(_point(entry) for entry in _active_first(in_force, SIGNATURE))
    except (KeyError, TypeError, KeyInvalid) as error:
        raise NoAnswer("The list of the server's keys cannot be read.") from error
    return ServerKeys(encryption, signatures)


def _is_in_force(entry: Mapping[str, Any], now: int) -> bool:
    not_after = entry.get("not_after")
    return not_after is None or not_after > now


def _active_first(listed: Sequence[Mapping[str, Any]], purpose: str) -> list[Mapping[str, Any]]:
    entries = [entry for entry in listed if entry.get("purpose") == purpose]
    entries.sort(key=lambda entry: entry.get("not_after") is not None)
    if not entries or entries[0].get("not_after") is not None:
        raise NoAnswer(f"The list has no active key for {purpose}.")
    return entries


def _rsa(entry: Mapping[str, Any]) -> rsa.PublicKey:
    key = read_rsa_key(entry["public_key"])
    _check_kid(entry, key.kid)
    return key


def _point(entry: Mapping[str, Any]) -> ecdsa_p256.PublicKey:
    key = ecdsa_p256.parse_public(entry["public_key"])
    _check_kid(entry, key.kid)
    return key


def _check_kid(entry: Mapping[str, Any], kid: bytes) -> None:
    if entry["kid"] != kid.hex():
        raise KeyInvalid("A key is listed under another key's id.")
