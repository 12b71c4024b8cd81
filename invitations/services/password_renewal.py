"""A new password by whoever knows the old one, signed in or not: that is a sign-in, too."""

from datetime import datetime

from accounts import passwords as rules
from identity.actor import Actor, ActorKind
from invitations.services import account
from invitations.services.governance import Pending
from sessions_app.models import Session
from sessions_app.services import both_factors
from sessions_app.services.first_factor import Arrival, Passed


def renew(
    *, username: str, old: str, new: str, code: str, arrival: Arrival, now: datetime
) -> Passed | Pending:
    """Sign in with the old password and set the new one; other sessions end with that.

    What is due or waits is the answer: a one-time password, or the consent that a policy asks for.
    Not to be called in a transaction. Raises `accounts.errors.PasswordUnfit` before anything is
    looked at, and what `both_factors.sign_in` and `account.set_password` raise.
    """
    rules.acceptable(new)
    passed = both_factors.sign_in(
        username=username, password=old, code=code, arrival=arrival, now=now
    )
    if not isinstance(passed, Session):
        return passed
    answer = account.set_password(
        new=new, present=None, is_proven=True, by=_holder(passed), now=now
    )
    return answer if isinstance(answer, Pending) else passed


def _holder(session: Session) -> Actor:
    return Actor(
        kind=ActorKind.SESSION,
        scope_id=session.scope_id,
        user_id=session.user_id,
        public_id=session.user.public_id,
        session_id=session.id,
        address=session.address,
    )
