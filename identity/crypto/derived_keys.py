"""Keys of members that a device makes of something remembered: a password, or a list of words.

For key tools on the command line; a server has no use for them. What comes out is the private key
of BIP-32's master key, as the devices of members use it.
"""

import hashlib
import hmac
import re
import unicodedata
from typing import Any, Final

from identity.crypto import deep_libraries, user_key
from identity.crypto.errors import KeyInvalid
from identity.crypto.user_key import PrivateKey

ROUNDS: Final = 200_000
OLDER_ROUNDS: Final = 1_000
"""Of keys that older devices made: a weak password is found too soon. Make no new ones."""
_SEED_SIZE: Final = 32
_MNEMONIC_ROUNDS: Final = 2048
_MASTER: Final = b"Bitcoin seed"
_SPACES: Final = re.compile(r"\s+")
STRENGTHS: Final = {12: 128, 15: 160, 18: 192, 21: 224, 24: 256}
"""How many bits of chance a list of so many words holds (BIP-39)."""


def of_password(password: str, salt: str, *, rounds: int = ROUNDS) -> PrivateKey:
    """The key of a password and a salt: PBKDF2-HMAC-SHA-512, then BIP-32's master key.

    The same texts give the same key for ever, whoever knows them.
    """
    seed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt.encode(), rounds, _SEED_SIZE)
    return _master(seed)


def of_mnemonic(words: str, passphrase: str = "") -> PrivateKey:
    """The key of a list of English words (BIP-39). Raises KeyInvalid for a wrong one."""
    text = _SPACES.sub(" ", unicodedata.normalize("NFKD", words).strip())
    if not _english().is_mnemonic_valid(text):
        raise KeyInvalid("These words are no list of BIP-39: one is wrong, missing or misplaced.")
    salt = "mnemonic" + unicodedata.normalize("NFKD", passphrase)
    return _master(hashlib.pbkdf2_hmac("sha512", text.encode(), salt.encode(), _MNEMONIC_ROUNDS))


def new_mnemonic(count: int = 24) -> str:
    """A new list of so many random English words. Raises KeyInvalid for another count."""
    if count not in STRENGTHS:
        raise KeyInvalid(f"A list has {', '.join(map(str, STRENGTHS))} words.")
    return str(_english().generate(num_words=count))


def _english() -> Any:
    language = deep_libraries.loaded("eth_account.types").Language.ENGLISH
    return deep_libraries.loaded("eth_account.hdaccount.mnemonic").Mnemonic(language)


def _master(seed: bytes) -> PrivateKey:
    """The private key of BIP-32's master key, whose other half is the chain code."""
    return user_key.parse_private(hmac.digest(_MASTER, seed, "sha512")[:_SEED_SIZE])
