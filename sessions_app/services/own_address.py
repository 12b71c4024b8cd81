"""A user's own e-mail address, verified by a code that is mailed to it."""

from datetime import datetime
from uuid import UUID

from accounts.services import mail_addresses, profiles
from identity.actor import Actor
from identity.errors import Forbidden
from sessions_app.services import mailed_codes
from sessions_app.services.mailed_codes import Asker, Purpose, Sent


def send(*, address: str, by: Actor, asker: Asker, now: datetime) -> Sent:
    """Mail a code to the address that the user says is its own.

    The same answer whether another account has it. Raises what `mailed_codes.send` raises.
    """
    return mailed_codes.send(
        purpose=Purpose.VERIFY_ADDRESS, address=address, asker=asker, user_id=_own(by), now=now
    )


def verify(*, address: str, code: str, by: Actor, asker: Asker, now: datetime) -> str:
    """Use up the code: the address is the user's verified one from now on, in its normal form.

    Not to be called in a transaction. Raises `CodeRefused`, and `accounts.errors.NameTaken` where
    another account has proven it, which only a reader of its mail learns.
    """
    user_id = _own(by)
    proven = mailed_codes.redeem(
        purpose=Purpose.VERIFY_ADDRESS,
        address=address,
        code=code,
        asker=asker,
        user_id=user_id,
        now=now,
    )
    profiles.ensure(user_id=user_id, by=by, now=now)
    mail_addresses.verify(user_id=user_id, address=proven, by=by, now=now)
    return proven


def _own(by: Actor) -> UUID:
    if by.user_id is None:
        raise Forbidden("This is for an account.")
    return by.user_id
