"""Mail: asked for inside a transaction, sent by a task after it."""

from collections.abc import Callable, Mapping
from typing import Any

Transport = Callable[[str, str, Mapping[str, Any]], None]

transports: list[Transport] = []
"""Filled at start by the room that knows the queue; services don't import tasks."""


def send(*, to: str, template: str, context: Mapping[str, Any]) -> None:
    """Ask for one message in the caller's transaction; nothing is sent if that rolls back.

    `template` names `templates/mail/<template>.txt`, whose first line is the subject. An empty
    address is passed over.
    """
    if not to:
        return
    for transport in transports:
        transport(to, template, context)
