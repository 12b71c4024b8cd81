"""Proposals over `/v1`: read, verified against what was signed, and only then voted on."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from identity.crypto import cose_device, ecdsa_p256
from identity.sdk import proposals
from identity.sdk.answers import Answer, Outcome
from identity.sdk.errors import NoAnswer
from identity.sdk.proposals import Proposal, Verified
from identity.sdk.session import Session


class Caller(Protocol):
    """What proposals need of the client."""

    session: Session

    def now(self) -> int:
        """Seconds since the epoch."""
        ...

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Read something."""
        ...

    def items(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Everything in a list."""
        ...

    def change(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Outcome:
        """Ask for a change."""
        ...


class ApiProposals:
    """The proposals that a client of `/v1` can see."""

    def __init__(self, api: Caller) -> None:
        self._api = api

    def waiting(self) -> Iterator[Any]:
        """The lines of those that wait for this person's vote."""
        return self._api.items("/proposals", {"waiting_for_me": True})

    def read(self, proposal_id: UUID | str) -> Proposal:
        """Fetch one proposal. Raises ApiRefused, and NoAnswer if it cannot be read."""
        wanted = UUID(str(proposal_id))
        told = self._api.get(f"/proposals/{wanted}").content
        try:
            return _proposal(wanted, told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer("The answer does not describe a proposal.") from error

    def verify(
        self, proposal: Proposal, *, expected_signer: ecdsa_p256.PublicKey | None = None
    ) -> Verified:
        """Recompute the hash and check the proposer's own signature; see `Proposals.verify`.

        Raises NotGenuine.
        """
        server_keys = self._api.session.server.signatures
        return proposals.verify(proposal, server_keys=server_keys, expected_signer=expected_signer)

    def approve(self, verified: Verified, reason: str = "") -> Answer:
        """Vote for it, with a statement that this device signs over the recomputed hash."""
        return self._vote("approve", verified, reason)

    def reject(self, verified: Verified, reason: str) -> Answer:
        """Vote against it; a reason is needed."""
        return self._vote("reject", verified, reason)

    def retract(self, proposal_id: UUID | str) -> Answer:
        """Take the own vote back while the proposal is pending."""
        return self._act("DELETE", f"/proposals/{UUID(str(proposal_id))}/votes/mine")

    def cancel(self, proposal_id: UUID | str) -> Answer:
        """End the proposal: for its proposer and for those with the right to."""
        return self._act("POST", f"/proposals/{UUID(str(proposal_id))}/cancellation")

    def take_outcome(self, proposal_id: UUID | str) -> Any:
        """What the executed changes answered, one for each: for the proposer, once."""
        path = f"/proposals/{UUID(str(proposal_id))}/outcome"
        return self._act("POST", path).content["results"]

    def evidence(self, proposal_id: UUID | str) -> Any:
        """What `identity/crypto/evidence.py` verifies without any server."""
        return self._api.get(f"/proposals/{UUID(str(proposal_id))}/evidence").content

    def _vote(self, decision: str, verified: Verified, reason: str) -> Answer:
        path = f"/proposals/{verified.proposal.id}"
        details = {"proposal_hash": proposals.hash_of(verified.proposal)}
        if reason:
            details["reason"] = reason
        statement = self._sign({"action": decision, "resource": path, "details": details})
        body = {
            "decision": decision,
            **details,
            "statement": base64.b64encode(statement).decode(),
        }
        return self._act("POST", f"{path}/votes", body)

    def _sign(self, payload: Mapping[str, Any]) -> bytes:
        """The same COSE_Sign1 as in an envelope, so that a vote has one form of evidence."""
        session = self._api.session
        return cose_device.sign_request(
            json.dumps(payload).encode(),
            device=session.device,
            signing_key=session.keys.signature,
            recipient=session.server.encryption,
            now=self._api.now(),
        )

    def _act(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        outcome = self._api.change(method, path, body)
        if not isinstance(outcome, Answer):
            raise NoAnswer("A vote waits for nobody.")
        return outcome


def _proposal(proposal_id: UUID, told: Mapping[str, Any]) -> Proposal:
    return Proposal(
        id=proposal_id,
        scope=UUID(told["scope"]),
        state=_text(told["state"]),
        request_sign1=base64.b64decode(told["request"], validate=True),
        policy=UUID(told["policy_id"]),
        policy_version=int(told["policy_version"]),
        review_expression=_text(told["review_expression"]),
        expires_at=int(datetime.fromisoformat(told["expires_at"]).timestamp()),
        hash=_text(told["hash"]),
        action=_text(told["action"]),
        resource=_text(told["resource"]),
        named_signer=told.get("proposer_key"),
        told=told,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
