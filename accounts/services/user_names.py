"""The user name that an invited person chooses in joining."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import errors
from accounts.models import User
from accounts.models.user import MOST_FOLDED, fold
from accounts.services import fields, onboarding_requests, users, writing
from identity import errors as refusals
from identity.actor import Actor


def choose(*, user: User, username: str, by: Actor, now: datetime) -> None:
    """Give an invited person, who has not joined yet, the user name of their choice.

    Raises `Invalid`, `accounts.errors.NameTaken`, also for a name that an open onboarding holds,
    and `Conflict` for whoever has joined.
    """
    name = fields.username(username)
    if name == user.username:
        return
    folded = fold(name)
    if len(folded) > MOST_FOLDED:
        raise refusals.Invalid("This user name is too long.", field="username")
    with writing.of(by):
        onboarding_requests.hold_names()
        if folded != user.username_folded:
            onboarding_requests.require_free(name)
        before, user.username, user.username_folded = user.username, name, folded
        rows = User.objects.filter(id=user.id, status=User.Status.INVITED)
        values = {"username": name, "username_folded": folded, "updated_at": now}
        try:
            with transaction.atomic():
                is_named = rows.update(**values, version=F("version") + 1)
        except IntegrityError:
            raise errors.NameTaken from None
        if not is_named:
            raise refusals.Conflict("This person has joined already.")
        users.record("user.named", user, by=by, now=now, before=before)
