"""Passkeys: added, renamed, used, removed; found by their credential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction

from accounts import errors
from accounts.models import Passkey, User
from accounts.services import managed_keys, proving_keys, sign_in_notices, ways_in, writing
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto.passkey import Asserted, Registered
from identity.scoping import current, inserts, prepared, statements
from identity.services import audit

MOST: Final = 20
"""Passkeys of one user."""
LONGEST_NAME: Final = 100
LONGEST_REASON: Final = 512
UNNAMED: Final = "Passkey"
_COLUMNS: Final = [each.attname for each in Passkey._meta.concrete_fields]  # noqa: SLF001 public
_COLUMNS_OF_USER: Final = [each.attname for each in User._meta.concrete_fields]  # noqa: SLF001
_KNOWN: Final = prepared.prepare(
    lambda credential: Passkey.objects.filter(
        credential_id=credential, user__deleted_at__isnull=True
    ).values_list(*_COLUMNS, *(f"user__{name}" for name in _COLUMNS_OF_USER)),
    "credential",
)
_HANDLES: Final = prepared.prepare(
    lambda user: Passkey.objects.filter(user_id=user).values_list("handle")[:MOST], "user"
)
# WebAuthn section 6.1.1: the count grows, or stays 0 for who does not count.
_USE: Final = """
UPDATE accounts_passkey SET sign_count = %s, is_backed_up = %s, was_verified = %s,
  last_used_at = %s
WHERE scope_id = %s AND id = %s AND suspended_at IS NULL
  AND (sign_count < %s OR (sign_count = 0 AND %s = 0))
"""


class CountRegressed(Exception):
    """The signature counter of a passkey did not grow, or the passkey may not be used."""


@dataclass(frozen=True, slots=True)
class New:
    """A credential that was verified just now, with what is stored beside it."""

    registered: Registered
    name: str
    handle: str
    rp_id: str
    transports: Sequence[str] = ()


def known(credential_id: str) -> Passkey | None:
    """The passkey of this credential in the scope in force, with its user."""
    row = _KNOWN.one(credential=credential_id)
    if row is None:
        return None
    found = Passkey.from_db(DEFAULT_DB_ALIAS, _COLUMNS, row[: len(_COLUMNS)])
    found.user = User.from_db(DEFAULT_DB_ALIAS, _COLUMNS_OF_USER, row[len(_COLUMNS) :])
    return found


def add(*, user_id: UUID, new: New, by: Actor, now: datetime) -> Passkey:
    """Store a credential of a user. Of any number of parallel calls for the same one, one does.

    Whoever has a passkey has an account that signs, too: it is made with the first one. All
    passkeys of a user have one handle; one that was begun with another is refused. Raises
    `accounts.errors.PasskeyTaken`, `PasskeyRefused`, `TooManyPasskeys`, `identity.errors.Missing`,
    `Invalid`.
    """
    with writing.of(by):
        user = ways_in.lock(user_id)
        _require_room(user_id, new)
        return _add(user, new, by=by, now=now)


def add_first(*, user: User, new: New, by: Actor, now: datetime) -> Passkey:
    """Store the credential of a user whom the caller's transaction made: nobody else knows them.

    Raises `accounts.errors.PasskeyTaken`, `identity.errors.Invalid`.
    """
    return _add(user, new, by=by, now=now)


def add_further(*, user_id: UUID, new: New, by: Actor, now: datetime) -> Passkey:
    """As `add`, to an account that there was before: its owner hears of it by mail."""
    with writing.of(by):
        row = add(user_id=user_id, new=new, by=by, now=now)
        sign_in_notices.tell(row.user, sign_in_notices.PASSKEY_ADDED, now=now)
    return row


def rename(*, user_id: UUID, passkey_id: UUID, name: str, by: Actor, now: datetime) -> Passkey:
    """Call a passkey of a user something else. Raises `Missing`, `Invalid`."""
    shown = checked_name(name)
    with writing.of(by):
        row = Passkey.objects.select_for_update().filter(id=passkey_id, user_id=user_id).first()
        if row is None:
            raise refusals.Missing("There is no such passkey.")
        if row.name != shown:
            row.name = shown
            row.save(update_fields=["name"])
            _record("passkey.renamed", row, by=by, now=now)
    return row


def remove(*, user_id: UUID, passkey_id: UUID, by: Actor, now: datetime) -> None:
    """Let a passkey go; never the last way in.

    Sessions that it began end, and its proofs are fresh no more. Raises `Missing`,
    `accounts.errors.LastWayIn`.
    """
    with writing.of(by):
        ways_in.lock(user_id)
        row = Passkey.objects.filter(id=passkey_id, user_id=user_id).first()
        if row is None:
            raise refusals.Missing("There is no such passkey.")
        Passkey.objects.filter(id=row.id).delete()
        ways_in.require_one(user_id)
        _removed(row, by=by, now=now)


def take_away(*, user_id: UUID, passkey_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Remove somebody's passkey, also the last way in: it was lost, or there is a copy of it.

    What it opened ends as in `remove`. Raises `Missing`, `Invalid` for a reason that is too long.
    """
    if len(reason) > LONGEST_REASON:
        raise refusals.Invalid("This reason is too long.", field="reason")
    with writing.of(by):
        row = Passkey.objects.filter(id=passkey_id, user_id=user_id).first()
        if row is None or not Passkey.objects.filter(id=row.id).delete()[0]:
            raise refusals.Missing("There is no such passkey.")
        _removed(row, by=by, now=now, reason=reason)


