"""Audit events about remotes: who linked what to where; never a secret, of an address the host."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import Remote
from identity.actor import Actor
from identity.services import audit
from identity.services.webhooks import host_of


def record(
    name: str, remote: Remote, *, by: Actor, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Append an event about a remote, in the transaction of the change."""
    told = {
        "name": remote.name,
        "host": host_of(remote.url),
        "status": str(remote.status),
        "reason": str(remote.reason),
        "version": remote.version,
        **(facts or {}),
    }
    audit.record(name, by=by, subject=("remote", str(remote.id)), now=now, facts=told)
