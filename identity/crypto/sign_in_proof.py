"""Who signed a sign-in message, and whether it was made for this place, time and challenge."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from identity.crypto import (
    base58btc,
    chain_account,
    did_key,
    ed25519,
    eip191,
    sign_in_message,
)
from identity.crypto.errors import (
    KeyInvalid,
    SignatureInvalid,
    SignInMessageRefused,
)
from identity.crypto.sign_in_message import Dialect, Message

LONGEST_LIFE: Final = timedelta(minutes=10)
TOLERANCE: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a message must say. `now` is aware of its time zone."""

    domain: str
    """The authority at which people sign in: `login.example.test`, `127.0.0.1:8000`."""
    uri: str
    """The very address that the server put into the challenge."""
    chains: frozenset[str]
    """Networks as CAIP-2 names them: `eip155:1`, `solana:mainnet`, `did:key`."""
    nonce: str
    now: datetime
    address: str | None = None
    """The address or DID to which the challenge was bound, in its canonical form."""
    version: str = "1"
    longest_life: timedelta = LONGEST_LIFE
    """How old a message may be, whatever it says of its own expiry."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verified message proves."""

    kind: str
    """`ethereum`, `solana`, `ed25519`, `secp256k1` or `p256`."""
    address: str
    """As the message writes it: an address of Ethereum or Solana, or a DID."""
    public_key: bytes
    """64 bytes of Ethereum's keys, 32 of Ed25519's, compressed points of `did:key`."""
    message: Message


def verify(text: str, signature: str, expected: Expectation) -> Proof:
    """Read a message, check what it says, and check who signed it.

    Signatures are written as wallets give them: 0x-hex with recovery (Ethereum), Base58 (Solana),
    `z` and Base58 (did:key). Raises SignInMessageMalformed, SignInMessageRefused, SignatureInvalid
    or ContractWalletUnsupported.
    """
    message = sign_in_message.parse(text)
    check(message, expected)
    return verify_signature(message, signature)


def check(message: Message, expected: Expectation) -> None:
    """Compare what a message says with what it must say.

    Raises SignInMessageRefused: one error for every difference.
    """
    scheme = expected.uri.partition(":")[0]
    is_meant = (
        message.domain == expected.domain
        and message.scheme in (None, scheme)
        and message.uri == expected.uri
        and message.version == expected.version
        and message.chain in expected.chains
        and hmac.compare_digest(message.nonce.encode(), expected.nonce.encode())
        and expected.address in (None, message.address)
    )
    if not is_meant or not _is_timely(message, expected):
        raise SignInMessageRefused


def verify_signature(message: Message, signature: str) -> Proof:
    """Check that the message's own address signed it. Raises as `verify` does.

    It says nothing about what the message says: `check` does.
    """
    text = sign_in_message.build(message).encode()
    match message.dialect:
        case Dialect.ETHEREUM:
            key = eip191.verify(text, signature, expected_address=message.address)
            return Proof("ethereum", message.address, key, message)
        case Dialect.SOLANA:
            key = _verify_solana(text, signature, message.address)
            return Proof("solana", message.address, key, message)
    if not message.address.startswith(chain_account.PREFIX):
        return _verify_did_key(message, text, signature)
    account = chain_account.parse(message.address)
    if account.namespace == chain_account.ETHEREUM:
        key = eip191.verify(text, signature, expected_address=account.address)
        return Proof("ethereum", message.address, key, message)
    key = _verify_solana(text, signature, account.address)
    return Proof("solana", message.address, key, message)


def _is_timely(message: Message, expected: Expectation) -> bool:
    issued_at = sign_in_message.moment(message.issued_at)
    if not expected.now - expected.longest_life <= issued_at <= expected.now + TOLERANCE:
        return False
    if message.expiration_time is not None:
        expires_at = sign_in_message.moment(message.expiration_time)
        if expires_at <= max(expected.now, issued_at):
            return False
    if message.not_before is None:
        return True
    return sign_in_message.moment(message.not_before) <= expected.now + TOLERANCE


def _verify_solana(text: bytes, signature: str, address: str) -> bytes:
    raw = chain_account.require_solana(address)
    try:
        ed25519.verify(ed25519.parse_foreign_public(raw), base58btc.decode(signature), text)
    except (ValueError, KeyInvalid) as error:
        raise SignatureInvalid from error
    return raw


def _verify_did_key(message: Message, text: bytes, signature: str) -> Proof:
    public = did_key.parse(message.address)
    try:
        raw = base58btc.decode_multibase(signature)
    except ValueError as error:
        raise SignatureInvalid from error
    did_key.verify(public, raw, text)
    return Proof(public.kind, message.address, public.raw, message)
