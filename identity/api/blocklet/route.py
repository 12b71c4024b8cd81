"""What a route of this face is, and what its handler gets and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity.api.blocklet import wording
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.sent import Sent
from identity.web.lane import Answer

OPEN: Final = "open"
"""In place of a permission: nobody needs to be signed in; what is proven, the handler asks."""
SELF: Final = "self"
"""In place of a permission: it touches nothing but the caller's own account and sessions."""
BACKEND: Final = "backend"
"""In place of a permission: the request is signed by a key that was minted for the application."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in. `body` is what the route's type reads; None where it has none.

    `given` is the JSON object as it was sent, {} where there was none. `known` is the caller of a
    route that needs one.
    """

    sent: Sent
    now: datetime
    scope_id: UUID
    slug: str
    body: Any
    given: Mapping[str, Any] = field(repr=False)
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
    def locale(self) -> str:
        """The language of messages."""
        return wording.locale(self.sent, self.given, self.query)


Handler = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path behind the root; `body` is the type that a JSON body is read as.

    `refusal` is the status of every refusal but those of limits, for clients that know no other;
    such refusals are a bare text. `for_keys` lets access keys in beside sessions; `takes_form` a
    form beside JSON, which pages of other sites can send. `is_of_token`: the session of a token
    that was sent says which scope it is and whether that is active. `is_of_profile`: it reads the
    profile of whoever is signed in, first of all.
    """

    method: str
    path: str
    permission: str
    run: Handler
    body: type[Any] | None = None
    refusal: int | None = None
    for_keys: bool = False
    takes_form: bool = False
    is_of_token: bool = False
    is_of_profile: bool = False
