"""Signing in and up by a user key: the key is a wallet of the account, under its own text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.errors import NameTaken, WalletTaken
from accounts.models import User, Wallet
from accounts.queries import names
from accounts.services import profiles, proving_keys, user_names, wallets
from accounts.services.profiles import Newcomer
from identity.crypto.errors import SignatureInvalid
from identity.crypto.user_key import PublicKey
from identity.services import audit, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import first_factor, user_key_challenges
from sessions_app.services.sessions import Origin, Proof
from sessions_app.services.user_key_challenges import Act

SOURCE: Final = names.BY_KEY


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody new says of themselves; without a user name the key names them."""

    username: str = ""
    full_name: str = ""


def wallet_of(key: PublicKey) -> wallets.Key:
    """A user key as a wallet: its address is its own text."""
    return wallets.Key(Wallet.Kind.SECP256K1, key.text, key.point.hex())


def proof_of(message: str) -> Proof:
    """How the holder of the key in a text that was proven signed in. Raises ChallengeRefused."""
    key = proving_keys.of_wallet(user_key_challenges.key_in(message).text)
    return Proof(Session.Method.USER_KEY, key=key)


def sign_in(message: str, signature: str, *, origin: Origin, now: datetime) -> User:
    """The user of the scope in force whom a signed text of `Act.SIGN_IN` lets in.

    Who holds the key and may not come in stands in the user's history. Not to be called in a
    transaction. Raises ChallengeRefused, and SignInRefused, the same for a wrong signature, a key
    that nobody has, and a user who may not sign in, or not from there.
    """
    try:
        proven = user_key_challenges.prove(message, signature, act=Act.SIGN_IN, now=now)
    except SignatureInvalid:
        # Nobody guesses a signature, so nothing is noted: whose key it is makes no difference.
        raise SignInRefused from None
    user = wallets.holder(proven.key.text)
    if user is None:
        raise SignInRefused
    first_factor.admit(user, Session.Method.USER_KEY, origin=origin, now=now)
    return user


def sign_up(key: PublicKey, person: Person, *, origin: Origin, now: datetime) -> User:
    """Make a person of the scope in force, who proved the key, where newcomers are welcome.

    Of two at the same time with one key or one name, one is made. Raises SignUpClosed,
    `accounts.errors.NameTaken`, `WalletTaken`, `identity.errors.Invalid`.
    """
    if not scopes.settings().sign_up:
        raise SignUpClosed
    newcomer = Newcomer(
        username=person.username,
        full_name=person.full_name,
        source=SOURCE,
        address=origin.address,
    )
    try:
        with transaction.atomic(), audit.gathered():
            if person.username:
                user_names.require_free(user_names.chosen(person.username, holds=key.text))
            return profiles.join(newcomer, key=wallet_of(key), now=now)
    except NameTaken:
        if person.username:
            raise
    if wallets.known(key.text) is not None:
        raise WalletTaken
    raise NameTaken("Somebody has your key's text for a name. Sign up with a user name.")
