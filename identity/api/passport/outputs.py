"""Our results in the words of this face."""

import hashlib
from typing import Any
from uuid import UUID


def registered(account_id: UUID, *, scope_id: UUID, username: str) -> dict[str, Any]:
    """A new account. `identifier_hash` names the user without telling the name, in this scope."""
    named = f"{scope_id}\n{username}".encode()
    return {
        "account_id": str(account_id),
        "identifier_hash": "0x" + hashlib.sha256(named).hexdigest(),
    }
