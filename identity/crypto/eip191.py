"""Personal messages of Ethereum (EIP-191, version 0x45) and who signed them."""

import re
from typing import Final

from identity.crypto import ethereum_address, keccak, secp256k1
from identity.crypto.errors import ContractWalletUnsupported, SignatureInvalid

_PREFIX: Final = b"\x19Ethereum Signed Message:\n"
_HEX: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_KEY_SIGNATURE: Final = 2 + 2 * secp256k1.RECOVERABLE_SIZE


def digest(message: bytes) -> bytes:
    """The 32 bytes that are signed: never those of a transaction, which begins otherwise."""
    return keccak.digest(_PREFIX + str(len(message)).encode() + message)


def sign(private: secp256k1.PrivateKey, message: bytes) -> str:
    """`0x` and 130 hexadecimal digits; v is 27 or 28."""
    return "0x" + secp256k1.sign_recoverable(private, digest(message)).hex()


def verify(message: bytes, signature: str, *, expected_address: str) -> bytes:
    """Check that the key of an address (in EIP-55's capitals) signed the message.

    Returns the key: 64 bytes. Raises SignatureInvalid, or ContractWalletUnsupported for what can
    only be meant for a contract (ERC-1271, ERC-6492): nothing, or more than a key's signature.
    """
    if not _HEX.fullmatch(signature):
        raise SignatureInvalid
    if signature == "0x" or len(signature) > _KEY_SIGNATURE:
        raise ContractWalletUnsupported("Sign with a wallet that holds its own key.")
    key = secp256k1.recover(bytes.fromhex(signature[2:]), digest(message)).uncompressed[1:]
    if ethereum_address.of_key(key) != expected_address:
        raise SignatureInvalid
    return key
