"""Reads about policies."""

from typing import Any
from uuid import UUID

from identity import errors, paging
from identity.paging import After, Listed, Page, Window
from identity.scoping import keyset
from invitations.models import Policy


def policies(page: Page) -> Listed[Policy]:
    """All policies in the order in which they are tried."""
    rows = Policy.objects.order_by("-is_locked", "priority", "public_id")
    return Listed(list(rows[page.offset : page.offset + page.limit]), rows.count())


def policy(public_id: UUID) -> Policy:
    """One policy. Raises `Missing`."""
    row = Policy.objects.filter(public_id=public_id).first()
    if row is None:
        raise errors.Missing("There is no such policy.")
    return row


def policies_window(after: After) -> Window[Policy]:
    """Policies in the order in which they are tried, locked ones first; filter `status`.

    Every decision reads all policies of its scope, so this does too. Raises `Invalid`,
    `CursorInvalid`.
    """
    keyset.require_bounds(after)
    status = after.filters.get("status", Policy.Status.ACTIVE)
    if not set(after.filters) <= {"status"} or status not in Policy.Status.values:
        raise errors.Invalid("The only filter is status: active or disabled.")
    rows = sorted(Policy.objects.filter(**after.filters), key=_place)
    if after.after:
        place = paging.position(after.after, tuple[bool, int, UUID])
        rows = [row for row in rows if _place(row) > place]
    shown = rows[: after.limit]
    return Window(shown, paging.cursor(*_place(shown[-1])) if len(rows) > after.limit else None)


def _place(policy: Policy) -> tuple[Any, ...]:
    return (not policy.is_locked, policy.priority, policy.public_id)