def use(row: Passkey, asserted: Asserted, *, now: datetime) -> None:
    """Note a use, if the signature counter says that it is a new one.

    One statement compares and stores (WebAuthn §6.1.1, §7.2 step 21), so that of two answers with
    the same count one is taken. An authenticator that does not count always says 0. In a
    transaction; raises `CountRegressed`, at the latest with its next statement, which asks for an
    `alarm` when the transaction is over.
    """
    counted = asserted.sign_count
    changes = {
        "sign_count": counted,
        "is_backed_up": asserted.is_backed_up,
        "was_verified": asserted.is_verified,
        "last_used_at": now,
    }
    _use(row.id, changes)
    for name, value in changes.items():
        setattr(row, name, value)


def _use(passkey_id: UUID, changes: Mapping[str, Any]) -> None:
    counted, scope_id = changes["sign_count"], current.required_scope()
    values = [*changes.values(), scope_id, passkey_id, counted, counted]
    if connection.vendor != "postgresql":
        adapted = connection.ops.adapt_datetimefield_value(changes["last_used_at"])
        values[3:6] = [adapted, scope_id.hex, passkey_id.hex]
    statements.later(_USE, values, then=_require_counted)


def _require_counted(changed: int) -> None:
    if changed != 1:
        raise CountRegressed


def checked_name(name: str) -> str:
    """The name as it is stored. Raises `identity.errors.Invalid`."""
    text = " ".join(name.split()) or UNNAMED
    if len(text) > LONGEST_NAME or not text.isprintable():
        fault = f"A passkey's name has at most {LONGEST_NAME} visible characters."
        raise refusals.Invalid(fault, field="name")
    return text


def _add(user: User, new: New, *, by: Actor, now: datetime) -> Passkey:
    found = new.registered
    row = Passkey(
        id=ids.new(),
        scope_id=user.scope_id,
        user=user,
        name=checked_name(new.name),
        credential_id=found.credential_id,
        public_key=found.public_key,
        handle=new.handle,
        rp_id=new.rp_id,
        sign_count=found.sign_count,
        aaguid=found.aaguid,
        attestation=found.attestation,
        transports=list(new.transports),
        is_backup_eligible=found.is_backup_eligible,
        is_backed_up=found.is_backed_up,
        was_verified=found.is_verified,
        added_at=now,
    )
    try:
        with transaction.atomic():
            inserts.insert(row)
    except IntegrityError:
        raise errors.PasskeyTaken from None
    managed_keys.create(user=user, by=by, now=now)
    _record("passkey.added", row, by=by, now=now)
    return row


def _require_room(user_id: UUID, new: New) -> None:
    handles = [handle for (handle,) in _HANDLES.rows(user=user_id)]
    if len(handles) >= MOST:
        raise errors.TooManyPasskeys
    if set(handles) - {new.handle}:
        raise errors.PasskeyRefused("Your passkeys changed in the meantime. Begin anew.")


def alarm(row: Passkey, asserted: Asserted, *, now: datetime) -> None:
    """Put into the record that a counter went backwards; suspend a passkey that has no copy.

    Not to be called in a transaction that is given up.
    """
    by = actor.system(row.scope_id)
    with writing.of(by):
        stored = Passkey.objects.select_for_update().filter(id=row.id).first()
        if stored is None:
            return
        stored.alarmed_at = now
        # What may be copied from device to device tells no thief by its count.
        is_new = not stored.is_backup_eligible and stored.suspended_at is None
        if is_new:
            stored.suspended_at = now
        stored.save(update_fields=["alarmed_at", "suspended_at"])
        subject = ("passkey", str(row.id))
        facts = {
            "user": str(row.user_id),
            "stored": stored.sign_count,
            "sent": asserted.sign_count,
            "is_suspended": stored.suspended_at is not None,
        }
        audit.record("passkey.count-regressed", by=by, subject=subject, now=now, facts=facts)
        if is_new:
            sign_in_notices.tell(stored.user, sign_in_notices.PASSKEY_SUSPENDED, now=now)


def _removed(row: Passkey, *, by: Actor, now: datetime, **more: str) -> None:
    _record("passkey.removed", row, by=by, now=now, **more)
    proving_keys.removed(proving_keys.of_passkey(row.id), row.user_id, by=by, now=now)
    sign_in_notices.tell(row.user, sign_in_notices.PASSKEY_REMOVED, now=now)


def _record(event: str, row: Passkey, *, by: Actor, now: datetime, **more: str) -> None:
    facts = {"user": str(row.user_id), "name": row.name, "aaguid": str(row.aaguid), **more}
    audit.record(event, by=by, subject=("passkey", str(row.id)), now=now, facts=facts)
