"""Key transport with RSAES-OAEP and SHA-256 (RFC 8017 §7.1): keys, encryption, decryption."""

import base64
import functools
import hashlib
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from identity.crypto.errors import DecryptionFailed, KeyInvalid

LEAST_BITS: Final = 2048
MOST_BITS: Final = 4096
EXPONENT: Final = 65537
_MOST_TEXT: Final = 4096
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that others encrypt to, parsed once. `kid` is the SHA-256 of its SPKI DER."""

    key: rsa.RSAPublicKey = field(repr=False)
    kid: bytes
    pem: str = field(repr=False)
    """SPKI PEM in the one form that is stored: lines of 64, LF."""

    @property
    def pem_base64(self) -> str:
        """The PEM once more in base64: the form in which clients get the server's key."""
        return base64.b64encode(self.pem.encode()).decode()

    @property
    def spki_base64(self) -> str:
        """The DER in base64, without the lines of PEM."""
        return "".join(self.pem.splitlines()[1:-1])


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that opens, parsed once, with its public half."""

    key: rsa.RSAPrivateKey = field(repr=False)
    public: PublicKey


def generate(bits: int = LEAST_BITS) -> PrivateKey:
    """A new random key of 2048 to 4096 bits, e = 65537 (RFC 8230 §2 asks for 2048 at least)."""
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise KeyInvalid("RSA keys have 2048 to 4096 bits.")
    return _private(rsa.generate_private_key(EXPONENT, bits))


def parse_public(pem: str) -> PublicKey:
    """Read an SPKI PEM. Raises KeyInvalid unless it is RSA, 2048 to 4096 bits, e = 65537."""
    text = pem.strip()
    if len(text) > _MOST_TEXT or not text.startswith("-----BEGIN PUBLIC KEY-----"):
        raise KeyInvalid("Send the RSA key as PEM that begins with BEGIN PUBLIC KEY.")
    if text.count("-----BEGIN") != 1 or not text.endswith("-----END PUBLIC KEY-----"):
        raise KeyInvalid("Send one PEM block and nothing beside it.")
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyInvalid("The PEM does not hold a public key.") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyInvalid("The key is not an RSA key.")
    return _public(key)


@functools.lru_cache(maxsize=2048)
def stored_public(pem: str) -> PublicKey:
    """`parse_public` for keys of our own tables, remembered by their text: never stale."""
    return parse_public(pem)


def private_der(private: PrivateKey) -> bytes:
    """PKCS #8 DER without a password. The result is a secret: seal it."""
    return private.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_pem(private: PrivateKey) -> str:
    """PKCS #8 PEM without a password. The result is a secret."""
    return private.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def load_private(der: bytes, *, trusted: bool = False) -> PrivateKey:
    """Read PKCS #8 DER. Raises KeyInvalid.

    `trusted` is for keys that we made and sealed ourselves: nobody could have changed them
    without breaking the seal, and checking that the primes are primes takes 28 ms, a hundred
    times a decryption. Keys from anywhere else are checked.
    """
    try:
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=trusted)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyInvalid("The bytes do not hold a private key.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyInvalid("The key is not an RSA key.")
    return _private(key)


def load_private_pem(pem: str) -> PrivateKey:
    """Read and check an unencrypted PEM (PKCS #8 or PKCS #1). Raises KeyInvalid."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyInvalid("The PEM does not hold a private key.") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyInvalid("The key is not an RSA key.")
    return _private(key)


def encrypt(public: PublicKey, plaintext: bytes) -> bytes:
    """Encrypt a short secret (a content key); the result is as long as the modulus."""
    return public.key.encrypt(plaintext, _OAEP)


def decrypt(private: PrivateKey, ciphertext: bytes) -> bytes:
    """Open what `encrypt` made. Raises DecryptionFailed, for every reason the same."""
    try:
        return private.key.decrypt(ciphertext, _OAEP)
    except ValueError as error:
        raise DecryptionFailed from error


def _private(key: rsa.RSAPrivateKey) -> PrivateKey:
    return PrivateKey(key, _public(key.public_key()))


def _public(key: rsa.RSAPublicKey) -> PublicKey:
    numbers = key.public_numbers()
    if not LEAST_BITS <= key.key_size <= MOST_BITS or numbers.e != EXPONENT:
        raise KeyInvalid("The RSA key needs 2048 to 4096 bits and the exponent 65537.")
    if numbers.n % 2 == 0:
        raise KeyInvalid("The RSA modulus is even: this is not a key.")
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_bytes(serialization.Encoding.DER, spki)
    pem = key.public_bytes(serialization.Encoding.PEM, spki).decode()
    return PublicKey(key, hashlib.sha256(der).digest(), pem)
