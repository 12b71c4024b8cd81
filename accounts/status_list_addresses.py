"""Under which addresses the status lists of credentials are published."""

from typing import Final
from uuid import UUID

from django.conf import settings

from identity.crypto.remembered import Remembered
from identity.models import Scope

_slugs: Final = Remembered[UUID, str](1024)
PATH: Final = "v1/credentials/status-lists"


def url_of(scope_id: UUID, number: int) -> str:
    """The public address of a list, which stays: a scope's slug does."""
    slug = _slugs.get(scope_id)
    if slug is None:
        slug = Scope.objects.values_list("slug", flat=True).get(id=scope_id)
        _slugs.keep(scope_id, slug)
    return f"{settings.BASE_URL.rstrip('/')}/s/{slug}/{PATH}/{number}"
