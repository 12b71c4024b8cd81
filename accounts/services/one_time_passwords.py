"""One-time passwords (RFC 6238): set up, asked at sign-in with bounded tries, removed."""

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django_otp.oath import TOTP

from accounts import errors
from accounts.models import OneTimePassword, User
from accounts.services import recovery_codes, sign_in_notices, users, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.services import resealing, sealing

STEP: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""How many steps of 30 seconds the generator's clock may be off."""
MOST_WRONG: Final = 5
WINDOW: Final = timedelta(minutes=15)
LIFE_OF_BEGUN: Final = timedelta(minutes=30)
_SECRET_BYTES: Final = 20  # RFC 4226 §4, R6
_PURPOSE: Final = "one-time-password"
SEALED: Final = resealing.column(OneTimePassword, "sealed_secret", purpose=_PURPOSE)


@dataclass(frozen=True, slots=True)
class Begun:
    """A generator that waits for its first code; `secret` is shown to its owner alone."""

    secret: bytes

    @property
    def text(self) -> str:
        """The secret as people type it: base32 (RFC 4648 §6)."""
        return base64.b32encode(self.secret).decode()


def begin(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Make a secret for one's own generator; one that was begun earlier is forgotten.

    The generator in use stays in use until `confirm`. Raises `Missing`, `Forbidden` for others.
    """
    _require_own(user_id, by)
    row = OneTimePassword(id=ids.new(), scope_id=by.scope_id, user_id=user_id, created_at=now)
    row.sealed_secret = sealing.seal(
        os.urandom(_SECRET_BYTES), purpose=_PURPOSE, subject=str(row.id)
    )
    with writing.of(by):
        user = users.locked(user_id)
        _begun(user_id).delete()
        row.save(force_insert=True)
        users.record("one-time-password.begun", user, by=by, now=now)


def begun(*, user_id: UUID, now: datetime) -> Begun | None:
    """What was begun less than 30 minutes ago and waits for its first code."""
    row = _begun(user_id).filter(created_at__gt=now - LIFE_OF_BEGUN).first()
    return None if row is None else Begun(_secret(row))


def confirm(*, user_id: UUID, code: str, by: Actor, now: datetime) -> list[str]:
    """Take the begun generator into use with its first code; the recovery codes, shown once.

    It replaces the one before, and every session but the caller's ends: the mark in the account is
    part of them. Raises `accounts.errors.OneTimePasswordRefused`, `Conflict` where nothing was
    begun, `Missing`, `Forbidden` for others. Not to be called in a transaction: tries are counted.
    """
    _require_own(user_id, by)
    row = _begun(user_id).filter(created_at__gt=now - LIFE_OF_BEGUN).first()
    if row is None:
        raise refusals.Conflict("Begin anew: this secret is not waiting any more.")
    step = _checked(row, code, now=now)
    with writing.of(by):
        user = users.locked(user_id)
        OneTimePassword.objects.filter(user_id=user_id, confirmed_at__isnull=False).delete()
        if (
            not _begun(user_id)
            .filter(id=row.id)
            .update(confirmed_at=now, last_step=step, wrong_codes=0, wrong_codes_at=None)
        ):
            raise refusals.Conflict("Begin anew: this secret is not waiting any more.")
        User.objects.filter(id=user_id).update(one_time_password_id=row.id)
        codes = recovery_codes.renew(user_id=user_id, by=by, now=now)
        users.record("one-time-password.set", user, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.GENERATOR_SET, now=now)
    return codes


def check(*, user_id: UUID, code: str, by: Actor, now: datetime) -> None:
    """Refuse unless this is a fresh code of the generator in use, or an unused recovery code.

    A code is accepted once: one conditional statement moves the last accepted step on. At most
    five wrong ones in any 15 minutes are looked at, whatever runs in parallel; a try is reserved
    before, so this must not be called in a transaction (RuntimeError). Raises
    `accounts.errors.OneTimePasswordRefused` in the same words for every reason.
    """
    row = _in_use(user_id).first()
    if row is None:
        raise errors.OneTimePasswordRefused
    if recovery_codes.has_form(code):
        _reserve_try(row.id, now=now)
        recovery_codes.use(user_id=user_id, code=code, by=by, now=now)
    else:
        step = _checked(row, code, now=now)
        if not _in_use(user_id).filter(id=row.id, last_step__lt=step).update(last_step=step):
            raise errors.OneTimePasswordRefused
    _in_use(user_id).filter(id=row.id).update(wrong_codes=0, wrong_codes_at=None)


def reset(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Take the generator and the recovery codes from somebody who lost them.

    All sessions of the account end. Never one's own: whoever has a session could make it last.
    Raises `Missing`, also where there is none, and `Forbidden`.
    """
    if by.user_id == user_id:
        raise refusals.Forbidden("Somebody else has to remove it.")
    with writing.of(by):
        user = users.locked(user_id)
        if user.one_time_password_id is None:
            raise refusals.Missing("This account has no one-time password.")
        remove(user_id)
        users.record("one-time-password.reset", user, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.GENERATOR_REMOVED, now=now)


def remove_own(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Take one's own generator and recovery codes out of use.

    The caller has seen a fresh proof. Not for staff, whose own session could so be made to last.
    Raises `Missing` where there is none, `Forbidden`.
    """
    _require_own(user_id, by)
    with writing.of(by):
        user = users.locked(user_id)
        if user.is_staff:
            raise refusals.Forbidden("For staff somebody else has to remove it.")
        if user.one_time_password_id is None:
            raise refusals.Missing("This account has no one-time password.")
        remove(user_id)
        users.record("one-time-password.removed", user, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.GENERATOR_REMOVED, now=now)


def remove(user_id: UUID) -> None:
    """Forget all that belongs to one-time passwords of an account, in the caller's transaction."""
    User.objects.filter(id=user_id).update(one_time_password_id=None)
    OneTimePassword.objects.filter(user_id=user_id).delete()
    recovery_codes.remove(user_id)


def _checked(row: OneTimePassword, code: str, *, now: datetime) -> int:
    """The time step that this code is of (RFC 6238 §4.2). Raises `OneTimePasswordRefused`."""
    _reserve_try(row.id, now=now)
    text = "".join(code.split())
    if len(text) != DIGITS or not text.isascii() or not text.isdigit():
        raise errors.OneTimePasswordRefused
    generator = TOTP(_secret(row), step=STEP, digits=DIGITS)
    generator.time = now.timestamp()
    if not generator.verify(int(text), tolerance=DRIFT, min_t=row.last_step + 1):
        raise errors.OneTimePasswordRefused
    return int(generator.t())


def _reserve_try(generator_id: UUID, *, now: datetime) -> None:
    """Count one try as wrong before it is looked at; see `passwords`, which counts alike."""
    is_stale = Q(wrong_codes_at__isnull=True) | Q(wrong_codes_at__lte=now - WINDOW)
    with transaction.atomic(durable=True):
        counted = (
            OneTimePassword.objects.filter(is_stale | Q(wrong_codes__lt=MOST_WRONG))
            .filter(id=generator_id)
            .update(
                wrong_codes=Case(When(is_stale, then=Value(1)), default=F("wrong_codes") + 1),
                wrong_codes_at=now,
            )
        )
    if not counted:
        raise errors.OneTimePasswordRefused


def _secret(row: OneTimePassword) -> bytes:
    return sealing.unseal(bytes(row.sealed_secret), purpose=_PURPOSE, subject=str(row.id))


def _begun(user_id: UUID) -> QuerySet[OneTimePassword]:
    return OneTimePassword.objects.filter(user_id=user_id, confirmed_at__isnull=True)


def _in_use(user_id: UUID) -> QuerySet[OneTimePassword]:
    return OneTimePassword.objects.filter(user_id=user_id, confirmed_at__isnull=False)


def _require_own(user_id: UUID, by: Actor) -> None:
    if by.user_id != user_id:
        raise refusals.Forbidden("A generator is set up by its owner.")
