"""Proposals: read, verified against what their proposer signed, and only then voted on."""

import base64
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from identity.crypto import ecdsa_p256, evidence
from identity.sdk import signed_requests
from identity.sdk.errors import NoAnswer, NotGenuine
from identity.sdk.results import Result
from identity.sdk.session import Session


class Requester(Protocol):
    """What proposals need of the client."""

    session: Session

    def request(
        self,
        action: str,
        resource: str,
        details: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Result:
        """Ask for one thing; see `Client.request`."""
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as the server tells it: nothing of it is checked yet."""

    id: UUID
    scope: UUID
    state: str
    request_sign1: bytes = field(repr=False)
    policy: UUID
    policy_version: int
    review_expression: str
    expires_at: int
    """Seconds since the epoch."""
    hash: str
    action: str
    resource: str
    named_signer: Any = field(repr=False)
    """The key of the proposer's device, as the server names it."""
    told: Mapping[str, Any] = field(repr=False)
    """Everything that the server told, for display."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A proposal whose hash was recomputed here and whose request is signed as it should be."""

    proposal: Proposal
    request: Mapping[str, Any]
    """The signed payload: show this to the person who decides."""
    device: UUID | None
    """The device that signed; None where the server attests the request."""


class Proposals:
    """The proposals that a client can see."""

    def __init__(self, client: Requester) -> None:
        self._client = client

    def read(self, proposal_id: UUID | str) -> Proposal:
        """Fetch one proposal. Raises Refused, and NoAnswer if it cannot be read."""
        wanted = UUID(str(proposal_id))
        told = self._client.request("get", f"/proposals/{wanted}").details
        try:
            return _proposal(wanted, told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer("The reply does not describe a proposal.") from error

    def verify(
        self, proposal: Proposal, *, expected_signer: ecdsa_p256.PublicKey | None = None
    ) -> Verified:
        """Recompute the hash and check the proposer's own signature.

        `expected_signer` is the key of the proposer's device where the caller knows it from
        elsewhere; without it the key that the server names has to do. A request that no device
        signed (made by staff, or with a password in it) has to be attested by the server, and is
        refused if a signer is expected. Raises NotGenuine.
        """
        server_keys = self._client.session.server.signatures
        return verify(proposal, server_keys=server_keys, expected_signer=expected_signer)

    def approve(self, verified: Verified) -> Result:
        """Vote for it; the signed vote names the hash that was recomputed here."""
        return self._vote("approve", verified, {})

    def reject(self, verified: Verified, reason: str) -> Result:
        """Vote against it; a reason is needed."""
        return self._vote("reject", verified, {"reason": reason})

    def retract(self, proposal_id: UUID | str) -> Result:
        """Take the own vote back while the proposal is pending."""
        return self._act("retract", UUID(str(proposal_id)), {})

    def cancel(self, proposal_id: UUID | str) -> Result:
        """End the proposal: for its proposer and for those with the right to."""
        return self._act("cancel", UUID(str(proposal_id)), {})

    def _vote(self, action: str, verified: Verified, details: Mapping[str, Any]) -> Result:
        named = {"proposal_hash": hash_of(verified.proposal), **details}
        return self._act(action, verified.proposal.id, named)

    def _act(self, action: str, proposal_id: UUID, details: Mapping[str, Any]) -> Result:
        # A key of its own lets a lost reply be asked for again without a second act.
        key = str(uuid.uuid4())
        return self._client.request(action, f"/proposals/{proposal_id}", details, key)


def verify(
    proposal: Proposal,
    *,
    server_keys: Iterable[ecdsa_p256.PublicKey],
    expected_signer: ecdsa_p256.PublicKey | None = None,
) -> Verified:
    """See `Proposals.verify`. Raises NotGenuine."""
    if hash_of(proposal) != proposal.hash:
        raise NotGenuine("The proposal's hash does not follow from its content.")
    signed = signed_requests.verify(
        proposal.request_sign1,
        expected_signer=expected_signer,
        named_signer=proposal.named_signer,
        server_keys=server_keys,
    )
    if not evidence.asks_for(signed.payload, proposal.action, proposal.resource):
        raise NotGenuine("The server tells another action than the one that was signed.")
    return Verified(proposal, signed.payload, signed.device)


def hash_of(proposal: Proposal) -> str:
    """What a vote names, computed from the proposal's content: 64 hexadecimal digits."""
    return evidence.proposal_hash(
        scope=proposal.scope,
        proposal=proposal.id,
        request_sign1=proposal.request_sign1,
        policy=proposal.policy,
        policy_version=proposal.policy_version,
        review_expression=proposal.review_expression,
        expires_at=proposal.expires_at,
    ).hex()


def _proposal(proposal_id: UUID, told: Mapping[str, Any]) -> Proposal:
    return Proposal(
        id=proposal_id,
        scope=UUID(told["tenant"]),
        state=_text(told["state"]),
        request_sign1=base64.b64decode(told["request_sign1"], validate=True),
        policy=UUID(told["policy_id"]),
        policy_version=_integer(told["policy_version"]),
        review_expression=_text(told["review_expression"]),
        expires_at=_integer(told["expires_at"]),
        hash=_text(told["proposal_hash"]),
        action=str(told.get("action")),
        resource=str(told.get("resource")),
        named_signer=told.get("proposer_signature_pubkey"),
        told=told,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("an integer is needed")
    return value
