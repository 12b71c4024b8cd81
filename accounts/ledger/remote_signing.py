"""How a remote signer is reached: what is kept, sealed, of whoever signs elsewhere."""

from dataclasses import asdict, dataclass, field

import orjson

from accounts.ledger.errors import Refused
from accounts.ledger.signing import Signer


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


def signer(config: RemoteConfig, public_key: bytes) -> Signer:
    """Who signs with the key of a vault account, which must be this one. Calls nobody yet."""
    del config, public_key
    raise Refused("Remote signing is not offered here yet.")
