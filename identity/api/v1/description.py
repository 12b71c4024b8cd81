"""The table of routes as an OpenAPI 3.1 description."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


def own_paths(endpoints: list[Any], **_: Any) -> list[Any]:
    """The paths of this face, each once: without the prefix of a scope."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/v1/")]


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The whole description with its components."""
    return result


class TableSchema(AutoSchema):
    """Operations as the table says them."""
