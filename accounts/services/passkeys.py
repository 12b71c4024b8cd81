"""Passkeys: added, renamed, used, removed; found by their credential."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import errors
from accounts.models import Passkey
from accounts.services import managed_keys, ways_in, writing
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto.passkey import Asserted, Registered
from identity.services import audit

MOST: Final = 20
"""Passkeys of one user."""
LONGEST_NAME: Final = 100
LONGEST_REASON: Final = 512
UNNAMED: Final = "Passkey"


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
    rows = Passkey.objects.select_related("user").filter(credential_id=credential_id)
    return rows.filter(user__deleted_at__isnull=True).first()


def add(*, user_id: UUID, new: New, by: Actor, now: datetime) -> Passkey:
    """Store a credential of a user. Of any number of parallel calls for the same one, one does.

    Whoever has a passkey has an account that signs, too: it is made with the first one. All
    passkeys of a user have one handle; one that was begun with another is refused. Raises
    `accounts.errors.PasskeyTaken`, `PasskeyRefused`, `TooManyPasskeys`, `identity.errors.Missing`,
    `Invalid`.
    """
    found = new.registered
    with writing.of(by):
        user = ways_in.lock(user_id)
        _require_room(user_id, new)
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
                row.save(force_insert=True)
        except IntegrityError:
            raise errors.PasskeyTaken from None
        managed_keys.create(user=user, by=by, now=now)
        _record("passkey.added", row, by=by, now=now)
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
    """Let a passkey go; never the last way in. Raises `Missing`, `accounts.errors.LastWayIn`."""
    with writing.of(by):
        ways_in.lock(user_id)
        row = Passkey.objects.filter(id=passkey_id, user_id=user_id).first()
        if row is None:
            raise refusals.Missing("There is no such passkey.")
        Passkey.objects.filter(id=row.id).delete()
        ways_in.require_one(user_id)
        _record("passkey.removed", row, by=by, now=now)


def take_away(*, user_id: UUID, passkey_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Remove somebody's passkey, also the last way in: it was lost, or there is a copy of it.

    Raises `Missing`, `Invalid` for a reason that is too long.
    """
    if len(reason) > LONGEST_REASON:
        raise refusals.Invalid("This reason is too long.", field="reason")
    with writing.of(by):
        row = Passkey.objects.filter(id=passkey_id, user_id=user_id).first()
        if row is None or not Passkey.objects.filter(id=row.id).delete()[0]:
            raise refusals.Missing("There is no such passkey.")
        _record("passkey.removed", row, by=by, now=now, reason=reason)


def use(row: Passkey, asserted: Asserted, *, now: datetime) -> bool:
    """Note a use, if the signature counter says that it is a new one; whether it does.

    One statement compares and stores (WebAuthn §6.1.1, §7.2 step 21), so that of two answers with
    the same count one is taken. An authenticator that does not count always says 0. False leaves
    an alarm in the record, outside of any transaction that is given up, and suspends a passkey
    that should have no copy.
    """
    rows = Passkey.objects.filter(id=row.id, suspended_at__isnull=True)
    counted = asserted.sign_count
    fresh = rows.filter(sign_count__lt=counted) if counted else rows.filter(sign_count=0)
    changes = {
        "sign_count": counted,
        "is_backed_up": asserted.is_backed_up,
        "was_verified": asserted.is_verified,
        "last_used_at": now,
    }
    if fresh.update(**changes):
        for name, value in changes.items():
            setattr(row, name, value)
        return True
    _alarm(row, counted, now=now)
    return False


def checked_name(name: str) -> str:
    """The name as it is stored. Raises `identity.errors.Invalid`."""
    text = " ".join(name.split()) or UNNAMED
    if len(text) > LONGEST_NAME or not text.isprintable():
        fault = f"A passkey's name has at most {LONGEST_NAME} visible characters."
        raise refusals.Invalid(fault, field="name")
    return text


def _require_room(user_id: UUID, new: New) -> None:
    handles = Passkey.objects.filter(user_id=user_id).values_list("handle", flat=True)[:MOST]
    if len(handles) >= MOST:
        raise errors.TooManyPasskeys
    if set(handles) - {new.handle}:
        raise errors.PasskeyRefused("Your passkeys changed in the meantime. Begin anew.")


def _alarm(row: Passkey, counted: int, *, now: datetime) -> None:
    by = actor.system(row.scope_id)
    with writing.of(by):
        stored = Passkey.objects.select_for_update().filter(id=row.id).first()
        if stored is None:
            return
        stored.alarmed_at = now
        # What may be copied from device to device tells no thief by its count.
        if not stored.is_backup_eligible:
            stored.suspended_at = stored.suspended_at or now
        stored.save(update_fields=["alarmed_at", "suspended_at"])
        subject = ("passkey", str(row.id))
        facts = {
            "user": str(row.user_id),
            "stored": stored.sign_count,
            "sent": counted,
            "is_suspended": stored.suspended_at is not None,
        }
        audit.record("passkey.count-regressed", by=by, subject=subject, now=now, facts=facts)


def _record(event: str, row: Passkey, *, by: Actor, now: datetime, **more: str) -> None:
    facts = {"user": str(row.user_id), "name": row.name, "aaguid": str(row.aaguid), **more}
    audit.record(event, by=by, subject=("passkey", str(row.id)), now=now, facts=facts)
