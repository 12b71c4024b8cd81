"""User names that people choose in joining, which nobody has vouched for."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import errors
from accounts.models import User
from accounts.models.user import MOST_FOLDED, fold
from accounts.services import fields, onboarding_requests, text_ids, users, writing
from identity import errors as refusals
from identity.actor import Actor


def chosen(value: str, *, holds: str = "") -> str:
    """A user name that somebody wants, who may prove the key `holds`. Raises `Invalid`.

    Another's user key is none. An e-mail address is none, however its `@` is written: an invitation
    gives that name to whoever reads the mail there.
    """
    name = fields.new_username(value, holds=holds)
    folded = fold(name)
    if "@" in folded:
        raise refusals.Invalid("A user name is no e-mail address.", field="username")
    if len(folded) > MOST_FOLDED:
        raise refusals.Invalid("This user name is too long.", field="username")
    # Who joins a context is there under this name.
    text_ids.require_plain(name, name="username")
    return name


def require_free(name: str) -> None:
    """Refuse a name that is taken or held, and hold all names until the transaction ends.

    Raises `accounts.errors.NameTaken`.
    """
    onboarding_requests.hold_names()
    onboarding_requests.require_free(name)


def choose(*, user: User, username: str, holds: str, by: Actor, now: datetime) -> None:
    """Give an invited person, who has not joined yet, the user name of their choice.

    `holds` is the address of the key or wallet that was proven, if any. Raises `Invalid`,
    `accounts.errors.NameTaken`, also for a name that an open onboarding holds, and `Conflict` for
    whoever has joined.
    """
    name = chosen(username, holds=holds)
    with writing.of(by):
        require_free(name)
        before, user.username, user.username_folded = user.username, name, fold(name)
        rows = User.objects.filter(id=user.id, status=User.Status.INVITED)
        try:
            with transaction.atomic():
                is_named = rows.update(
                    username=name,
                    username_folded=user.username_folded,
                    updated_at=now,
                    version=F("version") + 1,
                )
        except IntegrityError:
            raise errors.NameTaken from None
        if not is_named:
            raise refusals.Conflict("This person has joined already.")
        users.record("user.named", user, by=by, now=now, before=before)
