"""Onboarding somebody by the one door: workers begin at once, or after the approval of others."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Onboarding
from accounts.services import onboardings
from accounts.services.onboardings import Request
from identity import errors
from identity.actor import Actor
from identity.scoping import current
from identity.services import audit
from invitations.commands.onboardings import NAME, PERMISSION
from invitations.services import attested, governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Pending, Step


@dataclass(frozen=True, slots=True)
class Begun:
    """The onboarding, and the proposal that decides about it, if policy asks for one."""

    onboarding: Onboarding
    proposal_id: UUID | None


def start(*, request: Request, by: Actor, now: datetime, evidence: Evidence | None = None) -> Begun:
    """Begin to onboard a new user, or keep it waiting for the proposal that policy asks for.

    The task has its id in either case. `evidence` is kept with a proposal; without one the server
    states what was asked. Not to be called in a transaction. Raises `Forbidden` without
    `onboardings:create` (for a registry also `registries:create`, unless policy asks others),
    `PolicyDenied`, `QuorumUnreachable`, and what `onboardings.check` raises.
    """
    if not by.may(PERMISSION):
        # Before anything is looked up: who may not onboard learns no names this way.
        raise errors.Forbidden(f"This needs the permission {PERMISSION}.")
    checked = onboardings.check(request=request, by=by)
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = onboardings.keep_waiting(checked, by=by, now=now)
        details = {"onboarding": str(row.id), **onboardings.told(row.id)}
        stated = evidence or attested.of_steps([Step(NAME, details)], by=by)
        answer = governance.submit(action=NAME, details=details, by=by, now=now, evidence=stated)
        if isinstance(answer, Pending):
            onboardings.note_proposal(row, answer.proposal_id)
            return Begun(row, answer.proposal_id)
        row.refresh_from_db()
        return Begun(row, None)
