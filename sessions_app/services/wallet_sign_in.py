"""Signing in by a wallet: a challenge of ours, a signature of the key's, a session.

Two ways to say the same: a text that people can read (CAIP-122, of which EIP-4361 is the form for
Ethereum), and a token that a wallet signs (`identity.crypto.wallet_jwt`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from accounts import errors as accounts_errors
from accounts.models import User, Wallet
from accounts.services import profiles, wallets
from accounts.services.profiles import Newcomer
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import AddressInvalid, KeyInvalid, SignatureInvalid, TokenInvalid
from identity.errors import Invalid
from identity.services import scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import first_factor, spent_tokens
from sessions_app.services.sessions import Origin, Proof

_ANSWERS: Final = frozenset(
    {"action", "requestedClaims", "appInfo", "authInfo", "chainInfo", "url", "origin"}
)
"""What stands in a wallet's answer to a site that asked it to sign in there."""
_AUDIENCES: Final = ("aud", "appPid", "appDid", "appId")
_KINDS: Final = {
    KeyKind.ED25519: Wallet.Kind.ED25519,
    KeyKind.SECP256K1: Wallet.Kind.SECP256K1,
    KeyKind.ETHEREUM: Wallet.Kind.ETHEREUM,
}


@dataclass(frozen=True, slots=True)
class Token:
    """What a wallet sends with its token: whose it is, under which key, to which challenge."""

    address: str
    public_key: str
    token: str
    challenge: str
    wallet_os: str = ""


def prove_token(sent: Token, *, audience: str, now: datetime) -> wallets.Key:
    """Check a wallet's token and spend it; the key that it proves. The scope must be in force.

    The address must be that of the key, the token its own, for now, over this challenge, and
    never seen before in any scope: of two at the same time one is taken. A token that a wallet
    made for somebody else, as far as it says so, is refused: it may name `audience` alone, and is
    no answer to another site's request. Raises `identity.errors.Invalid` for an address or a key
    that can't be read or don't belong together, SignInRefused for the rest.
    """
    key = _key(sent)
    claims = _verified(sent, key.public, now=now)
    said = claims.body.get("challenge")
    if said is None or said == "":
        if not _may_lack_challenge():
            raise SignInRefused
    elif said != sent.challenge:
        raise SignInRefused
    if not _is_for(claims.body, audience):
        raise SignInRefused
    expires_at = datetime.fromtimestamp(claims.expires_at + wallet_jwt.TOLERANCE, tz=UTC)
    spent_tokens.spend(claims.digest, expires_at=expires_at)
    return key.wallet


def key_of(address: str, public_key: str) -> wallets.Key:
    """The key that an address belongs to; it proves nothing. Raises `identity.errors.Invalid`."""
    return _key(Token(address, public_key, token="", challenge="")).wallet


def person(
    key: wallets.Key, newcomer: Newcomer, *, now: datetime, is_welcome: bool | None = None
) -> User:
    """The user whom a proven key signs in, made now if newcomers are welcome in the scope.

    `is_welcome` decides instead of the scope's setting where somebody else vouches. Raises
    SignUpClosed, SignInRefused.
    """
    found = wallets.holder(key.address)
    if found is not None:
        return found
    if not (scopes.settings().sign_up if is_welcome is None else is_welcome):
        raise SignUpClosed
    try:
        return profiles.join(newcomer, key=key, now=now)
    except (accounts_errors.WalletTaken, accounts_errors.NameTaken):
        # Somebody proved the same key at the same moment, or it only names an account here.
        found = wallets.holder(key.address)
        if found is None:
            raise SignInRefused from None
        return found


def admit(user: User, *, origin: Origin, now: datetime) -> None:
    """Let a user in whose key was proven, if nothing stands against signing in from there.

    A refusal is put into the user's history. Not to be called in a transaction. Raises
    SignInRefused.
    """
    try:
        first_factor.require_usable(user, address=origin.address, now=now)
    except SignInRefused as refusal:
        first_factor.refused(user.id, Session.Method.WALLET, refusal.code, origin, now=now)
        raise


def admitted(key: wallets.Key, newcomer: Newcomer, *, origin: Origin, now: datetime) -> User:
    """`person` and then `admit`. Raises SignUpClosed, SignInRefused."""
    user = person(key, newcomer, now=now)
    admit(user, origin=origin, now=now)
    return user


def proof_of(key: wallets.Key) -> Proof:
    """How the holder of a proven key signed in."""
    return Proof(Session.Method.WALLET, wallet_os=key.wallet_os)


@dataclass(frozen=True, slots=True)
class _Key:
    public: wallet_keys.PublicKey
    wallet: wallets.Key


def _key(sent: Token) -> _Key:
    try:
        address = did_address.parse(sent.address)
        public = wallet_keys.parse_public(sent.public_key)
        wallet_keys.verify_owner(address, public)
    except (AddressInvalid, KeyInvalid, SignatureInvalid) as error:
        raise Invalid("The address and the public key do not belong together.") from error
    kind = _KINDS.get(public.kind)
    if kind is None or address.role is not did_address.Role.ACCOUNT:
        raise Invalid("This is not the address of a wallet's account.")
    wallet = wallets.Key(kind, address.text, public.raw.hex(), sent.wallet_os)
    return _Key(public, wallet)


def _verified(sent: Token, public: wallet_keys.PublicKey, *, now: datetime) -> wallet_jwt.Claims:
    try:
        return wallet_jwt.verify(sent.token, public, now=int(now.timestamp()))
    except TokenInvalid:
        raise SignInRefused from None


def _is_for(body: Mapping[str, Any], audience: str) -> bool:
    if not _ANSWERS.isdisjoint(body):
        return False
    named = [body[name] for name in _AUDIENCES if name in body]
    return all(name in (audience, did_address.PREFIX + audience) for name in named)


def _may_lack_challenge() -> bool:
    return scopes.settings().wallets_without_challenge
