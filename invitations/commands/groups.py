"""Commands that make, change and remove groups, and put users in and out."""

import operator
from datetime import datetime
from uuid import UUID

from accounts import queries as accounts
from accounts.services import fields, groups
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry


class CreateGroup(Input, frozen=True):
    """A new group; `group` is chosen by the client."""

    group: UUID
    name: str
    description: str = ""


class EditGroup(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    group: UUID
    name: str | None = None
    description: str | None = None


class DeleteGroup(Input, frozen=True):
    """The removal of a group."""

    group: UUID


class Membership(Input, frozen=True):
    """A user in a group."""

    group: UUID
    user: UUID


def create(details: CreateGroup, *, by: Actor, now: datetime) -> Result:
    """Make the group."""
    made = groups.create(
        public_id=details.group,
        name=details.name,
        description=details.description,
        by=by,
        now=now,
    )
    return _group(made.public_id)


def edit(details: EditGroup, *, by: Actor, now: datetime) -> Result:
    """Change the group."""
    groups.edit(
        public_id=details.group,
        name=details.name,
        description=details.description,
        by=by,
        now=now,
    )
    return _group(details.group)


def delete(details: DeleteGroup, *, by: Actor, now: datetime) -> Result:
    """Remove the group."""
    groups.delete(public_id=details.group, by=by, now=now)
    return {"group": {"id": str(details.group)}}


def add_member(details: Membership, *, by: Actor, now: datetime) -> Result:
    """Put the user into the group."""
    user_id = accounts.user_id_of(details.user)
    groups.add_member(public_id=details.group, user_id=user_id, by=by, now=now)
    return _group(details.group)


def remove_member(details: Membership, *, by: Actor, now: datetime) -> Result:
    """Take the user out of the group."""
    user_id = accounts.user_id_of(details.user)
    groups.remove_member(public_id=details.group, user_id=user_id, by=by, now=now)
    return _group(details.group)


def _group(public_id: UUID) -> Result:
    return {"group": accounts.described(accounts.group(public_id))}


def _validate_texts(details: CreateGroup | EditGroup) -> None:
    if details.name is not None:
        fields.line(details.name, name="name", most=128, least=1)
    if details.description is not None:
        fields.line(details.description, name="description", most=512)


def _validate_membership(details: Membership) -> None:
    accounts.group(details.group)
    accounts.user_id_of(details.user)


def _target(details: EditGroup | DeleteGroup | Membership) -> Target:
    return Target("group", str(details.group), accounts.group(details.group).version)


_GROUP = "/groups/{group}"
_MEMBERS = "/groups/{group}/users"

registry.add(
    Command(
        name="group.create",
        action="add",
        resource="/groups",
        permission="groups:create",
        input=CreateGroup,
        validate=_validate_texts,
        execute=create,
    ),
    Command(
        name="group.edit",
        action="edit",
        resource=_GROUP,
        permission="groups:edit",
        input=EditGroup,
        validate=_validate_texts,
        execute=edit,
        target=_target,
    ),
    Command(
        name="group.delete",
        action="delete",
        resource=_GROUP,
        permission="groups:delete",
        input=DeleteGroup,
        execute=delete,
        target=_target,
    ),
    Command(
        name="group.add_member",
        action="add",
        resource=_MEMBERS,
        permission="groups:edit",
        input=Membership,
        execute=add_member,
        validate=_validate_membership,
        target=_target,
        # Review expressions count members of groups.
        raises_rights_of=operator.attrgetter("user"),
    ),
    Command(
        name="group.remove_member",
        action="delete",
        resource=_MEMBERS,
        permission="groups:edit",
        input=Membership,
        execute=remove_member,
        validate=_validate_membership,
        target=_target,
    ),
)
