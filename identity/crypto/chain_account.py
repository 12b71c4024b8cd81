"""Accounts on ledgers (CAIP-10) and their DIDs (`did:pkh`): Ethereum's family and Solana."""

import re
from dataclasses import dataclass
from typing import Final

from identity.crypto import base58btc, ed25519, ethereum_address
from identity.crypto.errors import AddressInvalid

PREFIX: Final = "did:pkh:"
ETHEREUM: Final = "eip155"
SOLANA: Final = "solana"
_TEXT: Final = re.compile(r"([-a-z0-9]{3,8}):([-_a-zA-Z0-9]{1,32}):([-.%a-zA-Z0-9]{1,128})")
_CHAIN_NUMBER: Final = re.compile(r"[1-9][0-9]{0,19}")


@dataclass(frozen=True, slots=True)
class ChainAccount:
    """An account on one network; the address is in its canonical form."""

    namespace: str
    reference: str
    address: str

    @property
    def chain(self) -> str:
        """The network as CAIP-2 names it: `eip155:1`."""
        return f"{self.namespace}:{self.reference}"

    @property
    def did(self) -> str:
        """The account as a DID."""
        return f"{PREFIX}{self.chain}:{self.address}"


def parse(text: str) -> ChainAccount:
    """Read a DID of the method pkh, or a CAIP-10 account. Raises AddressInvalid.

    Ethereum's addresses come in EIP-55's capitals; CAIP-10 asks for nothing, this house for that.
    """
    found = _TEXT.fullmatch(text.removeprefix(PREFIX))
    if not found:
        raise AddressInvalid("The text is no account on a ledger.")
    account = ChainAccount(*found.groups())
    if account.namespace == ETHEREUM:
        if _CHAIN_NUMBER.fullmatch(account.reference):
            require_ethereum(account.address)
            return account
    elif account.namespace == SOLANA:
        require_solana(account.address)
        return account
    raise AddressInvalid("The ledger is not supported.")


def require_ethereum(address: str) -> None:
    """Check that an address is in its one form. Raises AddressInvalid."""
    if not ethereum_address.is_checksummed(address):
        raise AddressInvalid("Write the address with 0x and EIP-55's capitals.")


def require_solana(address: str) -> bytes:
    """The 32 bytes of an address, which is a public key in Base58. Raises AddressInvalid."""
    try:
        raw = base58btc.decode(address)
    except ValueError as error:
        raise AddressInvalid("The address is not Base58.") from error
    if len(raw) != ed25519.KEY_SIZE:
        raise AddressInvalid("An address of Solana has 32 bytes.")
    return raw
