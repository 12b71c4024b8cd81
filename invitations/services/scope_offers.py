"""Invitations to make a scope: one-time codes that an operator hands out."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.services import operators
from identity import actor
from identity.models import Scope
from identity.scoping import current, doors
from identity.services import audit, refusals
from sessions_app.errors import ChallengeRefused
from sessions_app.services import challenges

LASTS: Final = timedelta(days=7)
_PURPOSE: Final = "scope-offer"


def make(*, now: datetime) -> str:
    """A code with which one scope can be made within seven days; 256 random bits, shown once."""
    platform = operators.ensure_platform(now=now)
    by = actor.system(platform.id)
    with current.in_scope(platform.id), transaction.atomic():
        issued = challenges.issue(purpose=_PURPOSE, lasts=LASTS, now=now)
        subject = ("scope-offer", str(issued.id))
        audit.record("scope.offered", by=by, subject=subject, now=now, facts={})
    return issued.secret


def take(code: str, *, scope: Scope, now: datetime) -> None:
    """Spend a code for the scope that is being made, in its transaction.

    Of two at once one does. Raises CreationClosed for a code that is wrong, late or spent.
    """
    platform = doors.scope_by_slug(operators.PLATFORM)
    if platform is None:
        raise refusals.CreationClosed
    by = actor.system(platform.scope_id)
    with current.in_scope(platform.scope_id):
        try:
            taken = challenges.take(code, purpose=_PURPOSE, now=now)
        except ChallengeRefused:
            raise refusals.CreationClosed from None
        subject, facts = ("scope-offer", str(taken.id)), {"scope": str(scope.id)}
        audit.record("scope.offer-taken", by=by, subject=subject, now=now, facts=facts)
