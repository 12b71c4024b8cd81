"""What a verified request is, once its envelope has been opened."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.actor import Actor
from invitations.services.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Call:
    """One verified request: who, when, and the signed bytes that prove it.

    `invitation_id` is set when the sender holds an invitation's one-time key and nothing else.
    """

    actor: Actor
    now: datetime
    evidence: Evidence
    device_id: UUID
    invitation_id: UUID | None = None
    address: str = ""
