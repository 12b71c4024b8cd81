"""The BBS key that goes with an Ed25519 key: a scalar and a point of G2 on BLS12-381.

Derived as the reference libraries of BBS signatures do from a seed (draft-irtf-cfrg-bls-signature,
KeyGen). Nothing is signed with it here. The arithmetic takes different time for different
scalars: it is for workers, not for answers that somebody could time.
"""

import functools
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from identity.crypto import deep_libraries
from identity.crypto.errors import KeyInvalid

PRIVATE_SIZE: Final = 32
PUBLIC_SIZE: Final = 96
_SALT: Final = b"BLS-SIG-KEYGEN-SALT-"
_INFO: Final = (48).to_bytes(2, "big")
# RFC 8410: what stands before the 32 bytes of an Ed25519 key in DER.
_DER: Final = bytes.fromhex("302e020100300506032b657004220420")
_ORDER: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Of the group of points on BLS12-381."""
_CURVE: Final = "py_ecc.optimized_bls12_381.optimized_curve"
_COMPRESSION: Final = "py_ecc.bls.point_compression"
_BITS: Final = 4
_WINDOWS: Final = PRIVATE_SIZE * 8 // _BITS


def derive(seed: bytes) -> bytes:
    """The 32 bytes of the key that belongs to an Ed25519 seed of 32 bytes. A secret.

    What is hashed is the seed's DER written as lower-case hexadecimal digits. Raises KeyInvalid.
    """
    if len(seed) != PRIVATE_SIZE:
        raise KeyInvalid("An Ed25519 private key has 32 bytes.")
    written = (_DER + seed).hex().encode()
    kdf = HKDF(algorithm=hashes.SHA256(), length=48, salt=_SALT, info=_INFO)
    scalar = int.from_bytes(kdf.derive(written + b"\0"), "big") % _ORDER
    if scalar == 0:  # One seed of 2^255, and nobody knows which.
        raise KeyInvalid("This Ed25519 key has no BBS key.")
    return scalar.to_bytes(PRIVATE_SIZE, "big")


def public(private: bytes) -> bytes:
    """The compressed point of a key, 96 bytes.

    Raises KeyInvalid unless `private` is 32 bytes, big-endian, between 0 and the curve's order.
    """
    scalar = int.from_bytes(private, "big")
    if len(private) != PRIVATE_SIZE or not 0 < scalar < _ORDER:
        raise KeyInvalid("A BBS private key is a number of 32 bytes below the order.")
    curve = deep_libraries.loaded(_CURVE)
    point: Any = curve.Z2
    for window, multiples in enumerate(_multiples()):
        digit = scalar >> (_BITS * window) & (2**_BITS - 1)
        if digit:
            point = curve.add(point, multiples[digit])
    halves = deep_libraries.loaded(_COMPRESSION).compress_G2(point)
    return b"".join(half.to_bytes(48, "big") for half in halves)


@functools.cache
def _multiples() -> tuple[tuple[Any, ...], ...]:
    """For each four bits of a scalar the sixteen points that they stand for, made once."""
    curve = deep_libraries.loaded(_CURVE)
    rows: list[tuple[Any, ...]] = []
    base: Any = curve.G2
    for _ in range(_WINDOWS):
        row: list[Any] = [curve.Z2]
        for _ in range(2**_BITS - 1):
            row.append(curve.add(row[-1], base))
        rows.append(tuple(row))
        base = curve.add(row[-1], base)
    return tuple(rows)
