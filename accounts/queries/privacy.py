"""What people hide of their profiles: settings by the name of a part, as its owner wrote them."""

from collections.abc import Mapping
from typing import Any


def hides(privacy: Mapping[str, Any], name: str, *, follows: bool) -> bool:
    """Whether a setting hides a part: the name itself, or a page of the user's that ends in it."""
    for key, value in privacy.items():
        if key == name or key.rpartition("/")[2] == name:
            if value is True or value == "private":
                return True
            if value == "follower-only" and not follows:
                return True
    return False
