"""Account passwords: checked with bounded tries by every path, set, changed and reset."""

import functools
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn
from uuid import UUID

from django.contrib.auth import hashers
from django.db import connection, models, transaction
from django.db.models import QuerySet

from accounts import errors
from accounts import passwords as rules
from accounts.models import User
from accounts.services import guessing, hash_lane, sign_in_notices, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.scoping import current, statements
from identity.services import audit

OnChanged = Callable[..., object]

on_changed: list[OnChanged] = []
"""Called as `hook(user_id, by=…, now=…)` in the transaction that sets, changes or removes a
password, by rooms above that end what somebody else may have opened. They are added at start."""

MOST_WRONG = 10
WINDOW = timedelta(minutes=15)


def make_verifier(password: str) -> str:
    """What is stored in a password's place: Argon2id with a salt of its own.

    Raises `accounts.errors.PasswordUnfit` for a password that can't be used and
    `accounts.errors.Busy` when too many are being hashed.
    """
    text = rules.acceptable(password)
    with hash_lane.LANE.turn():
        return hash_lane.LANE.hashed(lambda: hashers.make_password(text))


def check(*, user_id: UUID | None, password: str, now: datetime, address: str = "") -> None:
    """As `prove`, and the try counts no more."""
    prove(user_id=user_id, password=password, now=now, address=address)
    if user_id is not None:
        settle(user_id=user_id, now=now, address=address)


def prove(*, user_id: UUID | None, password: str, now: datetime, address: str = "") -> None:
    """Refuse unless this is the password of this user of the scope in force.

    Every path that takes a password goes through here and shares one counter for each account: at
    most ten wrong ones in any 15 minutes, whatever runs in parallel. A try is reserved by one
    conditional statement that is committed before the hash begins, so this must not be called in a
    transaction (RuntimeError). It stays counted until it is settled. Unknown users (None too),
    accounts without a password and accounts without a try left are refused in the same words after
    the same time. `address` is the client's, "" where there is none: see `guessing`.

    Raises `accounts.errors.PasswordRefused`, `TooManyWrongPasswords` and `Busy`.
    """
    text = rules.comparable(password)
    # An id that nobody has costs the database what a user's costs.
    asked = user_id or ids.new()
    with hash_lane.LANE.turn():
        verifier = _reserve_try(asked, address, now=now)
        if verifier is None:
            _refuse_slowly(asked)
        is_right, is_outdated = _compare(text, verifier)
        if not is_right or text is None:
            raise errors.PasswordRefused
        if is_outdated:
            _upgrade(asked, text, verifier)


def settle(*, user_id: UUID, now: datetime, address: str = "") -> None:
    """The password that was proven was right: its try counts no more, nor those before it.

    In the transaction of what it was proven for, or at once outside one.
    """
    # In the order of `_reserve_try`: two that wait for each other would wait for ever.
    guessing.give_back(address, now=now)
    statements.later(_FORGETTING, _whose(user_id))


def is_set(*, user_id: UUID) -> bool:
    """Whether this account is protected by a password."""
    return bool(_verifier_of(user_id))


def set_first(*, user_id: UUID, verifier: str, by: Actor, now: datetime) -> None:
    """Protect an account that has no password. Raises `Conflict` if it has one by now."""
    with writing.of(by):
        if not _account(user_id).filter(password="").update(**_new(verifier, by=by, now=now)):
            _require_user(user_id)
            raise refusals.Conflict("This account has a password already.")
        _record("password.set", user_id, by=by, now=now)


def change(*, user_id: UUID, old: str, new: str, by: Actor, now: datetime) -> None:
    """Replace the password by one who knows the old one; `new` empty removes it.

    Raises what `check` and `make_verifier` raise.
    """
    check(user_id=user_id, password=old, now=now, address=by.address)
    store(user_id=user_id, verifier=make_verifier(new) if new else "", by=by, now=now)


def store(*, user_id: UUID, verifier: str, by: Actor, now: datetime) -> None:
    """Set the verifier of an account, or remove its password if that is empty.

    The caller has checked the old password or has others' approval. Owners hear of it by mail,
    since it may have been somebody else who asked as them. Raises `Missing`.
    """
    with writing.of(by):
        if not _account(user_id).update(**_new(verifier, by=by, now=now)):
            raise refusals.Missing("There is no such user.")
        name = "password.changed" if verifier else "password.removed"
        _record(name, user_id, by=by, now=now)
        for hook in on_changed:
            hook(user_id, by=by, now=now)
        if by.user_id == user_id:
            what = sign_in_notices.PASSWORD_SET if verifier else sign_in_notices.PASSWORD_REMOVED
            sign_in_notices.tell(_account(user_id).get(), what, now=now)


