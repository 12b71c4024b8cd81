"""Users: people who are invited, changed, disabled and deleted; `programs` makes the others."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import errors
from accounts.models import Profile, StaffMembership, User
from accounts.models.user import MOST_FOLDED, fold
from accounts.services import belongings, dids, fields, member_changes, owners, text_ids, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.scoping import inserts, statements
from identity.services import api_keys, audit, mail

OnDisabled = Callable[..., object]

on_disabled: list[OnDisabled] = []
"""Called as `hook(user_id, by=…, now=…)` in the transaction that disables or deletes a user, by
rooms above that end what the user had open. They are added at start."""

_KNOWN: Final = "WHERE scope_id = %s AND id = %s AND status <> 'disabled'"
_ACTIVATE: Final = f"UPDATE accounts_user SET status = 'active', updated_at = %s {_KNOWN}"  # noqa: S608 no value is in it
_ACTIVATE_WITH: Final = (
    "UPDATE accounts_user SET status = 'active', password = %s, updated_at = %s"  # noqa: S608
    f" {_KNOWN} AND password = ''"
)
_LENGTHS = {"first_name": 150, "last_name": 150, "mobile": 32, "customer_id": 128}
_CREATED = ("kind", "status", "username", "email", *_LENGTHS, "created_by")


def create_invited(  # noqa: PLR0913 - one keyword for each field of the user
    *,
    public_id: UUID,
    email: str,
    first_name: str,
    last_name: str,
    mobile: str,
    customer_id: str,
    by: Actor,
    now: datetime,
    username: str = "",
) -> User:
    """Make a person who has no device yet; `username` is the e-mail address unless given.

    The same call by the same actor gives the same user while the invitation is open. Raises
    `accounts.errors.NameTaken` for a taken id or user name, `identity.errors.Invalid`.
    """
    values = checked({"email": email, "first_name": first_name, "last_name": last_name})
    values |= checked({"mobile": mobile, "customer_id": customer_id})
    with writing.of(by):
        name = fields.new_username(username or values["email"])
        user = new(public_id, name, values, by=by, now=now)
        user, is_new = insert_once(user)
        if is_new:
            record("user.created", user, by=by, now=now, kind=str(user.kind))
    return user


def edit(  # noqa: PLR0913 - one keyword for each field of the user
    *,
    user_id: UUID,
    by: Actor,
    now: datetime,
    email: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    mobile: str | None = None,
    customer_id: str | None = None,
    status: str | None = None,
) -> User:
    """Change what is given; None leaves as it is. `status` is `active` or `disabled`.

    The user name stays: people sign in with it. Raises `Missing`, `Invalid`,
    `accounts.errors.LastOwner`.
    """
    given = {"email": email, "first_name": first_name, "last_name": last_name}
    given |= {"mobile": mobile, "customer_id": customer_id}
    values = checked({name: value for name, value in given.items() if value is not None})
    with writing.of(by):
        user = locked(user_id)
        before = {name: getattr(user, name) for name in (*values, "status")}
        for name, value in values.items():
            setattr(user, name, value)
        if status is not None:
            _change_status(user, status, by=by, now=now)
        changed = sorted(name for name in before if getattr(user, name) != before[name])
        if "email" in changed:
            # The notice goes to the address that loses all further ones.
            mail.send(
                to=before["email"],
                template="address-changed",
                context={"name": user.first_name},
                now=now,
            )
        if changed:
            _save(user, by=by, now=now)
            record("user.edited", user, by=by, now=now, changed=changed, status=str(user.status))
    return user


def disable(*, user_id: UUID, by: Actor, now: datetime, event: str = "user.disabled") -> User:
    """Shut a user out: all its devices are refused from now on, its open invitations die.

    Again is the same. Raises `Missing`, `accounts.errors.LastOwner`.
    """
    return _set_status(user_id, User.Status.DISABLED, event, by=by, now=now)


def enable(*, user_id: UUID, by: Actor, now: datetime) -> User:
    """Let a disabled user in again, with the devices it had. Raises `Missing`."""
    return _set_status(user_id, User.Status.ACTIVE, "user.enabled", by=by, now=now)


def delete(*, user_id: UUID, by: Actor, now: datetime) -> User:
    """Disable a user for ever and keep its history; its user name is free again, its id is not.

    Devices and API keys are revoked, DIDs deactivated, roles and memberships withdrawn, the
    password forgotten.
    Raises `Missing`, also for a user who was deleted before, and `accounts.errors.LastOwner`.
    """
    with writing.of(by):
        user = locked(user_id)
        _disable(user, by=by, now=now)
        user.deleted_at = now
        user.password = ""
        user.is_staff = user.is_operator = False
        user.one_time_password_id = None
        # No folded name has capitals, so this is nobody's name and never will be.
        user.username_folded = f"DELETED:{user.id}"
        _save(user, by=by, now=now)
        api_keys.revoke_all_of(user.id, by=by, now=now)
        roles = belongings.withdraw(user, by=by, now=now)
        dids.deactivate_of(user, by=by, now=now)
        record("user.deleted", user, by=by, now=now, roles=roles)
    return user


def activate(*, user: User, verifier: str, by: Actor, now: datetime) -> None:
    """Note that an invited person has a device; `verifier` protects an account without a password.

    Changes nothing for an active user when `verifier` is empty. Raises
    `accounts.errors.PasswordRefused` if the account got a password in the meantime, and
    `accounts.errors.UserInactive` for a disabled user.
    """
    if user.status == User.Status.ACTIVE and not verifier:
        return
    with writing.of(by):
        if not _activated(user, verifier, now=now):
            raise _why_not_activated(user)
        name = "password.set" if user.status == User.Status.ACTIVE else "user.activated"
        user.status = User.Status.ACTIVE
        user.password = verifier or user.password
        record(name, user, by=by, now=now, is_protected=bool(user.password))


def note_sign_in(*, user: User, by: Actor, now: datetime) -> None:
    """Put a sign-in of staff on record."""
    with writing.of(by):
        record("staff.signed-in", user, by=by, now=now)


def locked(user_id: UUID) -> User:
    """The user with its row locked until the transaction ends. Raises `Missing`."""
    user = User.objects.select_for_update().filter(id=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise refusals.Missing("There is no such user.")
    return user


def new(
    public_id: UUID, username: str, values: Mapping[str, str], *, by: Actor, now: datetime
) -> User:
    """A person with checked `values` who is not stored yet.

    Raises `Invalid` for a user name that is too long to compare, or dots alone.
    """
    folded = fold(username)
    if len(folded) > MOST_FOLDED:
        raise refusals.Invalid("This user name is too long.", field="username")
    text_ids.require_segment(username, name="username")
    return User(
        scope_id=by.scope_id,
        public_id=public_id,
        username=username,
        username_folded=folded,
        created_at=now,
        created_by=by.user_id,
        updated_at=now,
        updated_by=by.user_id,
        **values,
    )


def insert(user: User) -> None:
    """Store a new user, at the latest with the next statement. Raises `NameTaken` then."""
    inserts.insert_or_later(user, _refuse_name)


def insert_once(
    user: User, *, is_same: Callable[[User], bool] = writing.anything
) -> tuple[User, bool]:
    """Store a new user, or find that the same creation was done before; see `writing`."""
    return writing.insert_once(user, public_id=user.public_id, fields=_CREATED, is_same=is_same)


def checked(values: dict[str, str]) -> dict[str, str]:
    """Fields of a user as they are stored. Raises `identity.errors.Invalid`."""
    return {
        name: fields.email(value)
        if name == "email"
        else fields.line(value, name=name, most=_LENGTHS[name])
        for name, value in values.items()
    }


def require_free_name(name: str, *, public_id: UUID) -> None:
    """Refuse to invite anew whom this scope knows by another id. Raises `NameTaken`."""
    known = User.objects.filter(username_folded=fold(name.strip()))
    if known.exclude(public_id=public_id).exists():
        raise errors.NameTaken(
            "This address has a user: invite that user again with POST /v1/users/{id}/invitations."
        )


def record(name: str, user: User, *, by: Actor, now: datetime, **facts: Any) -> None:
    """One audit event about a user."""
    audit.record(name, by=by, subject=("user", str(user.id)), now=now, facts=facts)


def _refuse_name() -> None:
    raise errors.NameTaken


def _set_status(user_id: UUID, status: str, event: str, *, by: Actor, now: datetime) -> User:
    with writing.of(by):
        user = locked(user_id)
        before = user.status
        _change_status(user, status, by=by, now=now)
        if user.status != before:
            _save(user, by=by, now=now)
            record(event, user, by=by, now=now)
    return user


def _change_status(user: User, status: str, *, by: Actor, now: datetime) -> None:
    if status == User.Status.DISABLED:
        _disable(user, by=by, now=now)
    elif status != User.Status.ACTIVE:
        raise refusals.Invalid("status is active or disabled.", field="status")
    elif user.status == User.Status.DISABLED:
        user.status = _status_when_enabled(user)
        member_changes.note_user(user.id, "enabled", now=now)


def _disable(user: User, *, by: Actor, now: datetime) -> None:
    if user.status == User.Status.DISABLED:
        return
    owners.require_another_than(user.id)
    user.status = User.Status.DISABLED
    member_changes.note_user(user.id, "disabled", now=now)
    for hook in on_disabled:
        hook(user.id, by=by, now=now)


def _status_when_enabled(user: User) -> str:
    # Who never had a device is still to be invited; who signs in elsewhere needs none.
    has_begun = (
        user.is_staff
        or user.kind == User.Kind.PROGRAM
        or user.devices.exists()
        or Profile.objects.filter(user=user).exists()
        or StaffMembership.objects.filter(user=user).exists()
    )
    return User.Status.ACTIVE if has_begun else User.Status.INVITED


def _save(user: User, *, by: Actor, now: datetime) -> None:
    user.version += 1
    user.updated_at = now
    user.updated_by = by.user_id
    user.save()


def _activated(user: User, verifier: str, *, now: datetime) -> bool:
    values = inserts.bound(User, updated_at=now, scope=user.scope_id, id=user.id)
    if not verifier:
        return statements.count(_ACTIVATE, values) == 1
    return statements.count(_ACTIVATE_WITH, [verifier, *values]) == 1


def _why_not_activated(user: User) -> refusals.DomainError:
    present = User.objects.filter(id=user.id).first()
    if present is None or present.status == User.Status.DISABLED:
        return errors.UserInactive()
    return errors.PasswordRefused()
