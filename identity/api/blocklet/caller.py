"""Who asks: the bearer of an access token of this face."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from identity.actor import Actor
from identity.scoping.session_doors import SessionDoor


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified session. `from_cookie` tells that a browser sent the token by itself."""

    actor: Actor
    door: SessionDoor
    claims: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)
    from_cookie: bool
    is_key: bool = False

    @property
    def user_id(self) -> UUID:
        """Whose session it is."""
        return self.door.user_id
