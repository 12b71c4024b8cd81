"""Invitations: issued with a one-time key, revoked, ended."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import User
from identity import actor, errors, ids
from identity.actor import Actor
from identity.crypto import ecdsa_p256, tokens
from identity.services import audit, scopes
from invitations import errors as refusals
from invitations.models import Invitation

MOST_WRONG_TRIES = 5
REPEAT_WINDOW = timedelta(minutes=15)
SHORTEST_LIFE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Issued:
    """What the inviter hands over. The two secrets exist in this answer only."""

    invitation: Invitation
    invite_string: str
    one_time_private_key: str


def issue(
    *,
    user: User,
    by: Actor,
    now: datetime,
    life: timedelta | None = None,
    keeps_older: bool = False,
) -> Issued:
    """Make an invitation for a user; older open ones of that user end unless asked otherwise.

    `life` is 5 minutes to 30 days (default: the scope's). Raises `TooManyInvitations`, `Invalid`,
    `Conflict` for a disabled user. Must run in the caller's transaction.
    """
    require_invitable(user)
    life = life or timedelta(minutes=scopes.settings().invitation_minutes)
    require_life(life)
    _make_room(user, by=by, now=now, keeps_older=keeps_older)
    secret = tokens.new("inv_")
    key = ecdsa_p256.generate()
    invitation = Invitation.objects.create(
        scope_id=by.scope_id,
        id=ids.new(),
        user=user,
        temporary_device_id=ids.new(),
        secret_digest=tokens.digest(secret),
        one_time_key=key.public.hex,
        invited_by=by.user_id,
        created_at=now,
        expires_at=now + life,
    )
    _record("invitation.issued", invitation, by=by, now=now)
    return Issued(invitation, secret, ecdsa_p256.private_hex(key))


def require_invitable(user: User) -> None:
    """Refuse programs and disabled users. Raises `Conflict`."""
    if user.status == User.Status.DISABLED or user.kind != User.Kind.PERSON:
        raise errors.Conflict("Only a person who is not disabled can be invited.")


def require_life(life: timedelta) -> None:
    """Refuse what is too short or too long. Raises `Invalid`."""
    if not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        raise errors.Invalid("An invitation lives 5 minutes to 30 days.")


def revoke(*, invitation_id: UUID, by: Actor, now: datetime) -> Invitation:
    """End an open or pending invitation. Raises `Missing`, `Conflict` when it has ended."""
    with transaction.atomic():
        invitation = locked(invitation_id)
        if invitation.state not in {Invitation.State.OPEN, Invitation.State.PENDING}:
            raise errors.Conflict(f"This invitation is {invitation.state} already.")
        _end(invitation, Invitation.State.REVOKED, by=by, now=now, why="revoked")
    return invitation


def revoke_all_of(user_id: UUID, *, by: Actor, now: datetime) -> None:
    """End every open invitation of a user who is disabled or removed."""
    rows = Invitation.objects.select_for_update().filter(
        user_id=user_id, state__in=[Invitation.State.OPEN, Invitation.State.PENDING]
    )
    for invitation in rows:
        _end(invitation, Invitation.State.REVOKED, by=by, now=now, why="user disabled")


def refuse(*, invitation_id: UUID, now: datetime) -> None:
    """End a pending invitation whose proposal ended without effect."""
    invitation = locked(invitation_id)
    if invitation.state == Invitation.State.PENDING:
        by = actor.system(invitation.scope_id)
        _end(invitation, Invitation.State.REFUSED, by=by, now=now, why="proposal ended")


def count_wrong_try(invitation_id: UUID, *, by: Actor, now: datetime) -> None:
    """Reserve one of five tries by one conditional statement; the one beyond locks it.

    Commits on its own, so that a refused request can't undo it and parallel ones can't share one.
    Raises `InvitationInvalid` when no try is left.
    """
    with transaction.atomic():
        reserved = Invitation.objects.filter(
            id=invitation_id, state=Invitation.State.OPEN, wrong_tries__lt=MOST_WRONG_TRIES
        ).update(wrong_tries=F("wrong_tries") + 1)
        if reserved:
            return
        invitation = locked(invitation_id)
        if invitation.state == Invitation.State.OPEN:
            _end(invitation, Invitation.State.LOCKED, by=by, now=now, why="too many wrong tries")
    raise refusals.InvitationInvalid


def give_try_back(invitation_id: UUID) -> None:
    """Return a reserved try after a right answer."""
    Invitation.objects.filter(id=invitation_id, wrong_tries__gt=0).update(
        wrong_tries=F("wrong_tries") - 1
    )


def locked(invitation_id: UUID) -> Invitation:
    """The invitation with its row locked until the transaction ends. Raises `Missing`."""
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("user")
    invitation = rows.filter(id=invitation_id).first()
    if invitation is None:
        raise errors.Missing("There is no such invitation.")
    return invitation


def wait(invitation: Invitation, digest: str, proposal_id: UUID) -> None:
    """Hold an invitation, whose row is locked, for whoever brought this until others decided."""
    invitation.state = Invitation.State.PENDING
    invitation.keys_digest = digest
    invitation.proposal_id = proposal_id
    invitation.save(update_fields=["state", "keys_digest", "proposal_id"])


def keys_digest(signature_key: str, encryption_key: str) -> str:
    """What tells a repeat with the same keys from a second use with others."""
    return hashlib.sha256(f"{signature_key}\n{encryption_key}".encode()).hexdigest()


def _make_room(user: User, *, by: Actor, now: datetime, keeps_older: bool) -> None:
    # The row lock on the user puts parallel invitations of one user in order.
    User.objects.select_for_update().get(id=user.id)
    open_ones = Invitation.objects.filter(
        user=user, state=Invitation.State.OPEN, expires_at__gt=now
    )
    if not keeps_older:
        for older in open_ones.select_for_update():
            _end(older, Invitation.State.REVOKED, by=by, now=now, why="replaced")
    elif open_ones.count() >= scopes.settings().max_open_invitations:
        raise refusals.TooManyInvitations


def _end(
    invitation: Invitation, state: Invitation.State, *, by: Actor, now: datetime, why: str
) -> None:
    invitation.state = state
    invitation.ended_at = now
    invitation.save(update_fields=["state", "ended_at"])
    _record(f"invitation.{state}", invitation, by=by, now=now, why=why)


def _record(name: str, invitation: Invitation, *, by: Actor, now: datetime, why: str = "") -> None:
    facts = {"user": str(invitation.user_id), "expires_at": invitation.expires_at.isoformat()}
    audit.record(
        name,
        by=by,
        subject=("invitation", str(invitation.id)),
        now=now,
        facts=facts | ({"why": why} if why else {}),
    )
