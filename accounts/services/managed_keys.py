"""Accounts that the server holds: one for each user of a scope, made once, never given out."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import ManagedKey, User
from accounts.services import opened_managed_keys, writing
from identity import errors, ids
from identity.actor import Actor, ActorKind
from identity.crypto import ethereum_address, secp256k1
from identity.scoping import inserts, prepared
from identity.services import audit

_OF_USER: Final = prepared.prepare(lambda user: ManagedKey.objects.filter(user_id=user), "user")


def create(*, user: User, now: datetime, by: Actor | None = None) -> ManagedKey:
    """The account of a user of the scope in force, made if there is none yet.

    Of any number of parallel calls one makes it and all get the same. `by` is the user where
    nobody is named. Raises SealUnavailable.
    """
    found = _OF_USER.instance(ManagedKey, user=user.id)
    if found is not None:
        return found
    acting = by or Actor(
        ActorKind.SESSION, user.scope_id, user_id=user.id, public_id=user.public_id
    )
    with writing.of(acting):
        try:
            with transaction.atomic():
                return _made(user, by=acting, now=now)
        except IntegrityError:
            return ManagedKey.objects.get(user_id=user.id)


def ensure(*, user_id: UUID, by: Actor, now: datetime) -> ManagedKey:
    """The account of a user who may have come before there were any. Raises `Missing`."""
    user = User.objects.filter(id=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise errors.Missing("There is no such user.")
    return create(user=user, by=by, now=now)


def _made(user: User, *, by: Actor, now: datetime) -> ManagedKey:
    key_id = ids.new()
    private = secp256k1.generate()
    row = ManagedKey(
        id=key_id,
        scope_id=user.scope_id,
        user=user,
        address=ethereum_address.of_key(private.public.uncompressed[1:]),
        public_key=private.public.point,
        sealed_secret=opened_managed_keys.sealed(key_id, private.key.secret),
        created_at=now,
    )
    inserts.insert(row)
    facts = {"user": str(user.public_id), "address": row.address}
    audit.record(
        "managed-key.created", by=by, subject=("managed-key", str(key_id)), now=now, facts=facts
    )
    return row
