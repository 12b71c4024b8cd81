"""One-time passwords of the caller's own: set up, taken into use, given up."""

from typing import Any, Final

from accounts import queries as accounts
from accounts.errors import OneTimePasswordRefused
from accounts.services import one_time_passwords
from accounts.services.one_time_passwords import DIGITS, STEP, Begun
from identity.api.guardian import replies
from identity.api.guardian.inputs import Body
from identity.api.guardian.route import SELF, Asked, Route
from identity.pages import own_sign_in
from identity.web.lane import Answer
from sessions_app.services import step_up


class FirstCode(Body, frozen=True):
    """`POST accounts/otp/confirm`: what the new generator shows."""

    token: str


def generate(asked: Asked) -> Answer:
    """A secret that waits for its first code; the generator in use stays meanwhile."""
    caller = asked.caller
    step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    one_time_passwords.begin(user_id=caller.user_id, by=caller.actor, now=asked.now)
    begun = one_time_passwords.begun(user_id=caller.user_id, now=asked.now)
    if begun is None:
        raise RuntimeError("what was begun just now is gone")
    return replies.json(_shown(begun, caller.member.username), status=201)


def confirm(asked: Asked) -> Answer:
    """Its first code takes it into use; ten codes for the day on which it is lost, shown once."""
    caller = asked.caller
    try:
        codes = one_time_passwords.confirm(
            user_id=caller.user_id, code=asked.body.token, by=caller.actor, now=asked.now
        )
    except OneTimePasswordRefused:
        return replies.json({"success": False})
    return replies.json({"success": True, "backupCodes": codes})


def deactivate(asked: Asked) -> Answer:
    """Sign in without one-time passwords from now on, after a proof of the last minutes."""
    caller = asked.caller
    step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    one_time_passwords.remove_own(user_id=caller.user_id, by=caller.actor, now=asked.now)
    return replies.json({"success": True})


def status(asked: Asked) -> Answer:
    """Whether sign-ins ask for one."""
    state = accounts.sign_in_state(asked.caller.user_id)
    return replies.json({"enabled": state.has_one_time_password})


def _shown(begun: Begun, username: str) -> dict[str, Any]:
    return {
        "issuer": own_sign_in.ISSUER,
        "user": username,
        "secret": begun.text,
        "url": own_sign_in.address(begun, username),
        "config": {
            "algo": "sha1",  # RFC 6238 §1.2, what every generator can
            "digits": DIGITS,
            "period": STEP,
            "secretSize": len(begun.secret),
        },
    }


ROUTES: Final = (
    Route("POST", "/accounts/otp/generate", SELF, generate),
    Route("POST", "/accounts/otp/confirm", SELF, confirm, body=FirstCode),
    Route("POST", "/accounts/otp/deactivate", SELF, deactivate),
    Route("GET", "/accounts/otp/status", SELF, status),
)
