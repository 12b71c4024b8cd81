"""What is taken back when an onboarding fails or is cancelled, and what is kept for a retry."""

from datetime import datetime

from accounts.models import DidDocument, LedgerAccount, Onboarding, OnboardingStep, User
from accounts.models.user import fold
from accounts.services import users
from identity import errors
from identity.actor import Actor

Step = OnboardingStep.State
REGISTER: int = 2
"""The step that makes the user."""


def free_name(row: Onboarding, *, by: Actor, now: datetime) -> None:
    """After a failure: the user that was being made is shut out and its name is anybody's.

    Everything that was paid for stays with it: a retry takes the name back and goes on.
    """
    user = _pending_user(row)
    if user is None:
        return
    user.status = User.Status.DISABLED
    # No folded name has capitals, so this is nobody's name and never will be.
    user.username_folded = f"ONBOARDING:{user.id}"
    _save(user, now=now)
    row.steps.filter(number=REGISTER, state=Step.COMPLETED).update(
        state=Step.COMPENSATED, ended_at=now
    )
    users.record("user.disabled", user, by=by, now=now, onboarding=str(row.id))


def take_name_back(row: Onboarding, *, by: Actor, now: datetime) -> None:
    """Before a retry. Raises IntegrityError if somebody else has the name by now.

    Raises `Conflict` when the user was removed since.
    """
    user = _pending_user(row)
    if user is None and row.action == Onboarding.Action.ONBOARD and row.user_id is not None:
        raise errors.Conflict("The user was removed since. Begin another onboarding.")
    if user is None:
        return
    user.status = User.Status.INVITED
    user.username_folded = fold(user.username)
    _save(user, now=now)
    row.steps.filter(number=REGISTER, state=Step.COMPENSATED).update(
        state=Step.COMPLETED, ended_at=now
    )
    users.record("user.enabled", user, by=by, now=now, onboarding=str(row.id))


def undo(row: Onboarding, *, by: Actor, now: datetime) -> None:
    """Before the end by cancellation: the user that was being made is removed with all it has."""
    user = _pending_user(row)
    if user is None:
        return
    users.delete(user_id=user.id, by=by, now=now)
    done = row.steps.filter(number__gte=REGISTER, state=Step.COMPLETED)
    done.update(state=Step.COMPENSATED, ended_at=now)


def inherit(row: Onboarding, *, by: Actor, now: datetime) -> None:
    """Let a new onboarding have the ledger account that one before it paid for and failed with.

    Of the same name by whoever asks again, before it had a DID; that one is over then.
    """
    found = Onboarding.objects.select_for_update(of=("self",)).filter(
        action=row.action,
        state=Onboarding.State.FAILED,
        username_folded=row.username_folded,
        role=row.role,
        requested_by=row.requested_by,
        account__isnull=False,
        account__user__isnull=True,
        account__signer=LedgerAccount.Signer.LOCAL,
        steps__number=1,
        steps__state=Step.COMPLETED,
    )
    failed = found.order_by("-created_at").first()
    if failed is None or DidDocument.objects.filter(user=failed.user).exists():
        return
    row.account, failed.account = failed.account, None
    undo(failed, by=by, now=now)
    failed.state, failed.sealed_request = Onboarding.State.CANCELLED, None
    failed.save(update_fields=["account", "state", "sealed_request"])


def _pending_user(row: Onboarding) -> User | None:
    """The user that this onboarding makes; None for one who was here before."""
    if row.action != Onboarding.Action.ONBOARD or row.user_id is None:
        return None
    return User.objects.select_for_update().filter(id=row.user_id, deleted_at__isnull=True).first()


def _save(user: User, *, now: datetime) -> None:
    user.version += 1
    user.updated_at = now
    user.save(update_fields=["status", "username_folded", "version", "updated_at"])
