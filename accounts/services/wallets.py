"""Wallets: bound to a user by a proof of their key, found when they sign in, let go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import Profile, User, Wallet
from accounts.services import did_proofs, dids, proving_keys, ways_in, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import ed25519, wallet_keys
from identity.scoping import inserts, prepared
from identity.services import audit

_HOLDER: Final = prepared.prepare(
    lambda address: User.objects.filter(wallets__address=address, wallets__is_keyless=False),
    "address",
)


@dataclass(frozen=True, slots=True)
class Key:
    """A wallet's key as it was proven: canonical address, public half in lower hex or ""."""

    kind: Wallet.Kind
    address: str
    public_key: str = ""
    wallet_os: str = ""
    is_keyless: bool = False


def keyless() -> Key:
    """An address that names somebody who has no wallet: its private half is gone at once.

    Clients know every user by an address. Nobody can sign for this one, neither we.
    """
    public = wallet_keys.public_of(ed25519.generate().public.raw)
    return Key(Wallet.Kind.ED25519, public.address(), public.raw.hex(), is_keyless=True)


def holder(address: str) -> User | None:
    """The user of the scope in force whom this wallet signs in."""
    return _HOLDER.instance(User, address=address)


def known(address: str) -> Wallet | None:
    """The wallet of this address in the scope in force, also a keyless one."""
    return Wallet.objects.filter(address=address).first()


def of(user_id: UUID) -> list[Wallet]:
    """The wallets of a user, oldest first."""
    return list(Wallet.objects.filter(user_id=user_id).order_by("added_at", "id"))


def insert(user: User, key: Key, *, now: datetime) -> Wallet:
    """Store a wallet in the caller's transaction and under its audit event.

    The unique address decides between two at the same time. Raises `accounts.errors.WalletTaken`.
    """
    wallet = Wallet(
        scope_id=user.scope_id,
        user=user,
        kind=key.kind,
        address=key.address,
        public_key=key.public_key,
        is_keyless=key.is_keyless,
        wallet_os=key.wallet_os[:32],
        added_at=now,
    )
    try:
        with transaction.atomic():
            inserts.insert(wallet)
    except IntegrityError:
        raise errors.WalletTaken from None
    return wallet


def add(*, user_id: UUID, key: Key, by: Actor, now: datetime) -> Wallet:
    """Bind a wallet whose key was just proven to a user; again is the same.

    Raises `accounts.errors.WalletTaken`, `identity.errors.Missing`.
    """
    with writing.of(by):
        user = User.objects.filter(id=user_id, deleted_at__isnull=True).first()
        if user is None:
            raise refusals.Missing("There is no such user.")
        earlier = known(key.address)
        if earlier is not None and earlier.user_id == user_id and not earlier.is_keyless:
            return earlier
        wallet = insert(user, key, now=now)
        record_added(wallet, by=by, now=now)
    return wallet


def remove(*, user_id: UUID, wallet_id: UUID, by: Actor, now: datetime) -> None:
    """Let a wallet go. The address by which clients know the user stays the user's for ever.

    Sessions that it began end, and its proofs are fresh no more. Raises `Missing`,
    `accounts.errors.LastWayIn`.
    """
    with writing.of(by):
        ways_in.lock(user_id)
        _remove(user_id, wallet_id, by=by, now=now)
        ways_in.require_one(user_id)


def take_away(*, user_id: UUID, wallet_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """As `remove`, also the last way in, with a reason for the record. Raises `Missing`."""
    with writing.of(by):
        ways_in.lock(user_id)
        _remove(user_id, wallet_id, by=by, now=now, reason=reason)


def _remove(user_id: UUID, wallet_id: UUID, *, by: Actor, now: datetime, **more: str) -> None:
    rows = Wallet.objects.filter(id=wallet_id, user_id=user_id, is_keyless=False)
    wallet = rows.first()
    if wallet is None:
        raise refusals.Missing("There is no such wallet.")
    if Profile.objects.filter(user_id=user_id, address=wallet.address).exists():
        # The row stays, so that nobody else gets the address; it opens nothing any more.
        rows.update(is_keyless=True)
    else:
        rows.delete()
    did = did_proofs.of_wallet(wallet)
    if did:
        dids.end_key(did, user_id=user_id, by=by, now=now)
    _record("wallet.removed", wallet, by=by, now=now, facts={"user": str(user_id), **more})
    proving_keys.removed(proving_keys.of_wallet(wallet.address), user_id, by=by, now=now)


def record_added(wallet: Wallet, *, by: Actor, now: datetime) -> None:
    """The event of a wallet that signs its user in from now on."""
    facts = {"user": str(wallet.user_id), "kind": str(wallet.kind)}
    _record("wallet.added", wallet, by=by, now=now, facts=facts)


def _record(name: str, wallet: Wallet, *, by: Actor, now: datetime, facts: dict[str, str]) -> None:
    audit.record(name, by=by, subject=("wallet", wallet.address), now=now, facts=facts)
