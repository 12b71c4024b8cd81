"""Answers in bytes."""

from typing import Any, Final

import orjson

from identity.web.lane import Answer

JSON: Final = "application/json; charset=utf-8"
_NEVER_STORED: Final = {"Cache-Control": "no-store", "Vary": "Authorization"}


def json(content: Any, *, status: int = 200) -> Answer:
    """An object, a list, a number or null."""
    return Answer(status, orjson.dumps(content), {"Content-Type": JSON, **_NEVER_STORED})


def nothing() -> Answer:
    """No body."""
    return Answer(204, b"", dict(_NEVER_STORED))
