"""Check codes: eight digits by which two people compare a public key over the telephone."""

import hashlib


def of_key(public_hex: str) -> str:
    """Eight decimal digits of a compressed public key in hex.

    The first eight bytes of its SHA-256 as an unsigned integer, modulo 10^8, padded with zeros.
    """
    digest = hashlib.sha256(bytes.fromhex(public_hex)).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 100_000_000:08d}"
