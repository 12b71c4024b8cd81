"""Our results in the words of this face."""

import hashlib
from typing import Any
from uuid import UUID

from identity.api.passport.envelope import Channel
from sessions_app.services.passkey_options import Ceremony


def registered(account_id: UUID, *, scope_id: UUID, username: str) -> dict[str, Any]:
    """A new account. `identifier_hash` names the user without telling the name, in this scope."""
    named = f"{scope_id}\n{username}".encode()
    return {
        "account_id": str(account_id),
        "identifier_hash": "0x" + hashlib.sha256(named).hexdigest(),
    }


def creation(begun: Ceremony, channel: Channel) -> dict[str, Any]:
    """What a browser makes a passkey of (specification §4.1), under the caller's key."""
    options = {**begun.options, "extensions": {"credProps": True}}
    return _challenge(begun, "encrypted_creation_challenge", options, channel)


def request(begun: Ceremony, channel: Channel) -> dict[str, Any]:
    """What a browser proves a passkey by (specification §4.1), under the caller's key."""
    return _challenge(begun, "encrypted_request_challenge", begun.options, channel)


def _challenge(
    begun: Ceremony, name: str, options: dict[str, Any], channel: Channel
) -> dict[str, Any]:
    # Signers ask for the wrapper (specification §4.1).
    sealed = channel.seal_json({"publicKey": options})
    return {"challenge_id": str(begun.challenge_id), name: sealed}
