"""Signing in by a code that is mailed; whoever is not here yet joins where the scope allows it."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import NameTaken
from accounts.models import User
from accounts.services import mail_addresses, profiles
from accounts.services.profiles import Newcomer
from identity.actor import Actor
from identity.errors import Conflict, Forbidden
from identity.services import audit, scopes
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.models import Session
from sessions_app.services import first_factor, mailed_codes
from sessions_app.services.first_factor import Arrival, Passed
from sessions_app.services.mailed_codes import Asker, Purpose, Sent

SOURCE = "email"


def send(*, address: str, asker: Asker, now: datetime, page: str = "") -> Sent:
    """Mail a sign-in code to an address; nobody is looked up, so nothing tells who is here.

    With a `page` of ours the mail holds a link to it, too. Raises what `mailed_codes.send` raises.
    """
    return mailed_codes.send(
        purpose=Purpose.SIGN_IN, address=address, asker=asker, page=page, now=now
    )


def sign_in(
    *, address: str, code: str, arrival: Arrival, now: datetime, full_name: str = ""
) -> Passed:
    """Sign in whoever has proven this address, or join; or ask for the one-time password.

    `full_name` is for a newcomer. Not to be called in a transaction: tries are counted. Raises
    `CodeRefused`, SignUpClosed, SignInRefused for a user who is shut out, and
    `accounts.errors.TooManyWrongPasswords`.
    """
    asker = Asker(browser=arrival.browser, address=arrival.origin.address)
    proven = mailed_codes.redeem(
        purpose=Purpose.SIGN_IN, address=address, code=code, asker=asker, now=now
    )
    return _passed(proven, full_name, arrival, now=now)


def sign_in_by_link(*, token: str, arrival: Arrival, now: datetime) -> Passed:
    """The same by what the mailed link says, in the browser that asked for it."""
    asker = Asker(browser=arrival.browser, address=arrival.origin.address)
    proven = mailed_codes.redeem_link(token, purpose=Purpose.SIGN_IN, asker=asker, now=now)
    return _passed(proven, "", arrival, now=now)


def send_to_leave(*, by: Actor, asker: Asker, now: datetime) -> Sent:
    """Mail a code to the address that the user has proven, to confirm the end of the account.

    Raises `identity.errors.Conflict` for who has proven none, and what `mailed_codes.send` raises.
    """
    user_id, address = _own_address(by)
    return mailed_codes.send(
        purpose=Purpose.DESTROY_SELF, address=address, asker=asker, user_id=user_id, now=now
    )


def sign_in_to_leave(*, code: str, by: Actor, arrival: Arrival, now: datetime) -> Passed:
    """A new session of the user who asked for this code: proof enough to end the account.

    Nobody joins by it, and it is nobody else's. Raises as `sign_in` does, and Conflict.
    """
    user_id, address = _own_address(by)
    asker = Asker(browser=arrival.browser, address=arrival.origin.address)
    mailed_codes.redeem(
        purpose=Purpose.DESTROY_SELF,
        address=address,
        code=code,
        asker=asker,
        user_id=user_id,
        now=now,
    )
    user = User.objects.get(id=user_id)
    try:
        return first_factor.passed(user, Session.Method.EMAIL, arrival, now=now)
    except SignInRefused as refusal:
        method = Session.Method.EMAIL
        first_factor.refused(user.id, method, refusal.code, arrival.origin, now=now)
        raise


def _own_address(by: Actor) -> tuple[UUID, str]:
    if by.user_id is None:
        raise Forbidden("This is for an account.")
    if not mail_addresses.has_proven(by.user_id):
        raise Conflict("Your account has no e-mail address that was proven here.")
    return by.user_id, mail_addresses.verified_of(by.user_id)


def _passed(proven: str, full_name: str, arrival: Arrival, *, now: datetime) -> Passed:
    origin, user = arrival.origin, mail_addresses.holder_of(proven)
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
