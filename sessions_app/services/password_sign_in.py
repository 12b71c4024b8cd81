"""Signing in by user name and password; a one-time password follows where one is set up."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.errors import PasswordRefused
from accounts.models import User
from accounts.models.user import MOST_FOLDED, fold
from accounts.services import mail_addresses, passwords
from identity.errors import Invalid
from identity.scoping import prepared
from identity.services import audit
from sessions_app.errors import SignInRefused
from sessions_app.models import Session
from sessions_app.services import first_factor
from sessions_app.services.first_factor import Arrival, Passed

_BY_NAME: Final = prepared.prepare(
    lambda name: User.objects.filter(
        username_folded=name, kind=User.Kind.PERSON, deleted_at__isnull=True
    ),
    "name",
)


def sign_in(*, username: str, password: str, arrival: Arrival, now: datetime) -> Passed:
    """Sign a person of the scope in force in, or ask for the one-time password.

    Unknown, wrong, disabled and exhausted are refused in the same words after comparable time;
    tries are counted with those of every other path (`passwords.check`), so this is not called in a
    transaction. Raises SignInRefused, `accounts.errors.TooManyWrongPasswords` and `Busy`.
    """
    user = _named(username)
    address = arrival.origin.address
    try:
        passwords.prove(
            user_id=user.id if user else None, password=password, now=now, address=address
        )
        return _passed(user, arrival, now=now)
    except (PasswordRefused, SignInRefused) as refusal:
        _note(user.id if user else None, refusal.code, arrival, now=now)
        raise SignInRefused from None


def _passed(user: User | None, arrival: Arrival, *, now: datetime) -> Passed:
    if user is None:
        raise SignInRefused
    user_id, address = user.id, arrival.origin.address
    try:
        with transaction.atomic(), audit.gathered():
            passwords.settle(user_id=user_id, address=address, now=now)
            return first_factor.passed(user, Session.Method.PASSWORD, arrival, now=now)
    except SignInRefused:
        # The password was right, whatever else stands against the person.
        passwords.settle(user_id=user_id, address=address, now=now)
        raise


def _named(username: str) -> User | None:
    """The person of this user name, which may be an address in any spelling of its domain."""
    folded = fold(username.strip())
    # No stored name holds these, and not every database can be asked for them.
    is_storable = len(folded) <= MOST_FOLDED and not any(
        sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in folded
    )
    if not is_storable:
        return None
    found = _BY_NAME.instance(User, name=folded)
    if found is not None:
        return found
    if "@" not in folded:
        return None
    try:
        return mail_addresses.named(mail_addresses.normal(username))
    except Invalid:
        return None


def _note(user_id: UUID | None, reason: str, arrival: Arrival, *, now: datetime) -> None:
    if user_id is not None:
        first_factor.refused(user_id, Session.Method.PASSWORD, reason, arrival.origin, now=now)
