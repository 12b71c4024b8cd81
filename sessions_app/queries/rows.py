"""Rows of this room as what commands answer."""

import dataclasses
from datetime import datetime
from typing import Any

import msgspec


def described(row: Any) -> dict[str, Any]:
    """A row as JSON values: ids as text, times in whole seconds since the epoch."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )
    return plain
