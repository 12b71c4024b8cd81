"""Accounts on a ledger that a scope keeps for its users: their keys, sealed, and who signs."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError

from accounts.ledger import remote_signing, signing
from accounts.ledger.errors import AccountTaken, Refused
from accounts.ledger.remote_signing import RemoteConfig
from accounts.ledger.signing import Signer
from accounts.models import LedgerAccount, User
from accounts.services import writing
from identity import errors, ids
from identity.actor import Actor
from identity.crypto import ed25519
from identity.scoping import inserts, prepared, statements
from identity.services import audit, resealing, sealing

PURPOSE: Final = "ledger-account.key"
_ACCOUNT: Final = prepared.prepare(
    lambda account: LedgerAccount.objects.filter(id=account), "account"
)
_GIVE: Final = (
    "UPDATE accounts_ledgeraccount SET user_id = %s"
    " WHERE scope_id = %s AND id = %s AND user_id IS NULL"
)
REMOTE_PURPOSE: Final = "ledger-account.remote-signer"
SEALED: Final = resealing.column(LedgerAccount, "sealed_key", purpose=PURPOSE)
SEALED_REMOTE: Final = resealing.column(
    LedgerAccount, "sealed_remote_config", purpose=REMOTE_PURPOSE
)


def keep(
    *,
    network: str,
    account_id: str,
    seed: bytes,
    by: Actor,
    now: datetime,
    user: User | None = None,
    remote: RemoteConfig | None = None,
) -> LedgerAccount:
    """Keep an account of a ledger whose Ed25519 seed (32 bytes) is known here.

    With `remote` its transactions are signed there; the seed is for proofs then. Whether the key is
    the account's was asked by the caller. Keeping the same account with the same
    key again gives the row that is there, and hands it to `user` if it was nobody's. Raises
    AccountTaken for an account of somebody else and for a user who has another one, KeyInvalid,
    SealUnavailable.
    """
    public_key = ed25519.parse_private(seed).public.raw
    row_id = ids.new()
    row = LedgerAccount(
        id=row_id,
        scope_id=by.scope_id,
        user=user,
        network=network,
        account_id=account_id,
        public_key=public_key,
        sealed_key=sealing.seal(seed, purpose=PURPOSE, subject=str(row_id)),
        created_at=now,
    )
    if remote is not None:
        row.signer = LedgerAccount.Signer.REMOTE
        row.sealed_remote_config = sealing.seal(
            remote.encoded(), purpose=REMOTE_PURPOSE, subject=str(row_id)
        )
    return _kept(row, by=by, now=now)


def give(*, account: LedgerAccount, user: User, by: Actor, now: datetime) -> LedgerAccount:
    """Hand an account that is nobody's yet to a user; again for the same user is no change.

    Raises AccountTaken if it is somebody else's by now, or if the user has another one.
    """
    try:
        with writing.of(by):
            return _given(account, user, by=by, now=now)
    except IntegrityError:
        raise AccountTaken("This user has a ledger account already.") from None


def named(account_id: UUID) -> LedgerAccount:
    """The account of the scope in force whose row has this id. Raises `Missing`."""
    found = _ACCOUNT.instance(LedgerAccount, account=account_id)
    if found is None:
        raise errors.Missing("There is no such ledger account.")
    return found


def signer_of(account: LedgerAccount) -> Signer:
    """Who signs for an account's transactions. Calls nobody yet.

    Raises SealBroken, SealUnavailable.
    """
    if account.signer == LedgerAccount.Signer.LOCAL:
        return signing.local(open_key(account))
    return remote_signing.signer(remote_config(account), bytes(account.public_key))


def remote_config(account: LedgerAccount) -> RemoteConfig:
    """Who signs for a REMOTE account, with secrets in it. Raises SealBroken, SealUnavailable."""
    sealed, subject = bytes(account.sealed_remote_config), str(account.id)
    return remote_signing.decoded(sealing.unseal(sealed, purpose=REMOTE_PURPOSE, subject=subject))


def open_key(account: LedgerAccount) -> bytes:
    """The seed of an account, for proofs with its key: a secret of 32 bytes.

    Raises Refused if its key is not here, SealBroken, SealUnavailable.
    """
    sealed = bytes(account.sealed_key)
    if not sealed:
        raise Refused("The key of this ledger account is not kept here.")
    return sealing.unseal(sealed, purpose=PURPOSE, subject=str(account.id))


def _kept(row: LedgerAccount, *, by: Actor, now: datetime) -> LedgerAccount:
    with writing.of(by):
        if not inserts.insert_unless_there(row):
            return _same(row, by=by, now=now)
        facts = {"account": row.account_id, "network": row.network, "signer": row.signer}
        if row.user is not None:
            facts["user"] = str(row.user.public_id)
        _record("ledger-account.kept", row, facts, by=by, now=now)
    return row


def _given(account: LedgerAccount, user: User, *, by: Actor, now: datetime) -> LedgerAccount:
    values = inserts.bound(LedgerAccount, user=user.id, scope=by.scope_id, id=account.id)
    given = statements.count(_GIVE, values)
    found = named(account.id)
    if found.user_id != user.id:
        raise AccountTaken
    if given:
        facts = {"account": found.account_id, "user": str(user.public_id)}
        _record("ledger-account.given", found, facts, by=by, now=now)
    return found


def _same(row: LedgerAccount, *, by: Actor, now: datetime) -> LedgerAccount:
    found = LedgerAccount.objects.filter(network=row.network, account_id=row.account_id).first()
    if found is None:
        raise AccountTaken("This user has a ledger account already.")
    if bytes(found.public_key) != bytes(row.public_key):
        raise AccountTaken
    if row.user is None or found.user_id == row.user_id:
        return found
    return give(account=found, user=row.user, by=by, now=now)


def _record(
    name: str, row: LedgerAccount, facts: dict[str, str], *, by: Actor, now: datetime
) -> None:
    audit.record(name, by=by, subject=("ledger-account", str(row.id)), now=now, facts=facts)
