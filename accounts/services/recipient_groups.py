"""Lists of recipients: who may be paid (whitelist) and who may not (blacklist)."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts import errors
from accounts.models import Recipient, RecipientGroup, RecipientGroupMember
from accounts.services import fields, recipients, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

_CREATED = ("kind", "name", "description", "created_by")


def create(
    *, public_id: UUID, kind: str, name: str, description: str, by: Actor, now: datetime
) -> RecipientGroup:
    """Make a list, `kind` whitelist or blacklist; the same call gives the same list.

    Raises `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    if kind not in RecipientGroup.Kind.values:
        raise refusals.Invalid("kind is whitelist or blacklist.", field="kind")
    with writing.of(by):
        group, is_new = writing.insert_once(
            RecipientGroup(
                scope_id=by.scope_id,
                public_id=public_id,
                kind=kind,
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
            _record("recipient-group.created", group, by=by, now=now)
    return group


def edit(
    *,
    public_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
) -> RecipientGroup:
    """Change what is given; a white list never becomes a black one.

    Raises `Missing`, `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    with writing.of(by):
        group = locked(public_id)
        if name is not None:
            group.name = fields.line(name, name="name", most=128, least=1)
            if RecipientGroup.objects.filter(name=group.name).exclude(id=group.id).exists():
                raise errors.NameTaken
        if description is not None:
            group.description = fields.line(description, name="description", most=512)
        group.version += 1
        group.updated_at = now
        group.save()
        _record("recipient-group.edited", group, by=by, now=now)
    return group


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a list; its recipients stay. Raises `Missing`."""
    with writing.of(by):
        group = locked(public_id)
        _record("recipient-group.deleted", group, by=by, now=now)
        group.delete()


def add_recipient(*, public_id: UUID, recipient_id: UUID, by: Actor, now: datetime) -> bool:
    """Put a recipient on a list; False if it was on it already. Raises `Missing`."""
    with writing.of(by):
        group, recipient = locked(public_id), recipients.locked(recipient_id)
        if _membership(group, recipient).exists():
            return False
        RecipientGroupMember.objects.create(scope_id=by.scope_id, group=group, recipient=recipient)
        _record_member("recipient-group.recipient-added", group, recipient, by=by, now=now)
    return True


def remove_recipient(*, public_id: UUID, recipient_id: UUID, by: Actor, now: datetime) -> None:
    """Take a recipient off a list. Raises `Missing`, also when it is not on it."""
    with writing.of(by):
        group, recipient = locked(public_id), recipients.locked(recipient_id)
        removed, _ = _membership(group, recipient).delete()
        if not removed:
            raise refusals.Missing("The recipient is not on this list.")
        _record_member("recipient-group.recipient-removed", group, recipient, by=by, now=now)


def locked(public_id: UUID) -> RecipientGroup:
    """The list with its row locked until the transaction ends. Raises `Missing`."""
    group = RecipientGroup.objects.select_for_update().filter(public_id=public_id).first()
    if group is None:
        raise refusals.Missing("There is no such list of recipients.")
    return group


def _membership(group: RecipientGroup, recipient: Recipient) -> QuerySet[RecipientGroupMember]:
    return RecipientGroupMember.objects.filter(group=group, recipient=recipient)


def _record_member(
    name: str, group: RecipientGroup, recipient: Recipient, *, by: Actor, now: datetime
) -> None:
    _record(name, group, by=by, now=now, recipient=str(recipient.public_id))


def _record(name: str, group: RecipientGroup, *, by: Actor, now: datetime, **facts: str) -> None:
    subject = ("recipient-group", str(group.public_id))
    given = {"name": group.name, "kind": str(group.kind), **facts}
    audit.record(name, by=by, subject=subject, now=now, facts=given)
