"""Keccak as Ethereum has it: the padding from before SHA-3 was a standard, so hashlib lacks it."""

from Crypto.Hash import keccak


def digest(data: bytes, bits: int = 256) -> bytes:
    """Keccak of 256, 384 or 512 bits."""
    return keccak.new(digest_bits=bits, data=data).digest()
