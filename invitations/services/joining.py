"""Accepting an invitation without a device: a wallet, a user key, a mailed code, a provider.

It is for whoever has not joined yet. The account takes its way in from the proof, and for each of
its roles a credential; the invitation is used up by the same transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import orjson
from django.db import transaction

from accounts.models import User
from accounts.services import mail_addresses, role_assignments, wallets
from identity.actor import Actor
from identity.services import attestations, audit
from invitations import errors as refusals
from invitations.commands.inputs import AcceptInvitation
from invitations.models import Invitation
from invitations.services import alarms, governance, invitations, newcomers
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending
from sessions_app.models import Session
from sessions_app.queries import providers
from sessions_app.services import exchanges, first_factor, mailed_codes, role_switching
from sessions_app.services.exchange_acts import Said
from sessions_app.services.exchanges import Exchanged
from sessions_app.services.first_factor import Arrival, Passed
from sessions_app.services.mailed_codes import Asker, Purpose
from sessions_app.services.provider_sign_in import Asserted, Round
from sessions_app.services.user_key_sign_in import Person

RESOURCE: Final = "/account-management/authorize"
CREDENTIAL: Final = role_switching.CREDENTIAL
"""In an exchange's data: the credential that the session begins with."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Who joined, and the credentials of its roles, the first one first."""

    user_id: UUID
    credentials: list[str]


def by_wallet(
    found: Exchanged, said: Said, *, invitation_id: UUID, full_name: str, now: datetime
) -> Joined | Pending:
    """The wallet of an exchange becomes that of the invited person; the exchange is used up too.

    Of any number at the same time one joins. Not to be called in a transaction. Raises
    `InvitationInvalid`, `InvitationNeedsDevice`, `accounts.errors.WalletTaken`, ChallengeRefused,
    and what policies refuse.
    """
    key = said.key
    proven = AcceptInvitation(
        invitation_id,
        "wallet",
        wallet_kind=str(key.kind),
        wallet=key.address,
        public_key=key.public_key,
        wallet_os=key.wallet_os,
        full_name=full_name,
    )

    def used_up(joined: Joined) -> None:
        exchanges.finish(found, key, now=now)
        exchanges.note_user(found, joined.user_id)
        if joined.credentials:
            exchanges.note(found, {CREDENTIAL: joined.credentials[0]})

    shown = {"challenge": found.challenge}
    return _accept(proven, shown, found.origin.address, used_up, now=now)


def by_key(
    *,
    invitation_id: UUID,
    key: wallets.Key,
    person: Person,
    shown: Mapping[str, str],
    address: str,
    now: datetime,
) -> Joined | Pending:
    """A user key that was proven just now becomes the invited person's way in.

    `shown` is the text that was signed and its signatures, for the record. Not to be called in a
    transaction. Raises `InvitationInvalid`, `InvitationNeedsDevice`,
    `accounts.errors.WalletTaken`, `NameTaken`, and what policies refuse.
    """
    proven = AcceptInvitation(
        invitation_id,
        "key",
        wallet_kind=str(key.kind),
        wallet=key.address,
        public_key=key.public_key,
        full_name=person.full_name,
        username=person.username,
    )
    return _accept(proven, shown, address, _nothing_more, now=now)


def by_mail(
    *, invitation_id: UUID, address: str, code: str, arrival: Arrival, now: datetime
) -> Passed | Pending:
    """The code that was mailed for this, brought by the browser that asked for it.

    The address must be the invited one. Not to be called in a transaction: tries are counted.
    Raises CodeRefused, `InvitationInvalid`, and what policies refuse.
    """
    asker = Asker(browser=arrival.browser, address=arrival.origin.address)
    own = mailed_codes.redeem(
        purpose=Purpose.INVITE, address=address, code=code, asker=asker, now=now
    )
    _require_invited_address(invitation_id, own)
    proven = AcceptInvitation(invitation_id, "mail", email=own)
    joined = _accept(proven, {}, arrival.origin.address, _nothing_more, now=now)
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
    proven = AcceptInvitation(
        invitation_id,
        "provider",
        provider=asked.slug,
        issuer=asserted.issuer,
        subject=asserted.subject,
        email=asserted.email,
        full_name=asserted.name,
    )
    joined = _accept(proven, {}, arrival.origin.address, _nothing_more, now=now)
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
    proven: AcceptInvitation,
    shown: Mapping[str, str],
    address: str,
    finish: Callable[[Joined], None],
    *,
    now: datetime,
) -> Joined | Pending:
    """Use the invitation up; `shown` is what the proof answered, for the record."""
    digest = newcomers.digest(proven)
    found = Invitation.objects.select_related("user").filter(id=proven.invitation).first()
    if found is None:
        raise refusals.InvitationInvalid
    by = newcomers.holder(found, address)
    try:
        with transaction.atomic(), audit.gathered():
            invitation = _locked_open(proven.invitation, now)
            answer = _submitted(proven, shown, by=by, now=now)
            if isinstance(answer, Pending):
                invitations.wait(invitation, digest, answer.proposal_id)
                return answer
            result = answer.result
            joined = Joined(UUID(result["user_id"]), list(result["credentials"]))
            finish(joined)
            return joined
    except refusals.InvitationInvalid:
        alarms.raise_if_others_used(proven.invitation, digest, by=by, now=now)
        raise


def _locked_open(invitation_id: UUID, now: datetime) -> Invitation:
    invitation = invitations.locked(invitation_id)
    if invitation.state_at(now) != Invitation.State.OPEN:
        raise refusals.InvitationInvalid
    newcomers.require_newcomer(invitation.user)
    return invitation


def _submitted(
    proven: AcceptInvitation, shown: Mapping[str, str], *, by: Actor, now: datetime
) -> Done | Pending:
    given = msgspec.to_builtins(proven)
    details = {name: value for name, value in given.items() if value}
    said = {
        "action": "add",
        "resource": RESOURCE,
        "details": details,
        "user": str(by.public_id),
        "holder": shown,
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
