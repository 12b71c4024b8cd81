"""Pictures of users as they are stored."""

from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import Avatar


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture and whose it is."""

    user_id: UUID
    png: bytes = field(repr=False)


def stored(avatar_id: UUID) -> Stored | None:
    """A picture in the scope in force; whether somebody may see it is the caller's question."""
    row = Avatar.objects.filter(id=avatar_id).values_list("user_id", "picture").first()
    return None if row is None else Stored(row[0], bytes(row[1]))
