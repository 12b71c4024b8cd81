"""Accepting an invitation without a device: by a wallet, a code by mail, an account at a provider.

It is for whoever has not joined yet. The account takes its way in from the proof, and for each of
its roles a credential; the invitation is used up by the same transaction.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction

from accounts.models import User
from accounts.services import (
    mail_addresses,
    role_assignments,
)
from identity.actor import Actor
from identity.services import attestations, audit
from invitations import errors as refusals
from invitations.models import Invitation
from invitations.services import alarms, governance, invitations, newcomers
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending
from sessions_app.models import Session
from sessions_app.services import exchanges, first_factor, mailed_codes, providers, role_switching
from sessions_app.services.exchange_acts import Said
from sessions_app.services.exchanges import Exchanged
from sessions_app.services.first_factor import Arrival, Passed
from sessions_app.services.mailed_codes import Asker, Purpose
from sessions_app.services.provider_sign_in import Asserted, Round

RESOURCE: Final = "/account-management/authorize"
CREDENTIAL: Final = role_switching.CREDENTIAL
"""In an exchange's data: the credential that the session begins with."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Who joined, and the credentials of its roles, the first one first."""

    user_id: UUID
    credentials: list[str]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven just now, as fields of the command; `proof` is what shows it, for the record.

    Two proofs of one `name` are the same: a repeat, and no second holder of the invitation.
    """

    fields: dict[str, str]
    name: str
    proof: dict[str, str] = field(repr=False)


def by_wallet(
    found: Exchanged, said: Said, *, invitation_id: UUID, full_name: str, now: datetime
) -> Joined | Pending:
    """The wallet of an exchange becomes that of the invited person; the exchange is used up too.

    Of any number at the same time one joins. Not to be called in a transaction. Raises
    `InvitationInvalid`, `InvitationNeedsDevice`, `accounts.errors.WalletTaken`, ChallengeRefused,
    and what policies refuse.
    """
    key = said.key
    fields = {
        "way": "wallet",
        "wallet_kind": str(key.kind),
        "wallet": key.address,
        "public_key": key.public_key,
        "wallet_os": key.wallet_os,
        "full_name": full_name,
    }
    proof = Proof(fields, f"wallet {key.address}", {"challenge": found.challenge})

    def used_up(joined: Joined) -> None:
        exchanges.finish(found, key, now=now)
        exchanges.note_user(found, joined.user_id)
        if joined.credentials:
            exchanges.note(found, {CREDENTIAL: joined.credentials[0]})

    return _accept(invitation_id, proof, found.origin.address, used_up, now=now)


def by_mail(
    *, invitation_id: UUID, address: str, code: str, arrival: Arrival, now: datetime
) -> Passed | Pending:
    """The code that was mailed for this, brought by the browser that asked for it.

    The address must be the invited one. Not to be called in a transaction: tries are counted.
    Raises CodeRefused, `InvitationInvalid`, and what policies refuse.
    """
    asker = Asker(browser=arrival.browser, address=arrival.origin.address)
    proven = mailed_codes.redeem(
        purpose=Purpose.INVITE, address=address, code=code, asker=asker, now=now
    )
    _require_invited_address(invitation_id, proven)
    proof = Proof({"way": "mail", "email": proven}, f"mail {proven}", {})
    joined = _accept(invitation_id, proof, arrival.origin.address, _nothing_more, now=now)
    if isinstance(joined, Pending):
        return joined
    user = User.objects.get(id=joined.user_id)
    return first_factor.passed(user, Session.Method.EMAIL, arrival, now=now)


def by_provider(
    asked: Round, asserted: Asserted, *, invitation_id: UUID, arrival: Arrival, now: datetime
) -> Passed | Pending:
    """An account at a provider, proven just now, becomes the invited person's way in.

    Not to be called in a transaction. Raises `InvitationInvalid`,
    `accounts.errors.IdentityTaken`, and what policies refuse.
    """
    fields = {
        "way": "provider",
        "provider": asked.slug,
        "issuer": asserted.issuer,
        "subject": asserted.subject,
        "email": asserted.email,
        "full_name": asserted.name,
    }
    proof = Proof(fields, f"provider {asserted.issuer} {asserted.subject}", {})
    joined = _accept(invitation_id, proof, arrival.origin.address, _nothing_more, now=now)
    if isinstance(joined, Pending):
        return joined
    # A provider that is disabled later takes this session with it.
    user, vouching = User.objects.get(id=joined.user_id), providers.found(asked.provider_id)
    return first_factor.passed(user, Session.Method.OAUTH, arrival, provider=vouching, now=now)


def require_open(invitation_id: UUID, *, now: datetime) -> None:
    """Refuse what nobody could accept so now. Raises as the ways in do."""
    found = Invitation.objects.select_related("user").filter(id=invitation_id).first()
    if found is None or found.state_at(now) != Invitation.State.OPEN:
        raise refusals.InvitationInvalid
    newcomers.require_newcomer(found.user)


def roles_of(invitation_id: UUID) -> list[str]:
    """The names of the roles that whoever accepts will have, the first one first."""
    found = Invitation.objects.filter(id=invitation_id).values_list("user_id", flat=True).first()
    return [] if found is None else role_assignments.names_of(found)


def _nothing_more(joined: Joined) -> None:
    del joined


def _accept(
    invitation_id: UUID, proof: Proof, address: str, finish: Any, *, now: datetime
) -> Joined | Pending:
    digest = newcomers.digest(proof.name)
    found = Invitation.objects.select_related("user").filter(id=invitation_id).first()
    if found is None:
        raise refusals.InvitationInvalid
    by = newcomers.holder(found, address)
    try:
        with transaction.atomic(), audit.gathered():
            invitation = _locked_open(invitation_id, now)
            answer = _submitted(invitation, proof, by=by, now=now)
            if isinstance(answer, Pending):
                invitation.state = Invitation.State.PENDING
                invitation.keys_digest = digest
                invitation.proposal_id = answer.proposal_id
                invitation.save(update_fields=["state", "keys_digest", "proposal_id"])
                return answer
            result = answer.result
            joined = Joined(UUID(result["user_id"]), list(result["credentials"]))
            finish(joined)
            return joined
    except refusals.InvitationInvalid:
        alarms.raise_if_others_used(invitation_id, digest, by=by, now=now)
        raise


def _locked_open(invitation_id: UUID, now: datetime) -> Invitation:
    invitation = invitations.locked(invitation_id)
    if invitation.state_at(now) != Invitation.State.OPEN:
        raise refusals.InvitationInvalid
    newcomers.require_newcomer(invitation.user)
    return invitation


def _submitted(invitation: Invitation, proof: Proof, *, by: Actor, now: datetime) -> Done | Pending:
    details = {"invitation": str(invitation.id), **proof.fields}
    said = {
        "action": "add",
        "resource": RESOURCE,
        "details": details,
        "user": str(by.public_id),
        "holder": proof.proof,
    }
    sign1 = attestations.request(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
    return governance.submit(
        action="invitation.accept",
        details=details,
        by=by,
        now=now,
        evidence=Evidence(sign1=sign1, is_attested=True),
    )


def _require_invited_address(invitation_id: UUID, proven: str) -> None:
    found = Invitation.objects.select_related("user").filter(id=invitation_id).first()
    if found is None or mail_addresses.normal(found.user.email) != proven:
        raise refusals.InvitationInvalid
