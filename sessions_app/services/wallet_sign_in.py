"""Signing in by a wallet: a challenge of ours, a signature of the key's, a session.

Two ways to say the same: a text that people can read (CAIP-122, of which EIP-4361 is the form for
Ethereum), and a token that a wallet signs (`identity.crypto.wallet_jwt`).
"""

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from accounts import errors as accounts_errors
from accounts.models import User, Wallet
from accounts.services import profiles, proving_keys, wallets
from accounts.services.profiles import Newcomer
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import AddressInvalid, KeyInvalid, SignatureInvalid, TokenInvalid
from identity.errors import Invalid
from identity.services import neighbourhoods, rates, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import first_factor, history, spent_tokens
from sessions_app.services.sessions import Origin, Proof

_ANSWERS: Final = frozenset(
    {"action", "requestedClaims", "appInfo", "authInfo", "chainInfo", "url", "origin"}
)
"""What stands in a wallet's answer to a site that asked it to sign in there."""
MOST_NOTED: Final = (10, 60 * 60)
"""How many refusals in how many seconds the history keeps of one user from one neighbourhood."""
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
    claims = _verified(sent, key, now=now)
    if "challenge" not in claims.body:
        if not _may_lack_challenge():
            raise SignInRefused
    elif not _names(claims, sent.challenge):
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
    first_factor.admit(user, Session.Method.WALLET, origin=origin, now=now)


def admitted(key: wallets.Key, newcomer: Newcomer, *, origin: Origin, now: datetime) -> User:
    """`person` and then `admit`. Raises SignUpClosed, SignInRefused."""
    user = person(key, newcomer, now=now)
    admit(user, origin=origin, now=now)
    return user


@contextmanager
def remembered(address: str, origin: Origin, *, now: datetime) -> Iterator[None]:
    """Put a refusal within into the history of the user whose wallet this is, if it is anybody's.

    The refusal goes on as it is. Anybody can name a wallet, so what is kept is bounded. Not to be
    used in a transaction.
    """
    try:
        yield
    except SignInRefused as refusal:
        note_refused(address, refusal.code, origin, now=now)
        raise


def note_refused(address: str, reason: str, origin: Origin, *, now: datetime) -> None:
    """Put into the history that somebody failed to sign in by this wallet; bounded."""
    user = wallets.holder(address)
    if user is None:
        return
    limit, window = MOST_NOTED
    key = f"refused wallet {user.id} {neighbourhoods.of(origin.address) if origin.address else ''}"
    try:
        rates.hit(key, limit=limit, window=window, now=int(now.timestamp()))
    except rates.RateLimited:
        return
    history.refused(
        user_id=user.id,
        method=Session.Method.WALLET,
        provider_name=str(Session.Method.WALLET),
        reason=reason,
        address=origin.address,
        user_agent=origin.user_agent,
        now=now,
    )


def proof_of(key: wallets.Key) -> Proof:
    """How the holder of a proven key signed in."""
    word = proving_keys.of_wallet(key.address)
    return Proof(Session.Method.WALLET, wallet_os=key.wallet_os, key=word)


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


def _verified(sent: Token, key: _Key, *, now: datetime) -> wallet_jwt.Claims:
    try:
        claims = wallet_jwt.verify(sent.token, key.public, now=int(now.timestamp()))
    except TokenInvalid:
        raise SignInRefused from None
    # One key has an address for each role: the token must say the one that is signed in.
    if claims.issuer.text != key.wallet.address:
        raise SignInRefused
    return claims


def _names(claims: wallet_jwt.Claims, challenge: str) -> bool:
    """Whether the token says just this challenge, as a text that says something."""
    said = claims.text("challenge")
    return said != "" and hmac.compare_digest(
        said.encode("utf-8", "surrogatepass"), challenge.encode("utf-8", "surrogatepass")
    )


def _is_for(body: Mapping[str, Any], audience: str) -> bool:
    if not _ANSWERS.isdisjoint(body):
        return False
    named = [body[name] for name in _AUDIENCES if name in body]
    return all(name in (audience, did_address.PREFIX + audience) for name in named)


def _may_lack_challenge() -> bool:
    return scopes.settings().wallets_without_challenge
