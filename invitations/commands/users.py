"""Commands that make programs, and change and remove users."""

import base64
import operator
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.models import User
from accounts.services import device_keys, leaving, passwords, programs, role_assignments, users
from identity import errors
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry


class CreateProgram(Input, frozen=True):
    """A new program with its device's public keys; `user` is chosen by the client.

    `registration` is the request that brought the keys: a COSE_Sign1 in base64.
    """

    user: UUID
    email: str
    signature_key: str
    encryption_key: str
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None
    registration: str = ""
    is_attested: bool = False


class EditUser(Input, frozen=True):
    """A change of some fields; absent ones stay. `status` is active or disabled."""

    user: UUID
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    mobile: str | None = None
    customer_id: str | None = None
    status: str | None = None


class DeleteUser(Input, frozen=True):
    """The removal of a user, for ever."""

    user: UUID


class ResetPassword(Input, frozen=True):
    """The removal of an account's password, which its owner lost."""

    user: UUID


def create_program(details: CreateProgram, *, by: Actor, now: datetime) -> Result:
    """Make the program and its device."""
    user, device = programs.create(
        public_id=details.user,
        email=details.email,
        first_name=details.first_name,
        last_name=details.last_name,
        signature_key=details.signature_key,
        encryption_key=details.encryption_key,
        roles=details.roles,
        networks=details.networks,
        expires_at=details.expires_at,
        registration=decoded(details.registration),
        signer_key="" if details.is_attested else _signer_key(by),
        by=by,
        now=now,
    )
    row = accounts.described(accounts.user(user.public_id))
    return {"user": row, "device": accounts.described(accounts.device(device.id))}


def edit_user(details: EditUser, *, by: Actor, now: datetime) -> Result:
    """Change the user."""
    users.edit(
        user_id=accounts.user_id_of(details.user),
        email=details.email,
        first_name=details.first_name,
        last_name=details.last_name,
        mobile=details.mobile,
        customer_id=details.customer_id,
        status=details.status,
        by=by,
        now=now,
    )
    return {"user": accounts.described(accounts.user(details.user))}


def delete_user(details: DeleteUser, *, by: Actor, now: datetime) -> Result:
    """Remove the user."""
    users.delete(user_id=accounts.user_id_of(details.user), by=by, now=now)
    return {"user": {"id": str(details.user)}}


def reset_password(details: ResetPassword, *, by: Actor, now: datetime) -> Result:
    """Remove the password."""
    passwords.reset(user_id=accounts.user_id_of(details.user), by=by, now=now)
    return {"user": {"id": str(details.user)}}


def decoded(registration: str) -> bytes | None:
    """A signed request from its base64. Raises `Invalid`."""
    try:
        return base64.b64decode(registration, validate=True) or None
    except ValueError:  # binascii.Error is one, and so is what it says of other alphabets
        raise errors.Invalid("The signed request is not base64.") from None


def user_facts(details: Any) -> Mapping[str, Any]:
    """What policies may ask about the user that a command is about."""
    row = accounts.user(details.user)
    return {"user_kind": row.kind, "user_status": row.status, "user_roles": list(row.roles)}


def _signer_key(by: Actor) -> str:
    """The key that signed the request which brings a program's keys: the acting device's own."""
    return accounts.device(by.device_id).signature_key if by.device_id else ""


def _validate_program(details: CreateProgram) -> None:
    device_keys.read(details.signature_key, details.encryption_key)
    users.checked({"email": details.email})
    for role in details.roles:
        role_assignments.resolve(role)


def _check_program(details: CreateProgram, by: Actor) -> None:
    for role in details.roles:
        role_assignments.check_grant(by, role)


def _validate_edit(details: EditUser) -> None:
    accounts.user_id_of(details.user)
    if details.status not in {None, User.Status.ACTIVE, User.Status.DISABLED}:
        raise errors.Invalid("status is active or disabled.", field="status")


def _validate_present(details: DeleteUser | ResetPassword) -> None:
    accounts.user_id_of(details.user)


def _edited(details: EditUser) -> Target:
    return Target("user", str(details.user), accounts.user_version(details.user))


def _edit_facts(details: EditUser) -> Mapping[str, Any]:
    contact = (details.email, details.mobile, details.first_name, details.last_name)
    return {
        **user_facts(details),
        "changes_status": details.status is not None,
        "changes_contact": any(value is not None for value in contact),
    }


def _account_edited(details: EditUser) -> UUID | None:
    row = accounts.user(details.user)
    # A form brings every field along; what stays as it is changes nothing.
    stays = details.email in {None, row.email} and details.status in {None, row.status}
    return None if stays else details.user


def _is_own(details: DeleteUser, by: Actor) -> bool:
    return by.public_id is not None and details.user == by.public_id


def _has_duties(details: DeleteUser) -> bool:
    # Members go as they like. Who holds another role, approves or is staff is missed by others.
    return leaving.has_duties(accounts.user_id_of(details.user))


def _leave_facts(details: DeleteUser) -> Mapping[str, Any]:
    # What the locked policy about who may act asks: members decide nothing, so it lets them go.
    told = {"changes_status": _has_duties(details), "changes_contact": False}
    return {**user_facts(details), **told}


def _let_in_again(details: EditUser) -> UUID | None:
    return details.user if details.status == User.Status.ACTIVE else None


registry.add(
    Command(
        name="user.create",
        action="add",
        resource="/users",
        permission="users:create",
        input=CreateProgram,
        execute=create_program,
        validate=_validate_program,
        check=_check_program,
        secrets=frozenset({"registration"}),
    ),
    Command(
        name="user.edit",
        action="edit",
        resource="/users/{user}",
        permission="users:edit",
        input=EditUser,
        execute=edit_user,
        validate=_validate_edit,
        target=_edited,
        raises_rights_of=_let_in_again,
        ways_in_of=_account_edited,
        facts=_edit_facts,
    ),
    # No version is asked of a removal: who is to be removed can't put it off by a change.
    Command(
        name="user.delete",
        action="delete",
        resource="/users/{user}",
        permission="users:delete",
        input=DeleteUser,
        execute=delete_user,
        validate=_validate_present,
        facts=user_facts,
    ),
    # As the removal by others, but without a word: whoever leaves needs no permission for it.
    Command(
        name="user.leave",
        action="delete",
        resource="/users/{user}",
        permission="users:delete",
        input=DeleteUser,
        execute=delete_user,
        validate=_validate_present,
        is_own=_is_own,
        is_own_reviewed=_has_duties,
        facts=_leave_facts,
    ),
    Command(
        name="password.reset",
        action="delete",
        resource="/users/{user}/password",
        permission="passwords:delete",
        input=ResetPassword,
        execute=reset_password,
        validate=_validate_present,
        raises_rights_of=operator.attrgetter("user"),
        ways_in_of=operator.attrgetter("user"),
        facts=user_facts,
    ),
)
