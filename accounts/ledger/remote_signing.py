"""How a remote signer is reached: what is kept, sealed, of whoever signs elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from accounts.ledger.fireblocks import Access, FireblocksSigner
from accounts.ledger.signing import Signer
from identity.errors import Invalid

# Ours, and what clients call it; one of them is misspelt in every client there is.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "vault_id": ("vault_id", "fireBlocksVaultId"),
    "asset_id": ("asset_id", "fireBlocksAssetId"),
    "api_key": ("api_key", "fireBlocksApiKey"),
    "private_key": ("private_key", "fireBlocksPrivateiKey", "fireBlocksPrivateKey"),
}
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_LONGEST_KEY: Final = 8192
_BITS: Final = (2048, 8192)


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """A vault account at Fireblocks, and the API user who may sign with it.

    `private_key` is the RSA key in PEM with which the API user signs requests.
    """

    vault_id: str
    asset_id: str
    api_key: str = field(repr=False)
    private_key: str = field(repr=False)

    def encoded(self) -> bytes:
        """As it is sealed: a secret."""
        return orjson.dumps(asdict(self))


def decoded(raw: bytes) -> RemoteConfig:
    """What `encoded` made."""
    return RemoteConfig(**orjson.loads(raw))


def parse(given: Mapping[str, Any]) -> RemoteConfig:
    """What was written, under our names or the clients'. Raises Invalid, which quotes nothing."""
    config = RemoteConfig(**{name: _given(given, name) for name in _NAMES})
    for name in ("vault_id", "asset_id", "api_key"):
        if not _WORD.fullmatch(getattr(config, name)):
            raise Invalid("The remote signer's vault, asset or API key is not right.", field=name)
    _rsa_key(config.private_key)
    return config


def signer(config: RemoteConfig, public_key: bytes) -> Signer:
    """Who signs with the key of a vault account, which must be this one. Calls nobody yet.

    Raises Invalid for a key of the API user that is none.
    """
    access = Access(
        address=settings.LEDGER.remote_signer,
        vault_id=config.vault_id,
        asset_id=config.asset_id,
        api_key=config.api_key,
        key=_rsa_key(config.private_key),
    )
    return FireblocksSigner(access, public_key)


def _given(given: Mapping[str, Any], name: str) -> str:
    values = {str(given[word]).strip() for word in _NAMES[name] if given.get(word)}
    if len(values) != 1:
        raise Invalid("Give each part of the remote signer's configuration once.", field=name)
    return values.pop()


def _rsa_key(pem: str) -> rsa.RSAPrivateKey:
    refusal = Invalid("The API user's key is an RSA key in PEM.", field="private_key")
    if len(pem) > _LONGEST_KEY:
        raise refusal
    try:
        # PEM that came through JSON or an environment may have lost its line ends.
        key = serialization.load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError):
        raise refusal from None
    if not isinstance(key, rsa.RSAPrivateKey) or not _BITS[0] <= key.key_size <= _BITS[1]:
        raise refusal
    return key
