"""Sealed values inside proposals that wait: nobody may change what people are voting on."""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from invitations.models import Proposal

PREFIX: Final = "sealed_"
"""Begins the name of every input of a command that holds a sealed value, in base64."""


def sealed_in_proposals(*, now: datetime) -> Iterator[bytes]:
    """The sealed values in pending proposals of the scopes in force."""
    waiting = Proposal.objects.filter(state=Proposal.State.PENDING, expires_at__gt=now)
    for commands in waiting.values_list("commands", flat=True).iterator():
        yield from _sealed(commands)


def _sealed(told: Any, name: str = "") -> Iterator[bytes]:
    if isinstance(told, Mapping):
        for key, inner in told.items():
            yield from _sealed(inner, key)
    elif isinstance(told, list):
        for inner in told:
            yield from _sealed(inner, name)
    elif isinstance(told, str) and told and name.startswith(PREFIX):
        yield base64.b64decode(told)
