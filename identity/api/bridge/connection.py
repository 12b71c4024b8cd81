"""A web socket as this face sees it; whoever holds the socket keeps one of these for it."""

from dataclasses import dataclass, field
from uuid import UUID

CHANNELS = ("thread", "store", "stream", "inbox", "kvdb")
"""What a program may listen on; each asks for the scope word of the same name."""


@dataclass(slots=True)
class Connection:
    """One open socket. `desk.call` changes it: messages of one socket are answered in order.

    - `id` names the socket, at most 64 characters; tokens may be bound to it;
    - `token` is the access token bound to it, "" for none: asked anew for every call;
    - `channels` are those that are listened on;
    - `scopes` are those in which sessions were begun that last as long as the socket.
    """

    id: str
    token: str = field(default="", repr=False)
    channels: set[str] = field(default_factory=set)
    scopes: set[UUID] = field(default_factory=set)
