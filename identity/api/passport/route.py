"""What a method of this face is, and what its handler gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.api.passport.envelope import Channel
from identity.api.passport.sent import Sent
from identity.errors import Invalid


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was let in. `params` are a list or an object, as they were sent."""

    sent: Sent
    now: datetime
    params: Mapping[str, Any] | list[Any] = field(repr=False)
    scope_id: UUID
    known_channel: Channel | None = field(default=None, repr=False)

    @property
    def channel(self) -> Channel:
        """The channel under which parameters and answers are encrypted."""
        if self.known_channel is None:
            raise TypeError("this method has no channel")
        return self.known_channel

    @property
    def named(self) -> Mapping[str, Any]:
        """The parameters by name. Raises Invalid where they are a list."""
        if isinstance(self.params, list):
            raise Invalid("The parameters of this method are an object.")
        return self.params


Handler = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its name on the wire, and what it does; what is proven, the handler asks.

    `has_channel` where parameters or answers are encrypted.
    """

    name: str
    run: Handler
    has_channel: bool = True
