"""What a route of this face is, and what its handler gets and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import permissions
from identity.actor import Actor, ActorKind
from identity.api.guardian.caller import Caller
from identity.api.guardian.sent import Sent
from identity.services import scopes
from identity.web.lane import Answer

OPEN: Final = "open"
"""In place of a permission: nobody needs to be signed in; what is proven, the handler asks."""
SELF: Final = "self"
"""In place of a permission: it touches nothing but the caller's own account and tasks."""
REGISTRY: Final = "registry"
"""For registries alone, in their own scope."""
REGISTRY_OR_DEMO: Final = "registry, or anybody in demo mode"
DEMO: Final = "anybody, in demo mode"
"""Where the scope is not in demo mode there is no such address."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in. `body` is what the route's type reads; None where it has none.

    `given` is the JSON value as it was sent, None where there was none. `known` is the caller,
    None for a route that needs none.
    """

    sent: Sent
    now: datetime
    scope_id: UUID
    slug: str
    body: Any = field(repr=False)
    given: Any = field(repr=False)
    query: Mapping[str, str]
    ids: Mapping[str, str]
    known: Caller | None

    @property
    def caller(self) -> Caller:
        """Who asks."""
        if self.known is None:
            raise TypeError("this route lets anybody in")
        return self.known

    @property
    def actor(self) -> Actor:
        """As whom somebody is registered or onboarded: the caller, or anybody in demo mode."""
        if self.known is None:
            return self._anybody()
        if scopes.settings().demo_mode:
            return replace(self.known.ranked, permissions=permissions.ONBOARDING)
        return self.known.ranked

    def _anybody(self) -> Actor:
        return Actor(
            kind=ActorKind.REGISTRY,
            scope_id=self.scope_id,
            permissions=permissions.ONBOARDING,
            address=self.sent.address,
        )


Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path; `body` is the type that a JSON body is read as.

    `malformed` is the status of a body that does not fit, which differs from call to call.
    `takes_json`: the handler reads `given` by itself. `refusal` is the status of every refusal but
    those of limits, with one text, for what must not tell causes apart.
    """

    method: str
    path: str
    permission: str
    run: Handler
    body: type[Any] | None = None
    malformed: int = 422
    takes_json: bool = False
    refusal: int | None = None
