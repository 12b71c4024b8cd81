"""Sign-in messages (CAIP-122): what a wallet shows to its holder and signs, read in one way only.

Three dialects differ in the word for the account, in what an address is, and in one empty line:
Ethereum's (ERC-4361), Solana's, and one of DIDs (did:key, did:pkh) that follows Solana's layout.
"""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from identity.crypto import chain_account, did_key, sign_in_grammar
from identity.crypto.errors import AddressInvalid, SignInMessageMalformed

MAX_CHARACTERS: Final = 8192
DID_KEY_CHAIN: Final = "did:key"
"""What stands for a network where a key is on none; it has the form of a CAIP-2 name."""


class Dialect(enum.Enum):
    """The word that stands before "account" in the first line."""

    ETHEREUM = "Ethereum"
    SOLANA = "Solana"
    DID = "DID"


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says, each value as it is written; times are RFC 3339 texts."""

    dialect: Dialect
    domain: str
    address: str
    uri: str
    chain_id: str
    nonce: str
    issued_at: str
    version: str = "1"
    scheme: str | None = None
    statement: str | None = None
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None

    @property
    def chain(self) -> str:
        """The network as CAIP-2 names it: `eip155:1`, `solana:mainnet`, `did:key`."""
        if self.dialect is Dialect.ETHEREUM:
            return f"{chain_account.ETHEREUM}:{self.chain_id}"
        if self.dialect is Dialect.SOLANA and ":" not in self.chain_id:
            return f"{chain_account.SOLANA}:{self.chain_id}"
        return self.chain_id


_GRAMMARS: Final = {
    Dialect.ETHEREUM: sign_in_grammar.ethereum(),
    Dialect.SOLANA: sign_in_grammar.solana(),
    Dialect.DID: sign_in_grammar.did(),
}
_TIMES: Final = ("issued_at", "expiration_time", "not_before")
_OPTIONAL: Final = (
    ("Expiration Time", "expiration_time"),
    ("Not Before", "not_before"),
    ("Request ID", "request_id"),
)


def parse(text: str) -> Message:
    """Read a message. Raises SignInMessageMalformed for what `build` would write otherwise.

    Addresses are in their one form (EIP-55; Base58 of 32 bytes; a DID), times exist in the
    calendar, and there are no user information, no other line ends and no second reading.
    """
    if len(text) > MAX_CHARACTERS:
        raise SignInMessageMalformed("The message is longer than 8192 characters.")
    for dialect, grammar in _GRAMMARS.items():
        if found := grammar.fullmatch(text):
            said: dict[str, Any] = found.groupdict()
            said["resources"] = _resources(said["resources"])
            message = Message(dialect, **said)
            _require_address(message)
            for name in _TIMES:
                _require_time(said[name])
            return message
    raise SignInMessageMalformed("Send the message as CAIP-122 and ERC-4361 write it.")


def build(message: Message) -> str:
    """Write a message. Raises SignInMessageMalformed for values that would not be read back."""
    scheme = "" if message.scheme is None else f"{message.scheme}://"
    lines = [
        f"{scheme}{message.domain} wants you to sign in with your {message.dialect.value} account:",
        message.address,
        "",
        *_statement_lines(message),
        f"URI: {message.uri}",
        f"Version: {message.version}",
        f"Chain ID: {message.chain_id}",
        f"Nonce: {message.nonce}",
        f"Issued At: {message.issued_at}",
    ]
    for label, name in _OPTIONAL:
        if (value := getattr(message, name)) is not None:
            lines.append(f"{label}: {value}")
    if message.resources is not None:
        lines += ["Resources:", *(f"- {resource}" for resource in message.resources)]
    text = "\n".join(lines)
    if parse(text) != message:
        raise SignInMessageMalformed("A value does not fit into the message.")
    return text


def moment(text: str) -> datetime:
    """The time of a parsed message."""
    return datetime.fromisoformat(text)


def _statement_lines(message: Message) -> list[str]:
    if message.statement is not None:
        return [message.statement, ""]
    return [""] if message.dialect is Dialect.ETHEREUM else []


def _resources(listed: str | None) -> tuple[str, ...] | None:
    if listed is None:
        return None
    return tuple(line.removeprefix("- ") for line in listed.split("\n")[1:])


def _require_address(message: Message) -> None:
    try:
        if message.dialect is Dialect.ETHEREUM:
            chain_account.require_ethereum(message.address)
        elif message.dialect is Dialect.SOLANA:
            chain_account.require_solana(message.address)
        elif _chain_of_did(message.address) != message.chain_id:
            raise SignInMessageMalformed("The DID is on another network than the message says.")
    except AddressInvalid as error:
        raise SignInMessageMalformed(error.detail) from error


def _chain_of_did(address: str) -> str:
    if address.startswith(did_key.PREFIX):
        did_key.parse(address)
        return DID_KEY_CHAIN
    if address.startswith(chain_account.PREFIX):
        return chain_account.parse(address).chain
    raise AddressInvalid("Send a DID of the methods key or pkh.")


def _require_time(text: str | None) -> None:
    if text is None:
        return
    try:
        moment(text)
    except ValueError:
        raise SignInMessageMalformed("A time of the message is not in the calendar.") from None
