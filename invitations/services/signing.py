"""Signing with the own account: at once where no policy is about it, else by the one door."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from accounts.errors import SignatureEnded
from accounts.services import key_signatures
from accounts.services.key_signatures import Request, Usable
from identity.actor import Actor, ActorKind
from identity.crypto.evm import Signable, Signed, Transaction
from identity.errors import Invalid
from identity.scoping import current
from identity.services import audit
from invitations.commands import keys
from invitations.commands.command import registry
from invitations.commands.keys import SignWithKey
from invitations.models import Proposal
from invitations.services import attested, decisions, governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Pending, Step


def sign(
    *,
    what: Signable,
    by: Actor,
    now: datetime,
    evidence: Evidence | None = None,
) -> Signed | Pending:
    """Sign with the actor's own account, or make the proposal that a policy asks for.

    `by` is the user (a session, a device, staff for their own account, a developer's word for the
    user), or a lambda of theirs. Whichever user asks for the very same thing again is answered
    with the proposal that waits, and with the signature once it was approved. `evidence` is kept
    with a proposal; without one the server states what was asked. Not to be called in a
    transaction, but for a lambda's, which undoes what would have to wait. Raises `Forbidden` for
    anybody else, `Missing` where there is no account, `accounts.errors.UserInactive`, `Invalid`
    for a transaction from another address, `PolicyDenied`, `QuorumUnreachable`,
    `TooManyProposals`, SealBroken, SealUnavailable.
    """
    with current.in_scope(by.scope_id):
        key = key_signatures.usable(by=by, now=now)
        _require_sender(what, key)
        request = Request(what, vouched_by=by.developer_key_id)
        command = registry.get(keys.NAME)
        if not decisions.is_touched(command, _details(request, key)):
            return key_signatures.sign(request, key=key, by=by, now=now)
        return _governed(request, key, evidence, by=by, now=now)


def fetch(*, named: UUID, by: Actor, now: datetime) -> Signed:
    """The actor's own signature that others approved; `named` is its id or its proposal's.

    Raises `accounts.errors.SignatureWaits`, `SignatureEnded`, `Missing` for what was signed at once
    (that is not kept) and for everybody else's, and what `sign` raises for who may not sign.
    """
    with current.in_scope(by.scope_id):
        key = key_signatures.usable(by=by, now=now)
        row = key_signatures.waiting_of(named, key=key)
        if row.outcome == row.Outcome.PENDING and not _is_pending(row.proposal_id, now=now):
            # Ended by the clock: nobody has written it down yet.
            raise SignatureEnded(signature=str(row.id), proposal=str(row.proposal_id))
        return key_signatures.fetch(row, by=by, now=now)


def _governed(
    request: Request, key: Usable, evidence: Evidence | None, *, by: Actor, now: datetime
) -> Signed | Pending:
    details = msgspec.to_builtins(_details(request, key))
    step = Step(keys.NAME, {**details, "what": request.what.wire()})
    # A lambda asks as often as it is called, and nobody waits there for an answer.
    is_person = by.kind is not ActorKind.LAMBDA
    if is_person and governance.foresee(steps=[step], by=by, now=now) is not None:
        known = _asked_before(request.what, key, by=by, now=now)
        if known is not None:
            return known
    stated = evidence or attested.of_steps([step], by=by)
    with transaction.atomic(), audit.gathered():
        answer = governance.submit(
            action=step.action, details=step.details, by=by, now=now, evidence=stated
        )
        if isinstance(answer, Pending):
            key_signatures.wait(request, key=key, proposal_id=answer.proposal_id, by=by, now=now)
            return answer
    return keys.read(answer.result)


def _asked_before(
    what: Signable, key: Usable, *, by: Actor, now: datetime
) -> Signed | Pending | None:
    """What became of the same question: it waits, or there is the signature; None for a new one.

    The signature of the same thing is the same bytes, so giving it again gives nothing new.
    """
    row = key_signatures.asked_before(what, key=key)
    if row is None:
        return None
    if row.outcome != row.Outcome.PENDING:
        return key_signatures.fetch(row, by=by, now=now)
    if row.proposal_id is None or not _is_pending(row.proposal_id, now=now):
        return None
    return Pending(row.proposal_id)


def _details(request: Request, key: Usable) -> SignWithKey:
    """The command's input without what is signed, which no pattern asks for."""
    return SignWithKey(
        signature=request.id,
        key=key.id,
        kind=request.what.kind,
        what={},
        vouched_by=request.vouched_by,
    )


def _is_pending(proposal_id: Any, *, now: datetime) -> bool:
    proposal = Proposal.objects.filter(pk=proposal_id).first()
    return proposal is not None and proposal.state_at(now) == Proposal.State.PENDING


def _require_sender(what: Signable, key: Usable) -> None:
    if isinstance(what, Transaction) and what.sender not in ("", key.address.lower()):
        raise Invalid("from is another address than the account's.")
