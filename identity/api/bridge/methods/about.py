"""`versions`: which protocols this server speaks with clients of users."""

from typing import Final

from identity.api.bridge import inputs
from identity.api.bridge.route import Asked, Method


def _versions(_: Asked) -> list[str]:
    return ["v2.0"]


METHODS: Final = (Method("versions", inputs.nothing, _versions),)
