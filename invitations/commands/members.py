"""Commands about members of contexts: who is one with which key, and what that lets it do."""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts import queries as accounts
from accounts.acl import grammar
from accounts.queries import members as queries
from accounts.services import context_fields, context_members, writing
from identity.actor import Actor
from identity.crypto import user_key
from identity.errors import DomainError, Forbidden
from invitations.commands.command import Command, Input, Result, registry

EDIT: Final = "members:edit"


class AddMember(Input, frozen=True):
    """A user id and its key, for which whoever adds them vouches; `user` is the account it is."""

    context: str
    member: str
    public_key: str
    acl: str | None = None
    is_staff: bool | None = None
    user: UUID | None = None


class RemoveMember(Input, frozen=True):
    """The end of a membership."""

    context: str
    member: str


class RemoveKey(Input, frozen=True):
    """The end of the membership that has a key."""

    context: str
    public_key: str


class SetAcl(Input, frozen=True):
    """What a member may do."""

    context: str
    member: str
    acl: str


class SetStaff(Input, frozen=True):
    """Whether a member is staff of the context."""

    context: str
    member: str
    is_staff: bool


def add(details: AddMember, *, by: Actor, now: datetime) -> Result:
    """Let the user id have the key."""
    user_id = None if details.user is None else accounts.user_id_of(details.user)
    # The door undoes all of a command that is refused.
    with writing.part():
        added = context_members.add(
            context_id=details.context,
            member_id=details.member,
            public_key=details.public_key,
            acl=details.acl,
            is_staff=details.is_staff,
            user_id=user_id,
            by=by,
            now=now,
        )
    return _told(details.context, details.member, added.changed)


def remove(details: RemoveMember, *, by: Actor, now: datetime) -> Result:
    """End the membership."""
    with writing.part():
        context_members.remove(context_id=details.context, member_id=details.member, by=by, now=now)
    return _told(details.context, details.member, "removed")


def remove_key(details: RemoveKey, *, by: Actor, now: datetime) -> Result:
    """End the membership of the key."""
    with writing.part():
        named = context_members.remove_by_key(
            context_id=details.context, public_key=details.public_key, by=by, now=now
        )
    return _told(details.context, named, "removed")


def set_acl(details: SetAcl, *, by: Actor, now: datetime) -> Result:
    """Say what the member may do."""
    with writing.part():
        changed = context_members.set_acl(
            context_id=details.context, member_id=details.member, acl=details.acl, by=by, now=now
        )
    return _told(details.context, details.member, changed)


def set_staff(details: SetStaff, *, by: Actor, now: datetime) -> Result:
    """Say whether the member is staff."""
    with writing.part():
        changed = context_members.set_staff(
            context_id=details.context,
            member_id=details.member,
            is_staff=details.is_staff,
            by=by,
            now=now,
        )
    return _told(details.context, details.member, changed)


def _told(context: str, member: str, changed: str) -> Result:
    return {"member": {"context": context, "id": member, "changed": changed}}


def _check_added(details: AddMember, by: Actor) -> None:
    """Who may only add people says nothing of what is decided about them elsewhere."""
    if (details.is_staff is not None or details.user is not None) and not by.may(EDIT):
        raise Forbidden("Saying whose account a member is, or that it is staff, takes more.")


def _validate_added(details: AddMember) -> None:
    if details.acl is not None:
        grammar.parse(details.acl)
    user_key.parse_public(details.public_key)
    context_fields.foreign_id(details.member, name="member")
    if details.user is not None:
        accounts.user_id_of(details.user)


def _holder(details: RemoveKey) -> Mapping[str, str]:
    """Whose key it is: what a policy says of a member holds for the way by its key, too."""
    with contextlib.suppress(DomainError):
        found = queries.member_by_key(details.context, details.public_key, limits=None)
        return {"member": found.member}
    # Nobody's, which the service refuses.
    return {"member": details.public_key}


def _validate_acl(details: SetAcl) -> None:
    grammar.parse(details.acl)
    queries.member(details.context, details.member, limits=None)


def _validate_staff(details: SetStaff) -> None:
    queries.member(details.context, details.member, limits=None)


_MEMBER: Final = "/contexts/{context}/members/{member}"

registry.add(
    Command(
        name="member.add",
        action="add",
        resource=_MEMBER,
        permission="members:create",
        input=AddMember,
        execute=add,
        validate=_validate_added,
        check=_check_added,
    ),
    Command(
        name="member.remove",
        action="delete",
        resource=_MEMBER,
        permission="members:delete",
        input=RemoveMember,
        execute=remove,
    ),
    Command(
        name="member.remove-key",
        action="delete",
        resource=_MEMBER,
        permission="members:delete",
        input=RemoveKey,
        execute=remove_key,
        names=_holder,
    ),
    Command(
        name="member.set-acl",
        action="edit",
        resource=_MEMBER,
        permission=EDIT,
        input=SetAcl,
        execute=set_acl,
        validate=_validate_acl,
    ),
    Command(
        name="member.set-staff",
        action="edit",
        resource=_MEMBER,
        permission=EDIT,
        input=SetStaff,
        execute=set_staff,
        validate=_validate_staff,
    ),
)
