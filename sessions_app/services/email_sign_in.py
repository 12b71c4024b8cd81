"""Signing in by a code that is mailed; whoever is not here yet joins where the scope allows it."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.errors import NameTaken
from accounts.models import User
from accounts.services import mail_addresses, profiles
from accounts.services.profiles import Newcomer
from identity.errors import Conflict
from identity.services import audit, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import first_factor, mailed_codes
from sessions_app.services.first_factor import Arrival, Passed
from sessions_app.services.mailed_codes import Asker, Purpose, Sent

SOURCE = "email"


def send(*, address: str, asker: Asker, now: datetime) -> Sent:
    """Mail a sign-in code to an address; nobody is looked up, so nothing tells who is here.

    Raises what `mailed_codes.send` raises.
    """
    return mailed_codes.send(purpose=Purpose.SIGN_IN, address=address, asker=asker, now=now)


def sign_in(
    *, address: str, code: str, arrival: Arrival, now: datetime, full_name: str = ""
) -> Passed:
    """Sign in whoever has proven this address, or join; or ask for the one-time password.

    `full_name` is for a newcomer. Not to be called in a transaction: tries are counted. Raises
    `CodeRefused`, SignUpClosed, SignInRefused for a user who is shut out, and
    `accounts.errors.TooManyWrongPasswords`.
    """
    origin = arrival.origin
    asker = Asker(browser=arrival.browser, address=origin.address)
    proven = mailed_codes.redeem(
        purpose=Purpose.SIGN_IN, address=address, code=code, asker=asker, now=now
    )
    user = mail_addresses.holder_of(proven)
    try:
        with transaction.atomic(), audit.gathered():
            user = user or _joined(proven, full_name, arrival, now=now)
            first_factor.require_usable(user, address=origin.address, now=now)
            _confirm(user, proven, arrival, now=now)
            return first_factor.passed(user, Session.Method.EMAIL, arrival, now=now)
    except SignInRefused as refusal:
        if user is not None:
            first_factor.refused(user.id, Session.Method.EMAIL, refusal.code, origin, now=now)
        raise


def _joined(address: str, full_name: str, arrival: Arrival, *, now: datetime) -> User:
    if not scopes.settings().sign_up:
        raise SignUpClosed
    newcomer = Newcomer(
        username=address,
        full_name=full_name,
        email=address,
        is_email_verified=True,
        is_email_proven=True,
        source=SOURCE,
        address=arrival.origin.address,
    )
    try:
        with transaction.atomic():
            return profiles.join(newcomer, key=None, now=now)
    except (NameTaken, Conflict, IntegrityError):
        # The same person came by another browser, or proved the address, at the same moment.
        found = mail_addresses.holder_of(address)
        if found is None:
            raise SignInRefused from None
        return found


def _confirm(user: User, address: str, arrival: Arrival, *, now: datetime) -> None:
    """The proof at hand confirms an address that was a user name only, unless another is proven."""
    by = first_factor.actor_of(user, address=arrival.origin.address)
    profiles.ensure(user_id=user.id, by=by, now=now)
    if not mail_addresses.has_proven(user.id):
        mail_addresses.verify(user_id=user.id, address=address, by=by, now=now)
