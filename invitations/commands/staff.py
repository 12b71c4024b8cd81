"""Commands about staff: admit, dismiss, and take a lost generator of one-time passwords away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.services import one_time_passwords, role_assignments, staff
from identity import errors
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry
from invitations.commands.users import user_facts


class AdmitStaff(Input, frozen=True):
    """A person of this scope (`user`); with `login` (`slug/name`) somebody who signs in elsewhere.

    A login acts as a new user: `user` is then an id chosen by the client, with these `roles`.
    """

    user: UUID
    login: str = ""
    roles: tuple[str, ...] = ()


class StaffMember(Input, frozen=True):
    """A member of staff by the id of its user here."""

    user: UUID


def admit(details: AdmitStaff, *, by: Actor, now: datetime) -> Result:
    """Let the person in."""
    if details.login:
        staff.admit_login(
            public_id=details.user, name=details.login, roles=details.roles, by=by, now=now
        )
    else:
        staff.admit(user_id=accounts.user_id_of(details.user), by=by, now=now)
    return {"staff": accounts.described(accounts.staff_member(details.user))}


def dismiss(details: StaffMember, *, by: Actor, now: datetime) -> Result:
    """Shut the person out."""
    staff.dismiss(user_id=accounts.user_id_of(details.user), by=by, now=now)
    return {"user": {"id": str(details.user)}}


def reset(details: StaffMember, *, by: Actor, now: datetime) -> Result:
    """Take the generator away."""
    user_id = accounts.user_id_of(details.user)
    one_time_passwords.reset(user_id=user_id, by=by, now=now)
    return {"user": {"id": str(details.user)}}


def _validate_admission(details: AdmitStaff) -> None:
    if not details.login:
        if details.roles:
            raise errors.Invalid("Roles are given here to a login of another scope alone.")
        accounts.user_id_of(details.user)
        return
    staff.login(details.login)
    for role in details.roles:
        role_assignments.resolve(role)


def _check_admission(details: AdmitStaff, by: Actor) -> None:
    for role in details.roles:
        role_assignments.check_grant(by, role)


def _account_opened(details: AdmitStaff) -> UUID | None:
    # Somebody who comes back acts as the user of before, with what that one holds.
    return details.user if details.login else None


def _validate_member(details: StaffMember) -> None:
    accounts.staff_member(details.user)


def _facts(details: AdmitStaff | StaffMember) -> Mapping[str, Any]:
    try:
        return user_facts(details)
    except errors.Missing:
        return {}


def _subject(details: AdmitStaff | StaffMember) -> UUID:
    return details.user


registry.add(
    Command(
        name="staff.admit",
        action="add",
        resource="/staff",
        permission="staff:create",
        input=AdmitStaff,
        execute=admit,
        validate=_validate_admission,
        check=_check_admission,
        raises_rights_of=_subject,
        ways_in_of=_account_opened,
        facts=_facts,
    ),
    Command(
        name="staff.dismiss",
        action="delete",
        resource="/staff/{user}",
        permission="staff:delete",
        input=StaffMember,
        execute=dismiss,
        validate=_validate_member,
        facts=_facts,
    ),
    Command(
        name="one-time-password.reset",
        action="edit",
        resource="/staff/{user}",
        permission="staff:delete",
        input=StaffMember,
        execute=reset,
        validate=_validate_member,
        raises_rights_of=_subject,
        ways_in_of=_subject,
        facts=_facts,
    ),
)
