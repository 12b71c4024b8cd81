"""Commands about recipients and the lists they are on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.services import recipient_groups, recipients
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry


class CreateRecipient(Input, frozen=True):
    """A new recipient; `recipient` is chosen by the client."""

    recipient: UUID
    kind: str
    name: str
    payment_details: tuple[dict[str, Any], ...] = ()


class EditRecipient(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    recipient: UUID
    name: str | None = None
    payment_details: tuple[dict[str, Any], ...] | None = None


class DeleteRecipient(Input, frozen=True):
    """The removal of a recipient."""

    recipient: UUID


class CreateRecipientGroup(Input, frozen=True):
    """A new list, `kind` whitelist or blacklist; `group` is chosen by the client."""

    group: UUID
    kind: str
    name: str
    description: str = ""


class EditRecipientGroup(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    group: UUID
    name: str | None = None
    description: str | None = None


class DeleteRecipientGroup(Input, frozen=True):
    """The removal of a list."""

    group: UUID


class Listing(Input, frozen=True):
    """A recipient on a list."""

    group: UUID
    recipient: UUID


def create(details: CreateRecipient, *, by: Actor, now: datetime) -> Result:
    """Make the recipient."""
    made = recipients.create(
        public_id=details.recipient,
        kind=details.kind,
        name=details.name,
        payment_details=details.payment_details,
        by=by,
        now=now,
    )
    return _recipient(made.public_id)


def edit(details: EditRecipient, *, by: Actor, now: datetime) -> Result:
    """Change the recipient."""
    recipients.edit(
        public_id=details.recipient,
        name=details.name,
        payment_details=details.payment_details,
        by=by,
        now=now,
    )
    return _recipient(details.recipient)


def delete(details: DeleteRecipient, *, by: Actor, now: datetime) -> Result:
    """Remove the recipient."""
    recipients.delete(public_id=details.recipient, by=by, now=now)
    return {"recipient": {"id": str(details.recipient)}}


def create_group(details: CreateRecipientGroup, *, by: Actor, now: datetime) -> Result:
    """Make the list."""
    made = recipient_groups.create(
        public_id=details.group,
        kind=details.kind,
        name=details.name,
        description=details.description,
        by=by,
        now=now,
    )
    return _group(made.public_id)


def edit_group(details: EditRecipientGroup, *, by: Actor, now: datetime) -> Result:
    """Change the list."""
    recipient_groups.edit(
        public_id=details.group,
        name=details.name,
        description=details.description,
        by=by,
        now=now,
    )
    return _group(details.group)


def delete_group(details: DeleteRecipientGroup, *, by: Actor, now: datetime) -> Result:
    """Remove the list."""
    recipient_groups.delete(public_id=details.group, by=by, now=now)
    return {"recipient_group": {"id": str(details.group)}}


def add_recipient(details: Listing, *, by: Actor, now: datetime) -> Result:
    """Put the recipient on the list."""
    recipient_groups.add_recipient(
        public_id=details.group, recipient_id=details.recipient, by=by, now=now
    )
    return _group(details.group)


def remove_recipient(details: Listing, *, by: Actor, now: datetime) -> Result:
    """Take the recipient off the list."""
    recipient_groups.remove_recipient(
        public_id=details.group, recipient_id=details.recipient, by=by, now=now
    )
    return _group(details.group)


def _recipient(public_id: UUID) -> Result:
    return {"recipient": accounts.described(accounts.recipient(public_id))}


def _group(public_id: UUID) -> Result:
    return {"recipient_group": accounts.described(accounts.recipient_group(public_id))}


def _recipient_facts(details: EditRecipient | DeleteRecipient) -> Mapping[str, Any]:
    return {"on_lists": accounts.protecting_kinds(details.recipient)}


def _group_facts(details: EditRecipientGroup | DeleteRecipientGroup | Listing) -> Mapping[str, Any]:
    return {"kind": accounts.recipient_group(details.group).kind}


def _recipient_target(details: EditRecipient | DeleteRecipient) -> Target:
    version = accounts.recipient(details.recipient).version
    return Target("recipient", str(details.recipient), version)


def _group_target(details: EditRecipientGroup | DeleteRecipientGroup) -> Target:
    version = accounts.recipient_group(details.group).version
    return Target("recipient-group", str(details.group), version)


def _listed_target(details: Listing) -> Target:
    # Approvers agree to the recipient as they saw it: other payment details are another recipient.
    accounts.recipient_group(details.group)
    version = accounts.recipient(details.recipient).version
    return Target("recipient", str(details.recipient), version)


_RECIPIENT = "/recipients/{recipient}"
_GROUP = "/recipient-groups/{group}"
_ON_LIST = "/recipient-groups/{group}/recipients"

registry.add(
    Command(
        name="recipient.create",
        action="add",
        resource="/recipients",
        permission="recipients:create",
        input=CreateRecipient,
        execute=create,
    ),
    Command(
        name="recipient.edit",
        action="edit",
        resource=_RECIPIENT,
        permission="recipients:edit",
        input=EditRecipient,
        execute=edit,
        target=_recipient_target,
        facts=_recipient_facts,
    ),
    Command(
        name="recipient.delete",
        action="delete",
        resource=_RECIPIENT,
        permission="recipients:delete",
        input=DeleteRecipient,
        execute=delete,
        target=_recipient_target,
        facts=_recipient_facts,
    ),
    Command(
        name="recipient-group.create",
        action="add",
        resource="/recipient-groups",
        permission="recipient-groups:create",
        input=CreateRecipientGroup,
        execute=create_group,
    ),
    Command(
        name="recipient-group.edit",
        action="edit",
        resource=_GROUP,
        permission="recipient-groups:edit",
        input=EditRecipientGroup,
        execute=edit_group,
        target=_group_target,
        facts=_group_facts,
    ),
    Command(
        name="recipient-group.delete",
        action="delete",
        resource=_GROUP,
        permission="recipient-groups:delete",
        input=DeleteRecipientGroup,
        execute=delete_group,
        target=_group_target,
        facts=_group_facts,
    ),
    Command(
        name="recipient-group.add_recipient",
        action="add",
        resource=_ON_LIST,
        permission="recipient-groups:edit",
        input=Listing,
        execute=add_recipient,
        target=_listed_target,
        facts=_group_facts,
    ),
    Command(
        name="recipient-group.remove_recipient",
        action="delete",
        resource=_ON_LIST,
        permission="recipient-groups:edit",
        input=Listing,
        execute=remove_recipient,
        target=_listed_target,
        facts=_group_facts,
    ),
)
