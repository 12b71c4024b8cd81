"""The history of sign-ins, for the people whose accounts they are about, and for staff."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity.scoping import current, inserts
from sessions_app.models import Session, SignIn

KEPT: Final = timedelta(days=90)


def succeeded(session: Session, *, now: datetime) -> None:
    """Note a sign-in with the session that it began, in the caller's transaction."""
    entry = SignIn(
        scope_id=session.scope_id,
        user_id=session.user_id,
        at=now,
        method=session.method,
        provider_name=session.provider_name,
        outcome=SignIn.Outcome.SUCCEEDED,
        address=session.address,
        user_agent=session.user_agent,
        session_id=session.id,
    )
    inserts.insert_later(entry)


def refused(
    *,
    user_id: UUID,
    method: Session.Method,
    provider_name: str,
    reason: str,
    address: str,
    user_agent: str,
    now: datetime,
) -> None:
    """Note that somebody failed to sign in as this user of the scope in force.

    `reason` is a code.
    """
    entry = SignIn(
        scope_id=current.required_scope(),
        user_id=user_id,
        at=now,
        method=method,
        provider_name=provider_name,
        outcome=SignIn.Outcome.REFUSED,
        reason=reason[:64],
        address=address,
        user_agent=user_agent[:512],
    )
    inserts.insert(entry)


def forget(*, now: datetime) -> int:
    """Remove what is older than 90 days from the scope in force; how much that was."""
    removed, _ = SignIn.objects.filter(at__lt=now - KEPT).delete()
    return removed
