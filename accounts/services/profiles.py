"""Profiles: made when somebody first arrives by a proof of their own, found ever after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from accounts import errors
from accounts.models import Profile, User, Wallet
from accounts.services import fields, places, users, wallets, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import did_address
from identity.crypto.errors import AddressInvalid
from identity.scoping import current, inserts, statements
from identity.services import audit

_SIGN_IN: Final = (
    "UPDATE accounts_profile SET last_sign_in_at = %s, last_sign_in_from = %s"
    " WHERE user_id = %s AND scope_id = %s"
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What is known of somebody who is not here yet.

    `username` is empty for those whom the wallet's address names. `is_email_verified` only where
    the address was proven, by a code of ours (`is_email_proven` too) or to the provider. `source`
    is the word that clients show for the way they came; `inviter` is an address.
    """

    username: str = ""
    full_name: str = ""
    email: str = ""
    is_email_verified: bool = False
    is_email_proven: bool = False
    locale: str = ""
    source: str = ""
    inviter: str = ""
    address: str = ""
    """The client's network address."""
    developer_key_id: UUID | None = None
    """The key whose holder said who this is."""

    def actor(self, scope_id: UUID, public_id: UUID) -> Actor:
        """Who makes the account: the newcomer, or the developer who speaks for one."""
        key_id = self.developer_key_id
        return Actor(
            ActorKind.SESSION if key_id is None else ActorKind.DEVELOPER,
            scope_id,
            public_id=public_id,
            developer_key_id=key_id,
            address=self.address,
        )


def join(newcomer: Newcomer, *, key: wallets.Key | None, now: datetime) -> User:
    """Make an active person of the scope in force with a profile, who proved `key`.

    Without a key the person is named by an address that nobody can sign for. Whether newcomers are
    welcome is the caller's question. Raises `accounts.errors.WalletTaken` and `NameTaken` if
    another call made the same person first, `identity.errors.Invalid`.
    """
    scope_id = current.required_scope()
    key = key or wallets.keyless()
    with transaction.atomic(), audit.gathered():
        public_id = ids.new()
        by = newcomer.actor(scope_id, public_id)
        user = _user(newcomer, public_id, key, by=by, now=now)
        wallets.insert(user, key, now=now)
        profile = _profile(user, key.address, key.public_key, now=now)
        _fill(profile, newcomer, now=now)
        inserts.insert(profile)
        facts = {"source": newcomer.source, "address": key.address}
        audit.record("user.joined", by=by, subject=("user", str(user.id)), now=now, facts=facts)
    return user


def ensure(*, user_id: UUID, by: Actor, now: datetime) -> Profile:
    """The profile of a user, made for one who came by an invitation. Raises `Missing`."""
    with writing.of(by):
        profile = Profile.objects.filter(user_id=user_id).first()
        if profile is not None:
            return profile
        user = users.locked(user_id)
        profile = Profile.objects.filter(user_id=user_id).first()
        if profile is not None:
            return profile
        first = Wallet.objects.filter(user_id=user_id).order_by("added_at", "id").first()
        if first is None:
            first = wallets.insert(user, wallets.keyless(), now=now)
        profile = _profile(user, first.address, first.public_key, now=now)
        profile.full_name = f"{user.first_name} {user.last_name}".strip()
        profile.email = user.email
        inserts.insert(profile)
        users.record("profile.made", user, by=by, now=now, address=profile.address)
    return profile


def of(user_id: UUID) -> Profile | None:
    """The profile of a user of the scope in force."""
    return Profile.objects.select_related("user").filter(user_id=user_id).first()


def by_address(text: str) -> Profile | None:
    """The profile whose user is known by this address or DID, of whichever wallet."""
    try:
        address = did_address.normalise(text)
    except AddressInvalid:
        address = text
    own = Profile.objects.select_related("user").filter(address=address).first()
    if own is not None:
        return own
    wallet = wallets.known(address)
    return None if wallet is None else of(wallet.user_id)


def note_sign_in(*, user_id: UUID, address: str, now: datetime) -> bool:
    """Note when and from where a user came last; the session's own event is the record of it.

    False for who has no profile yet.
    """
    return bool(statements.count(_SIGN_IN, _arrival(user_id, address, now)))


def arrived(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """As `note_sign_in`, at the latest with the transaction's next statement.

    Makes the profile of who has none yet.
    """
    values = _arrival(user_id, by.address, now)

    def ensured(changed: int) -> None:
        if not changed:
            ensure(user_id=user_id, by=by, now=now)
            statements.count(_SIGN_IN, values)

    statements.later(_SIGN_IN, values, then=ensured)


def inviter_of(profile: Profile, text: str) -> tuple[UUID, int] | None:
    """Who invited somebody, and the generation that follows; None for what is to be ignored.

    Unknown inviters, oneself, and whoever was invited by oneself are ignored. Raises
    `accounts.errors.TooManyGenerations`.
    """
    inviter = by_address(text) if text else None
    if inviter is None or inviter.user_id == profile.user_id:
        return None
    above: Profile | None = inviter
    while above is not None and above.inviter is not None:
        if above.inviter == profile.user_id:
            return None
        above = of(above.inviter)
    if inviter.generation + 1 > Profile.MOST_GENERATION:
        raise errors.TooManyGenerations
    return inviter.user_id, inviter.generation + 1


def _user(
    newcomer: Newcomer, public_id: UUID, key: wallets.Key, *, by: Actor, now: datetime
) -> User:
    values = {"email": newcomer.email if newcomer.is_email_verified else ""}
    name = fields.new_username(newcomer.username or key.address, holds=key.address)
    user = users.new(public_id, name, values, by=by, now=now)
    user.status = User.Status.ACTIVE
    user, is_new = users.insert_once(user)
    if not is_new:
        raise refusals.Conflict
    return user


def _profile(user: User, address: str, public_key: str, *, now: datetime) -> Profile:
    return Profile(
        user=user,
        scope_id=user.scope_id,
        address=address,
        public_key=public_key,
        first_sign_in_at=now,
        last_sign_in_at=now,
        updated_at=now,
    )


def _fill(profile: Profile, newcomer: Newcomer, *, now: datetime) -> None:
    profile.full_name = fields.line(newcomer.full_name, name="full_name", most=200)
    profile.email = fields.email(newcomer.email) if newcomer.email else ""
    profile.is_email_verified = bool(profile.email) and newcomer.is_email_verified
    if profile.is_email_verified and newcomer.is_email_proven:
        profile.email_proven_at = now
    profile.locale = places.language(newcomer.locale, name="locale")
    profile.source = newcomer.source[:64]
    profile.last_sign_in_from = newcomer.address
    invited = inviter_of(profile, newcomer.inviter)
    if invited is not None:
        profile.inviter, profile.generation = invited


def _arrival(user_id: UUID, address: str, now: datetime) -> list[Any]:
    scope_id = current.required_scope()
    if connection.vendor == "postgresql":
        return [now, address, user_id, scope_id]
    at = connection.ops.adapt_datetimefield_value(now)
    return [at, address, user_id.hex, scope_id.hex]
