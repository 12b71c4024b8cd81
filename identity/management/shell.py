"""What operators' commands share: entering a scope by its slug, and the addresses to print."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from identity.errors import Missing
from identity.scoping import current, doors


@dataclass(frozen=True, slots=True)
class ShellScope:
    """The scope that a command works in."""

    scope_id: UUID
    slug: str


@contextmanager
def scope(slug: str) -> Iterator[ShellScope]:
    """Enter the scope of this slug. Raises `Missing` with what to do."""
    found = doors.scope_by_slug(slug)
    if found is None:
        raise Missing(f"There is no scope “{slug}”. Make it with: manage.py scopes create {slug}")
    with current.in_scope(found.scope_id):
        yield ShellScope(scope_id=found.scope_id, slug=slug)


def face_url(slug: str, path: str) -> str:
    """The full address of a face's endpoint under a scope's path prefix."""
    return f"{settings.BASE_URL.rstrip('/')}/s/{slug}/{path}"
