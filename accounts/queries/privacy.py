"""What people hide of their profiles: settings by the name of a part, as its owner wrote them."""

from collections.abc import Mapping
from typing import Any, Literal

Who = Literal["all", "follower-only", "private"]


def setting(privacy: Mapping[str, Any], name: str) -> Who:
    """Which other users see a part: what is strictest of its own name and of pages that end in it.

    A page is one of the user's, in another protocol's words.
    """
    values = [
        value for key, value in privacy.items() if key == name or key.rpartition("/")[2] == name
    ]
    if any(value is True or value == "private" for value in values):
        return "private"
    return "follower-only" if "follower-only" in values else "all"


def hides(privacy: Mapping[str, Any], name: str, *, follows: bool) -> bool:
    """Whether a part is hidden from another user, who may be one that follows."""
    found = setting(privacy, name)
    return found == "private" or (found == "follower-only" and not follows)
