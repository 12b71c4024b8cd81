"""Reads about recipients and lists of them."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Recipient, RecipientGroup, RecipientGroupMember
from accounts.queries import listing
from accounts.queries.rows import RecipientGroupRow, RecipientRow
from identity import errors
from identity.paging import MOST_ROWS, Listed, Page


def recipients(page: Page) -> Listed[RecipientRow]:
    """Recipients; filters `kind`, `name` and `group`."""
    return listing.listed(
        Recipient.objects.all(),
        page,
        filters={
            "kind": listing.by_word("kind", Recipient.Kind.values),
            "name": listing.by_text("name"),
            "group": listing.by_id("memberships__group__public_id"),
        },
        read=lambda found: [_recipient_row(row) for row in found],
    )


def recipient(public_id: UUID) -> RecipientRow:
    """One recipient. Raises `Missing`."""
    found = Recipient.objects.filter(public_id=public_id).first()
    if found is None:
        raise errors.Missing("There is no such recipient.")
    return _recipient_row(found)


def recipient_groups(page: Page) -> Listed[RecipientGroupRow]:
    """Lists of recipients without what is on them; filters `kind`, `name` and `recipient`."""
    return listing.listed(
        RecipientGroup.objects.all(),
        page,
        filters={
            "kind": listing.by_word("kind", RecipientGroup.Kind.values),
            "name": listing.by_text("name"),
            "recipient": listing.by_id("members__recipient__public_id"),
        },
        read=lambda found: [_group_row(row, []) for row in found],
    )


def recipient_group(public_id: UUID) -> RecipientGroupRow:
    """One list with the first 200 recipients on it. Raises `Missing`."""
    found = RecipientGroup.objects.filter(public_id=public_id).first()
    if found is None:
        raise errors.Missing("There is no such list of recipients.")
    members = RecipientGroupMember.objects.filter(group=found).order_by("id")
    ids = members.values_list("recipient__public_id", flat=True)[:MOST_ROWS]
    return _group_row(found, list(ids))


def protecting_kinds(recipient_id: UUID) -> list[str]:
    """The kinds of the lists that a recipient is on, which policies may ask for."""
    members = RecipientGroupMember.objects.filter(recipient__public_id=recipient_id)
    return sorted(set(members.values_list("group__kind", flat=True)))


def _recipient_row(row: Recipient) -> RecipientRow:
    return RecipientRow(
        id=row.public_id,
        kind=row.kind,
        name=row.name,
        payment_details=row.payment_details,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _group_row(row: RecipientGroup, recipients: Sequence[UUID]) -> RecipientGroupRow:
    is_whole = 0 < len(recipients) < MOST_ROWS
    return RecipientGroupRow(
        id=row.public_id,
        kind=row.kind,
        name=row.name,
        description=row.description,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        recipients=recipients,
        recipient_count=len(recipients) if is_whole else row.members.count(),
    )
