"""What is done but not by a single command: onboarding, the password, votes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from identity.api.enterprise import attestation, errors, outputs, results
from identity.api.enterprise.asked import Answer, Asked
from identity.api.enterprise.details.people import Authorize, RegisterKey
from identity.errors import Forbidden
from identity.services import server_keys
from invitations.services import account, authorization, governance, proposals, votes
from invitations.services.evidence import Evidence


class Decided(Protocol):
    """A proposal after a vote, as far as the voter is told."""

    id: UUID
    reason: str

    def state_at(self, now: datetime) -> str:
        """Its state, judged by the clock."""


def authorize(asked: Asked) -> Answer:
    """Register the device of an invitation's holder, or wait for approval (§4)."""
    call, details = asked.call, asked.details
    if call.invitation_id is None:
        raise Forbidden
    answer = authorization.authorize(
        invitation_id=call.invitation_id,
        request=_request(details),
        by=call.actor,
        now=call.now,
        evidence=_without_password(asked) if details.password else call.evidence,
    )
    return submitted("device.authorize", answer)


def change_password(asked: Asked) -> Answer:
    """Change the password of one's own account."""
    call, details = asked.call, asked.details
    answer = account.change_password(
        old=details.old_password,
        new=details.new_password,
        by=call.actor,
        now=call.now,
        evidence=_without_password(asked),
    )
    return submitted("password.change", answer)


def approve(asked: Asked) -> Answer:
    """Vote for a proposal; the deciding vote makes its change."""
    call, details = asked.call, asked.details
    decided = votes.approve(
        proposal_id=asked.ids["proposal"],
        proposal_hash=details.proposal_hash,
        reason=details.reason or "",
        by=call.actor,
        now=call.now,
        evidence=call.evidence,
    )
    return _voted(decided.proposal, asked, decided.missing, wanted="executed")


def reject(asked: Asked) -> Answer:
    """Vote against a proposal."""
    call, details = asked.call, asked.details
    decided = votes.reject(
        proposal_id=asked.ids["proposal"],
        proposal_hash=details.proposal_hash,
        reason=details.reason,
        by=call.actor,
        now=call.now,
        evidence=call.evidence,
    )
    return _voted(decided.proposal, asked, decided.missing, wanted="rejected")


def retract(asked: Asked) -> Answer:
    """Take one's own vote back."""
    call = asked.call
    decided = votes.retract(proposal_id=asked.ids["proposal"], by=call.actor, now=call.now)
    return _voted(decided.proposal, asked, decided.missing, wanted="pending")


def cancel(asked: Asked) -> Answer:
    """End a proposal before it is decided."""
    call = asked.call
    decided = proposals.cancel(proposal_id=asked.ids["proposal"], by=call.actor, now=call.now)
    return _voted(decided, asked, (), wanted="cancelled")


def submitted(command: str, answer: governance.Done | governance.Pending) -> Answer:
    """Both shapes of a success."""
    if isinstance(answer, governance.Pending):
        return outputs.pending(answer.proposal_id)
    shown = results.of_command(command, answer.result, client_keys=server_keys.client_keys)
    return outputs.success(shown)


def _request(details: Authorize | RegisterKey) -> authorization.Request:
    return authorization.Request(
        invite_string=details.invite_string,
        device_name=details.device_name,
        signature_key=details.signature_key,
        encryption_key=details.encryption_key,
        password=details.password or "",
        push_token=details.push_token or "",
    )


def _without_password(asked: Asked) -> Evidence:
    # No signed request that holds a password is kept: the server attests the rest of it.
    sent = asked.payload.get("details", {})
    kept = {name: value for name, value in sent.items() if not name.endswith("password")}
    return attestation.without_password({**asked.payload, "details": kept}, asked.call)


def _voted(decided: Decided, asked: Asked, missing: Sequence[str], *, wanted: str) -> Answer:
    """What became of the proposal: a success if it goes on or ended as this vote wanted."""
    state = str(decided.state_at(asked.call.now))
    details: dict[str, Any] = {"proposal_id": str(decided.id), "state": state}
    if state == "pending":
        return outputs.success(details | {"missing": list(missing)})
    if state == wanted:
        return outputs.success(details)
    return errors.ended(state, decided.reason) | {"details": details}
