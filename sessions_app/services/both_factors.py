"""Signing in with password and one-time password in one call, for clients that send both."""

from datetime import datetime

from sessions_app.services import first_factor, password_sign_in
from sessions_app.services.first_factor import Arrival, Passed, SecondFactorDue


def sign_in(*, username: str, password: str, code: str, arrival: Arrival, now: datetime) -> Passed:
    """As `password_sign_in.sign_in`; a one-time password that is asked for is `code`.

    Without a code the answer is that one is due, as there. A code that nobody asked for is passed
    over. Not to be called in a transaction. Raises what `password_sign_in.sign_in` and
    `first_factor.complete` raise.
    """
    passed = password_sign_in.sign_in(
        username=username, password=password, arrival=arrival, now=now
    )
    if not code or not isinstance(passed, SecondFactorDue):
        return passed
    return first_factor.complete(ticket=passed.ticket, code=code, arrival=arrival, now=now)
