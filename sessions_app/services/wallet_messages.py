"""Signing in by a text that a wallet shows and signs (CAIP-122; ERC-4361 for Ethereum).

The text is of our making: it names the place where people sign in, the network, and a challenge
that one account can answer once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from accounts.models import Wallet
from accounts.services import wallets
from identity.crypto import chain_account, did_key, ethereum_address, sign_in_message, sign_in_proof
from identity.crypto.errors import AddressInvalid, ContractWalletUnsupported
from identity.crypto.sign_in_message import Dialect, Message
from identity.crypto.sign_in_proof import Expectation
from identity.errors import DomainError, Invalid
from sessions_app.errors import ReturnRefused, SignInRefused
from sessions_app.models import Application
from sessions_app.services import challenges, wallet_sign_in
from sessions_app.services.sessions import Origin

LASTS: Final = timedelta(minutes=5)

NOWHERE: Final = Origin()
_ETHEREUM: Final = "eip155:1"
_SOLANA: Final = "solana:mainnet"
_KINDS: Final = {
    "ethereum": Wallet.Kind.ETHEREUM,
    "solana": Wallet.Kind.ED25519,
    "ed25519": Wallet.Kind.ED25519,
    "secp256k1": Wallet.Kind.SECP256K1,
    "p256": Wallet.Kind.P256,
}


@dataclass(frozen=True, slots=True)
class Act:
    """What a signature is asked for; the holder reads it, and it is good for nothing else."""

    purpose: str
    statement: str


SIGN_IN: Final = Act("wallet-message", "Sign in. This costs nothing and moves nothing.")
STEP_UP: Final = Act(
    "wallet-step-up", "Confirm that it is you: a change to your account is about to be made."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in: what the text names, and what the wallet compares with its page."""

    uri: str

    @property
    def domain(self) -> str:
        """The authority of the address."""
        return urlsplit(self.uri).netloc


def place_of(application_id: UUID, uri: str) -> Place:
    """The place of an application that lets its users sign in on its own pages.

    Raises ReturnRefused unless it is active and registered this address.
    """
    application = Application.objects.filter(
        id=application_id, status=Application.Status.ACTIVE
    ).first()
    if application is None or uri not in application.return_addresses:
        raise ReturnRefused
    return Place(uri)


def text_to_sign(
    *,
    address: str,
    place: Place,
    now: datetime,
    chain: str = "",
    browser: str = "",
    act: Act = SIGN_IN,
) -> str:
    """A new text for one account and one act, good for five minutes and one answer.

    `address` is one of Ethereum or Solana, a did:key or a did:pkh; `chain` a CAIP-2 name where the
    address does not say it. The scope must be in force. Raises `identity.errors.Invalid`.
    """
    dialect, account, network = _account(address, chain)
    data = {"uri": place.uri, "domain": place.domain, "chain": network}
    issued = challenges.issue(
        purpose=act.purpose, subject=account, browser=browser, data=data, lasts=LASTS, now=now
    )
    reference = network if dialect is Dialect.DID else network.partition(":")[2]
    message = Message(
        dialect=dialect,
        domain=place.domain,
        address=account,
        uri=place.uri,
        chain_id=reference,
        nonce=issued.secret,
        issued_at=_written(now),
        expiration_time=_written(now + LASTS),
        statement=act.statement,
    )
    return sign_in_message.build(message)


def prove(
    text: str,
    signature: str,
    *,
    now: datetime,
    browser: str = "",
    act: Act = SIGN_IN,
    origin: Origin = NOWHERE,
) -> wallets.Key:
    """Check a signed text and spend its challenge; the key that it proves.

    A refusal is kept in the history of the user whose account it was, as from `origin`. Not to be
    called in a transaction.

    Raises SignInMessageMalformed and ContractWalletUnsupported, which say what is wrong with the
    form, ChallengeRefused, and SignInRefused for everything else.
    """
    message = sign_in_message.parse(text)
    taken = challenges.take(
        message.nonce, purpose=act.purpose, subject=message.address, browser=browser, now=now
    )
    expected = Expectation(
        domain=taken.data["domain"],
        uri=taken.data["uri"],
        chains=frozenset({taken.data["chain"]}),
        nonce=message.nonce,
        now=now,
        address=taken.subject,
        longest_life=LASTS,
    )
    with wallet_sign_in.remembered(_bare(taken.subject), origin, now=now):
        proof = _proof(message, signature, expected)
    return wallets.Key(_KINDS[proof.kind], _bare(proof.address), proof.public_key.hex())


def _proof(message: Message, signature: str, expected: Expectation) -> sign_in_proof.Proof:
    try:
        sign_in_proof.check(message, expected)
        return sign_in_proof.verify_signature(message, signature)
    except ContractWalletUnsupported:
        raise
    except DomainError as refusal:
        raise SignInRefused from refusal


def _account(address: str, chain: str) -> tuple[Dialect, str, str]:
    """Dialect, canonical address and network of an account."""
    try:
        if address.startswith(chain_account.PREFIX):
            account = chain_account.parse(address)
            return Dialect.DID, account.did, account.chain
        if address.startswith("did:"):
            did_key.parse(address)
            return Dialect.DID, address, sign_in_message.DID_KEY_CHAIN
        if address.startswith("0x"):
            canonical = ethereum_address.normalise(address)
            network = chain or _ETHEREUM
            chain_account.parse(f"{network}:{canonical}")
            return Dialect.ETHEREUM, canonical, network
        chain_account.require_solana(address)
        network = chain or _SOLANA
        chain_account.parse(f"{network}:{address}")
    except DomainError as error:
        raise Invalid("Send an address of Ethereum or Solana, a did:key or a did:pkh.") from error
    return Dialect.SOLANA, address, network


def _bare(address: str) -> str:
    """One account has one address here, whatever network or form it was proven in."""
    try:
        return chain_account.parse(address).address
    except AddressInvalid:
        return address


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
