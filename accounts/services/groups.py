"""Groups: named circles of users, and who is in them."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts import errors
from accounts.models import Group, GroupMember, User
from accounts.services import fields, users, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

_CREATED = ("name", "description", "created_by")


def create(*, public_id: UUID, name: str, description: str, by: Actor, now: datetime) -> Group:
    """Make a group; the same call by the same actor gives the same group.

    Raises `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    with writing.of(by):
        group, is_new = writing.insert_once(
            Group(
                scope_id=by.scope_id,
                public_id=public_id,
                name=fields.line(name, name="name", most=128, least=1),
                description=fields.line(description, name="description", most=512),
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
            ),
            public_id=public_id,
            fields=_CREATED,
        )
        if is_new:
            _record("group.created", group, by=by, now=now)
    return group


def edit(
    *,
    public_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
) -> Group:
    """Change what is given. Review expressions name groups, so a new name is a new quorum.

    Raises `Missing`, `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    with writing.of(by):
        group = locked(public_id)
        if name is not None:
            group.name = fields.line(name, name="name", most=128, least=1)
            if Group.objects.filter(name=group.name).exclude(id=group.id).exists():
                raise errors.NameTaken
        if description is not None:
            group.description = fields.line(description, name="description", most=512)
        group.version += 1
        group.updated_at = now
        group.save()
        _record("group.edited", group, by=by, now=now)
    return group


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a group and its memberships. Raises `Missing`."""
    with writing.of(by):
        group = locked(public_id)
        _record("group.deleted", group, by=by, now=now, members=group.members.count())
        group.delete()


def add_member(*, public_id: UUID, user_id: UUID, by: Actor, now: datetime) -> bool:
    """Put a user into a group; False if it was in it already. Raises `Missing`."""
    with writing.of(by):
        group, user = locked(public_id), users.locked(user_id)
        if _membership(group, user).exists():
            return False
        GroupMember.objects.create(scope_id=by.scope_id, group=group, user=user, joined_at=now)
        _record("group.member-added", group, by=by, now=now, user=str(user.id))
    return True


def remove_member(*, public_id: UUID, user_id: UUID, by: Actor, now: datetime) -> None:
    """Take a user out of a group. Raises `Missing`, also when the user is not in it."""
    with writing.of(by):
        group, user = locked(public_id), users.locked(user_id)
        removed, _ = _membership(group, user).delete()
        if not removed:
            raise refusals.Missing("The user is not in this group.")
        _record("group.member-removed", group, by=by, now=now, user=str(user.id))


def locked(public_id: UUID) -> Group:
    """The group with its row locked until the transaction ends. Raises `Missing`."""
    group = Group.objects.select_for_update().filter(public_id=public_id).first()
    if group is None:
        raise refusals.Missing("There is no such group.")
    return group


def _membership(group: Group, user: User) -> QuerySet[GroupMember]:
    return GroupMember.objects.filter(group=group, user=user)


def _record(name: str, group: Group, *, by: Actor, now: datetime, **facts: str | int) -> None:
    subject = ("group", str(group.public_id))
    audit.record(name, by=by, subject=subject, now=now, facts={"name": group.name, **facts})
