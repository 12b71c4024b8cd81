"""Details about roles, rules, groups and recipients."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from identity.api.enterprise.inputs import Details, Filters, Name, Note, Word


class CreateRole(Details, frozen=True, rename={"role": "rid"}):
    """`add /roles`; `rules` are ids of rules."""

    role: UUID
    name: Name
    description: Note | None = None
    rules: Annotated[list[UUID], Meta(max_length=200)] | None = None


class EditRole(Details, frozen=True):
    """`edit /roles/{rid}`."""

    name: Name | None = None
    description: Note | None = None
    rules: Annotated[list[UUID], Meta(max_length=200)] | None = None
    status: Literal["active", "disabled"] | None = None


class RoleFilters(Filters, frozen=True):
    """Filters of `get /roles`."""

    status: Literal["active", "disabled"] | None = None
    name: Name | None = None


class NameRole(Details, frozen=True, rename={"role": "rid"}):
    """`add` and `delete /users/{uid}/roles`: a predefined role's name or a custom one's id."""

    role: Name


class CreateRule(Details, frozen=True, rename={"rule": "rlid"}):
    """`add /rules`; `action` is a rule's verb: list, get, invite, create, edit, delete, approve."""

    rule: UUID
    name: Name
    resource: Word
    action: Word
    description: Note | None = None
    proposal_resource: Word | None = None


class EditRule(Details, frozen=True):
    """`edit /rules/{rlid}`."""

    name: Name | None = None
    resource: Word | None = None
    action: Word | None = None
    description: Note | None = None
    proposal_resource: Word | None = None


class RuleFilters(Filters, frozen=True):
    """Filters of `get /rules`."""

    resource: Word | None = None
    action: Word | None = None


class CreateGroup(Details, frozen=True, rename={"group": "gid"}):
    """`add /groups`."""

    group: UUID
    name: Name
    description: Note | None = None


class EditGroup(Details, frozen=True):
    """`edit /groups/{gid}` and, alike, `edit /recipient-groups/{id}`."""

    name: Name | None = None
    description: Note | None = None


class GroupFilters(Filters, frozen=True, rename={"user": "uid"}):
    """Filters of `get /groups`."""

    name: Name | None = None
    user: UUID | None = None


class NameUser(Details, frozen=True, rename={"user": "uid"}):
    """`add` and `delete /groups/{gid}/users`."""

    user: UUID


class CreateRecipient(Details, frozen=True, rename={"recipient": "id", "kind": "type"}):
    """`add /recipients`."""

    recipient: UUID
    kind: Literal["individual", "company"]
    name: Name
    payment_details: Annotated[list[dict[str, Any]], Meta(max_length=50)] | None = None


class EditRecipient(Details, frozen=True):
    """`edit /recipients/{id}`."""

    name: Name | None = None
    payment_details: Annotated[list[dict[str, Any]], Meta(max_length=50)] | None = None


class RecipientFilters(Filters, frozen=True, rename={"kind": "type", "group": "recipient_group"}):
    """Filters of `get /recipients`."""

    kind: Literal["individual", "company"] | None = None
    name: Name | None = None
    group: UUID | None = None


class CreateRecipientGroup(Details, frozen=True, rename={"group": "id", "kind": "type"}):
    """`add /recipient-groups`."""

    group: UUID
    kind: Literal["whitelist", "blacklist"]
    name: Name
    description: Note | None = None


class RecipientGroupFilters(Filters, frozen=True, rename={"kind": "type"}):
    """Filters of `get /recipient-groups`."""

    kind: Literal["whitelist", "blacklist"] | None = None
    name: Name | None = None
    recipient: UUID | None = None


class NameRecipient(Details, frozen=True, rename={"recipient": "id"}):
    """`add` and `delete /recipient-groups/{id}/recipients`."""

    recipient: UUID
