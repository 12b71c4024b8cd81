"""What an API key is at a moment: its row may be active while its time is over or its user out."""

from datetime import datetime
from typing import Any, Final

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from accounts.models import User
from identity import errors
from identity.models import ApiKey

ACTIVE: Final = "active"
DISABLED: Final = "disabled"
REVOKED: Final = "revoked"
EXPIRED: Final = "expired"
USER_INACTIVE: Final = "user-inactive"
"""Whom it acts for is disabled, locked, deleted or past its own end."""
WORDS: Final = (ACTIVE, DISABLED, EXPIRED, REVOKED, USER_INACTIVE)


def judged(rows: "QuerySet[ApiKey]", *, now: datetime) -> "QuerySet[Any]":
    """The rows, each with what `of` needs to know about its user."""
    acting = User.objects.filter(id=OuterRef("user_id"), status=User.Status.ACTIVE)
    acts = Q(user_id__isnull=True) | Q(Exists(acting.exclude(expires_at__lte=now)))
    return rows.annotate(
        user_acts=Case(
            When(acts, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
    )


def of(row: Any, *, now: datetime) -> str:
    """One of `WORDS` for a row of `judged`: the first cause for which its requests are refused."""
    if row.status == ApiKey.Status.REVOKED:
        return REVOKED
    if row.status == ApiKey.Status.DISABLED:
        return DISABLED
    if row.expires_at is not None and row.expires_at <= now:
        return EXPIRED
    return ACTIVE if row.user_acts else USER_INACTIVE


def only(rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
    """Of rows of `judged` those in this state. Raises Invalid for another word."""
    if state not in WORDS:
        raise errors.Invalid(f"This filter is one of: {', '.join(WORDS)}.")
    if state in {REVOKED, DISABLED}:
        return rows.filter(status=state)
    rows = rows.filter(status=ApiKey.Status.ACTIVE)
    if state == EXPIRED:
        return rows.filter(expires_at__lte=now)
    return rows.exclude(expires_at__lte=now).filter(user_acts=state == ACTIVE)
