"""One request as its handler gets it: the path's ids, the details, and who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from identity.api.enterprise.call import Call

Answer = dict[str, Any]
"""`{"status": …, "details": …, "metadata": …}` in the words of the wire."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was found in the table of routes and whose details have the right shape.

    `ids` are the ids in the path by our words (`user`, `device`); `payload` is the whole message
    that was signed, of which this may be one batch item.
    """

    ids: Mapping[str, Any]
    details: Any
    payload: Mapping[str, Any]
    call: Call