def reset(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Remove the password of an account whose owner lost it. Raises `Missing`."""
    with writing.of(by):
        if not _account(user_id).update(**_new("", by=by, now=now)):
            raise refusals.Missing("There is no such user.")
        _record("password.reset", user_id, by=by, now=now)


def _account(user_id: UUID) -> QuerySet[User]:
    return User.objects.filter(id=user_id, kind=User.Kind.PERSON, deleted_at__isnull=True)


def _reserve_try(user_id: UUID, address: str, *, now: datetime) -> str | None:
    """Count one try as wrong before it is looked at: the verifier, None when no try is left.

    Where the address has none left, the account's try is not touched. The count starts anew only
    after 15 minutes without a counted try. So no interval of that length ever holds more than ten,
    as two windows side by side would.
    """
    since = _moment(now - WINDOW)
    values = [_moment(now), since, *_whose(user_id), since, MOST_WRONG]
    at_once = None if connection.in_atomic_block else guessing.counting(address, now=now)
    if at_once is not None:
        return _reserve_at_once(at_once, values)
    # Raises RuntimeError unless the only transaction around us is a test's own.
    with transaction.atomic(durable=True):
        statements.commit_without_waiting()
        guessing.reserve_later(address, now=now)
        found = statements.rows(_RESERVATION, values)
    return str(found[0][0]) if found else None


def _reserve_at_once(counting: guessing.Counting, values: list[Any]) -> str | None:
    counted = counting.statement
    sql = _AT_ONCE.format(counting=counted.sql)
    is_counted, verifier, _ = statements.rows(sql, [*counted.values, *values])[0]
    if not is_counted:
        counting.refuse()
    return None if verifier is None else str(verifier)


def _whose(user_id: UUID) -> list[Any]:
    identity = (current.required_scope(), user_id)
    return [_ID.get_db_prep_value(value, connection) for value in identity]


def _moment(at: datetime) -> Any:
    return _TIME.get_db_prep_value(at, connection)


# Sign-ins are hot: both statements would cost the ORM more to make than the database to run.
_ID: Final = models.UUIDField()
_TIME: Final = models.DateTimeField()
_TRY: Final = """
UPDATE accounts_user SET wrong_passwords_at = %s,
  wrong_passwords = CASE WHEN wrong_passwords_at IS NULL OR wrong_passwords_at <= %s THEN 1
    ELSE wrong_passwords + 1 END
WHERE scope_id = %s AND id = %s AND kind = 'person' AND deleted_at IS NULL
  AND password <> '' AND status <> 'disabled'
  AND (wrong_passwords_at IS NULL OR wrong_passwords_at <= %s OR wrong_passwords < %s)
"""
_RESERVATION: Final = f"{_TRY}RETURNING password"
# On PostgreSQL one round trip does it all, and its commit does not wait for the disk.
_AT_ONCE: Final = f"""
WITH counted AS ({{counting}}),
  reserved AS ({_TRY} AND EXISTS (SELECT 1 FROM counted) RETURNING password)
SELECT EXISTS (SELECT 1 FROM counted), (SELECT password FROM reserved),
  set_config('synchronous_commit', 'off', true)
"""  # noqa: S608 texts of ours; values are bound
_FORGETTING: Final = """
UPDATE accounts_user SET wrong_passwords = 0, wrong_passwords_at = NULL
WHERE scope_id = %s AND id = %s AND kind = 'person' AND deleted_at IS NULL
"""


def _refuse_slowly(user_id: UUID) -> NoReturn:
    """Refuse an unknown user or a password of none with a hash, an exhausted account without.

    A sleep of a hash's length costs no core, and the account's existence does not show.
    """
    if hash_lane.LANE.has_pace() and _verifier_of(user_id):
        hash_lane.LANE.idle()
    else:
        _compare(None, "")
    raise errors.PasswordRefused


def _verifier_of(user_id: UUID) -> str:
    found = _account(user_id).values_list("password", flat=True).first()
    return found or ""


def _compare(text: str | None, verifier: str) -> tuple[bool, bool]:
    """Hash once in any case: what can't be right is compared with nobody's verifier."""
    nobodys = _nobodys_verifier()
    if text is None or not verifier:
        hash_lane.LANE.hashed(lambda: hashers.verify_password("", nobodys))
        return False, False
    return hash_lane.LANE.hashed(lambda: hashers.verify_password(text, verifier))


@functools.cache
def _nobodys_verifier() -> str:
    return hashers.make_password(secrets.token_urlsafe(32))


def _upgrade(user_id: UUID, text: str, verifier: str) -> None:
    # A password that was changed in the meantime is left alone.
    made = hash_lane.LANE.hashed(lambda: hashers.make_password(text))
    _account(user_id).filter(password=verifier).update(password=made)


def _new(verifier: str, *, by: Actor, now: datetime) -> dict[str, object]:
    return {
        "password": verifier,
        "wrong_passwords": 0,
        "wrong_passwords_at": None,
        "updated_at": now,
        "updated_by": by.user_id,
    }


def _require_user(user_id: UUID) -> None:
    if not _account(user_id).exists():
        raise refusals.Missing("There is no such user.")


def _record(name: str, user_id: UUID, *, by: Actor, now: datetime) -> None:
    audit.record(name, by=by, subject=("user", str(user_id)), now=now)
