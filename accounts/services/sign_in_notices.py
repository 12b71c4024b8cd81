"""Notices to the owner of an account whose ways in were changed, so that theft is noticed."""

from datetime import datetime
from typing import Final

from accounts.models import Profile, User
from identity.services import mail

GENERATOR_SET: Final = "Sign-ins ask for a one-time password from now on."
GENERATOR_REMOVED: Final = "Sign-ins ask for no one-time password any more."
PASSWORD_SET: Final = "A new password was set."  # noqa: S105 a text
PASSWORD_REMOVED: Final = "The password was removed."  # noqa: S105 a text
PASSKEY_ADDED: Final = "A passkey was added: it signs in from now on."
PASSKEY_REMOVED: Final = "A passkey was removed."
PASSKEY_SUSPENDED: Final = (  # a text
    "A passkey was suspended: its counter went backwards, as if there were a copy of its key. "
    "Remove it and add a new one."
)
USER_KEY_ADDED: Final = "A key was added: it signs in from now on."
USER_KEY_REMOVED: Final = "A key was removed: it signs in no more."
ADDRESS_PROVEN: Final = "Another e-mail address was verified: codes sent there sign in."


def tell(user: User, what: str, *, now: datetime) -> None:
    """Mail what was changed to `address_of` the user, in the transaction of the change."""
    tell_at(address_of(user), user, what, now=now)


def tell_at(address: str, user: User, what: str, *, now: datetime) -> None:
    """As `tell`, at an address that the change takes away."""
    context = {"name": user.first_name, "what": what}
    mail.send(to=address, template="sign-in-changed", context=context, now=now)


def address_of(user: User) -> str:
    """The user's verified address, else the one that staff noted."""
    verified = Profile.objects.filter(user_id=user.id, is_email_verified=True)
    return verified.values_list("email", flat=True).first() or user.email
