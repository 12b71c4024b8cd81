"""Whether the request behind a proposal is what its proposer signed, checked when it is read."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from accounts.models import KnownKey
from identity.crypto import cose, ecdsa_p256, evidence
from identity.errors import DomainError
from identity.services import server_keys
from invitations.models import Invitation, Proposal

BY_DEVICE: Final = "The proposer's device signed this request."
BY_HTTP: Final = "The proposer's device signed this request over HTTP, and the server attests it."
BY_SERVER: Final = "The server attests that the proposer was signed in; no device signed this."
BROKEN: Final = "The proposer's signature does not verify: do not approve this."
_COMMANDS: Final = ("action", "batch", "atomicBatch")
OTHER: Final = "What was signed asks for something else than this proposal: do not approve it."


@dataclass(frozen=True, slots=True)
class Proof:
    """What the proposer's evidence says; `is_signed_by_device` only where a device signed it."""

    is_verified: bool
    is_signed_by_device: bool
    text: str


def of_request(row: Proposal) -> Proof:
    """Check signature and meaning of the request that is kept with a proposal."""
    sign1 = bytes(row.request)
    try:
        payload, is_by_device, text = _verified(row, sign1)
    except (DomainError, evidence.EvidenceInvalid, ValueError):
        return Proof(is_verified=False, is_signed_by_device=False, text=BROKEN)
    # What the server attests of somebody who joins is no request for a command by name.
    names_commands = is_by_device or not payload.keys().isdisjoint(_COMMANDS)
    if names_commands and not evidence.asks_for(payload, row.action, row.resource):
        return Proof(is_verified=False, is_signed_by_device=is_by_device, text=OTHER)
    return Proof(is_verified=True, is_signed_by_device=is_by_device, text=text)


def proposer_key(row: Proposal) -> str | None:
    """The key that the device had then; the holder of an invitation signs with its one-time key."""
    if row.proposer_device_id is None:
        return None
    keys = KnownKey.objects.filter(
        device_id=row.proposer_device_id,
        purpose=KnownKey.Purpose.SIGNATURE,
        first_seen_at__lte=row.created_at,
    )
    known = keys.order_by("-first_seen_at").values_list("public", flat=True).first()
    held = Invitation.objects.filter(temporary_device_id=row.proposer_device_id)
    return known or held.values_list("one_time_key", flat=True).first()


def _verified(row: Proposal, sign1: bytes) -> tuple[dict[str, Any], bool, str]:
    own = server_keys.signature_keys()
    if evidence.is_http_request(sign1):
        key = proposer_key(row)
        at = int(row.created_at.timestamp())
        keys = [key] if key else []
        payload = evidence.verify_http_request(sign1, device_keys=keys, server_keys=own, at=at)
        return payload, True, BY_HTTP
    if row.request_is_attested:
        attested = evidence.verify_attested(sign1, evidence.STAFF_REQUEST_TYPE, server_keys=own)
        return orjson.loads(attested), False, BY_SERVER
    inner = cose.read_signed_request(sign1)
    key = proposer_key(row)
    cose.verify_signed_request(inner, ecdsa_p256.parse_public(key) if key else None)
    return orjson.loads(inner.payload), True, BY_DEVICE
