"""Onboardings: begun, released after a review, tried again, cancelled; workers do the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts import onboarding_secrets as sealed
from accounts.errors import NameTaken
from accounts.models import Onboarding, OnboardingStep, RegistryMembership, User
from accounts.models.onboarding import OPEN_STATES, STEPS_OF
from accounts.models.user import fold
from accounts.services import onboarding_compensation as compensation
from accounts.services import onboarding_requests as requests
from accounts.services import writing
from accounts.services.onboarding_requests import Checked, Request
from identity import actor, errors
from identity.actor import Actor
from identity.crypto import ed25519
from identity.scoping import current
from identity.services import audit, scopes

__all__ = ["Request", "cancel", "connect", "make_key", "release", "retry", "start"]

State = Onboarding.State
Action = Onboarding.Action


def start(*, request: Request, by: Actor, now: datetime) -> Onboarding:
    """Begin to onboard a new user: workers take it up as soon as this is committed.

    Asks no policy: `invitations.services.governed_onboardings` does. Of two requests for one name
    one is refused. Not to be called in a transaction, since the password is hashed first. Raises
    what `onboarding_requests.check_new` raises.
    """
    checked = _checked_new(request, by=by)
    with writing.of(by):
        return _kept(_new(Action.ONBOARD, checked, by=by, now=now), by=by, now=now)


def check(*, request: Request, by: Actor) -> Checked:
    """Everything that can be refused at once, the password hashed; see `check_new`."""
    return _checked_new(request, by=by)


def keep_waiting(checked: Checked, *, by: Actor, now: datetime) -> Onboarding:
    """Store what was checked: it waits for `release`. Raises `NameTaken`."""
    with writing.of(by):
        row = _new(Action.ONBOARD, checked, by=by, now=now)
        row.state, row.next_attempt_at = State.WAITING, None
        return _kept(row, by=by, now=now)


def connect(*, request: Request, by: Actor, now: datetime) -> Onboarding:
    """Begin to connect the actor, who has an account here, with the ledger: steps 1 and 3 to 9.

    Raises what `onboarding_requests.check_connect` raises, `Forbidden` for who is no user,
    `Conflict` while another one is under way.
    """
    if by.user_id is None:
        raise errors.Forbidden("Only a user can be connected.")
    with writing.of(by):
        # The row of the user makes two requests at the same time one after the other.
        user = User.objects.select_for_update().get(id=by.user_id)
        if Onboarding.objects.filter(user=user, state__in=OPEN_STATES).exists():
            raise errors.Conflict("This user is being connected.")
        membership = RegistryMembership.objects.filter(user=user).first()
        checked = requests.check_connect(request, membership)
        row = _new(Action.CONNECT, checked, by=by, now=now)
        row.user, row.username = user, user.username
        return _kept(row, by=by, now=now)


def make_key(*, by: Actor, now: datetime) -> Onboarding:
    """Begin to make a ledger account that belongs to nobody; its key is the result."""
    seed = ed25519.private_bytes(ed25519.generate()).hex()
    with writing.of(by):
        balance = scopes.settings().opening_balance
        checked = Checked("", "", None, sealed.Secrets(seed=seed, opening_balance=balance))
        return _kept(_new(Action.RANDOM_KEY, checked, by=by, now=now), by=by, now=now)


def release(*, onboarding_id: UUID, by: Actor, now: datetime) -> Onboarding:
    """Queue what waited. Raises `Missing`, `Conflict` for what does not wait."""
    with writing.of(by):
        row = locked(onboarding_id)
        if row.state != State.WAITING:
            raise errors.Conflict("This onboarding does not wait for approval.")
        return _changed(row, "onboarding.released", requests.due_now(now), by=by, now=now)


def retry(*, onboarding_id: UUID, by: Actor, now: datetime) -> Onboarding:
    """Queue what failed: it goes on at the step that failed, with what was paid for before.

    One that waits for its next attempt is due at once. Raises `Missing`, `Conflict` for others,
    `NameTaken` if somebody else got the user name meanwhile.
    """
    with writing.of(by):
        row = locked(onboarding_id)
        if row.state == State.QUEUED:
            return _changed(row, "onboarding.retried", {"next_attempt_at": now}, by=by, now=now)
        if row.state != State.FAILED:
            raise errors.Conflict("Only what failed can be tried again.")
        try:
            with transaction.atomic():
                compensation.take_name_back(row, by=by, now=now)
                changes = requests.due_now(now)
                return _changed(row, "onboarding.retried", changes, by=by, now=now)
        except IntegrityError:
            raise NameTaken("Somebody else has this user name by now.") from None


def cancel(*, onboarding_id: UUID, by: Actor, now: datetime) -> Onboarding:
    """End what has not been completed, for ever: a worker that is at it stops at its next write.

    The user is removed, the name is free; a ledger account that was made stays ours. Raises
    `Missing`, `Conflict` for what was completed or cancelled before.
    """
    with writing.of(by):
        row = locked(onboarding_id)
        if row.state in {State.COMPLETED, State.CANCELLED}:
            raise errors.Conflict("This onboarding has ended.")
        compensation.undo(row, by=by, now=now)
        changes: dict[str, Any] = {
            "state": State.CANCELLED,
            "next_attempt_at": None,
            "lease_until": None,
            "lease_holder": "",
            "sealed_request": None,
            "ended_at": now,
        }
        return _changed(row, "onboarding.cancelled", changes, by=by, now=now)


def told(onboarding_id: UUID) -> dict[str, Any]:
    """What an onboarding that has not ended asks for, all but its secrets: for who decides.

    Raises `Missing`, `Conflict` for one that has ended, SealBroken, SealUnavailable.
    """
    row = Onboarding.objects.select_related("parent").filter(id=onboarding_id).first()
    if row is None:
        raise errors.Missing("There is no such onboarding.")
    if row.sealed_request is None:
        raise errors.Conflict("This onboarding has ended.")
    asked = sealed.unseal(row)
    return {
        "username": row.username,
        "role": row.role,
        "parent": row.parent.username if row.parent else "",
        "account": asked.account_id,
        "did": str((asked.did_document or {}).get("id", ""))[:512],
        "is_signed_elsewhere": asked.remote_signing is not None,
        "fields": dict(asked.fields or {}),
    }


def abandon(*, onboarding_id: UUID, now: datetime) -> None:
    """End what waited for a proposal that ended without effect; changes nothing else."""
    row = Onboarding.objects.select_for_update().filter(id=onboarding_id).first()
    if row is not None and row.state == State.WAITING:
        cancel(onboarding_id=row.id, by=actor.system(row.scope_id), now=now)


def note_proposal(onboarding: Onboarding, proposal_id: UUID) -> None:
    """Say which proposal decides; in the transaction that made both."""
    onboarding.proposal_id = proposal_id
    onboarding.save(update_fields=["proposal_id"])


def locked(onboarding_id: UUID) -> Onboarding:
    """The onboarding with its row locked until the transaction ends. Raises `Missing`."""
    row = Onboarding.objects.select_for_update().filter(id=onboarding_id).first()
    if row is None:
        raise errors.Missing("There is no such onboarding.")
    return row


def record(name: str, row: Onboarding, *, by: Actor, now: datetime, **facts: Any) -> None:
    """One audit event about an onboarding."""
    audit.record(
        name,
        by=by,
        subject=("onboarding", str(row.id)),
        now=now,
        facts={"action": row.action, "username": row.username, "role": row.role, **facts},
    )


def _checked_new(request: Request, *, by: Actor) -> Checked:
    with current.in_scope(by.scope_id):
        return requests.check_new(request)


def _new(action: str, checked: Checked, *, by: Actor, now: datetime) -> Onboarding:
    task_id = uuid4()
    row = Onboarding(
        scope_id=by.scope_id,
        id=task_id,
        action=action,
        username=checked.username,
        username_folded=fold(checked.username),
        role=checked.role,
        parent=checked.parent,
        requested_by=by.public_id,
        owner_id=by.user_id,
        sealed_request=sealed.seal(checked.secrets, task_id),
        next_attempt_at=now,
        created_at=now,
    )
    is_made_here = not checked.secrets.account_id and checked.secrets.remote_signing is None
    if action == Action.ONBOARD and is_made_here:
        compensation.inherit(row, by=by, now=now)
    return row


def _kept(row: Onboarding, *, by: Actor, now: datetime) -> Onboarding:
    if row.action == Action.ONBOARD:
        # Somebody may have got the name while the password was hashed.
        requests.hold_names()
        requests.require_free(row.username)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # The index on names of open onboardings decided between two requests.
        raise NameTaken("This user name is taken.") from None
    OnboardingStep.objects.bulk_create(_steps(row))
    record("onboarding.requested", row, by=by, now=now, state=str(row.state))
    return row


def _steps(row: Onboarding) -> Sequence[OnboardingStep]:
    names = STEPS_OF[Action(row.action)]
    return [
        OnboardingStep(scope_id=row.scope_id, onboarding=row, number=number, name=name)
        for number, name in enumerate(names, start=1)
    ]


def _changed(
    row: Onboarding, event: str, changes: dict[str, Any], *, by: Actor, now: datetime
) -> Onboarding:
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    record(event, row, by=by, now=now)
    return row
