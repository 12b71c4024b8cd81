"""Background work about sessions."""

import dataclasses
from datetime import UTC, datetime

from django_tasks import task

from sessions_app.services import sweep as sweeping


@task()
def sweep() -> dict[str, int]:
    """Remove what of signing in has run out in every scope."""
    return dataclasses.asdict(sweeping.sweep(now=datetime.now(UTC)))
