"""One's own account: its password, which further devices need."""

from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from accounts import queries as accounts
from accounts.services import passwords
from identity import errors
from identity.actor import Actor
from identity.services import attestations
from invitations.services import governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending
from sessions_app.errors import StepUpNeeded
from sessions_app.services import step_up

_CHANGE: Final = "password.change"


def change_password(
    *, old: str, new: str, by: Actor, now: datetime, evidence: Evidence
) -> Done | Pending:
    """Check the old password and set the new one; an empty new one ends the protection.

    Where the account has none yet, `old` is empty: the device's signature is proof enough.

    Raises `PasswordRefused` for a wrong old one (counted with all other tries), and what
    `passwords.make_verifier` raises for a new one that is too short or too long.
    """
    user_id, public_id = _person(by)
    if old or passwords.is_set(user_id=user_id):
        passwords.check(user_id=user_id, password=old, now=now, address=by.address)
    verifier = passwords.make_verifier(new) if new else ""
    details = {"user": public_id, "password_verifier": verifier}
    return governance.submit(action=_CHANGE, details=details, by=by, now=now, evidence=evidence)


def set_password(
    *, new: str, present: str | None, is_proven: bool, by: Actor, now: datetime
) -> Done | Pending:
    """Set or change the password in a session of the account.

    It takes the present password, whose tries are those of every path, or `is_proven`: the session
    showed lately who is there. Where one-time passwords are set up only that counts, since the
    password may be what was stolen. Not to be called in a transaction.

    Raises StepUpNeeded, `PasswordRefused`, `TooManyWrongPasswords`, `Busy`, `PasswordUnfit`.
    """
    user_id, public_id = _person(by)
    has_generator = accounts.sign_in_state(user_id).has_one_time_password
    if not is_proven and (present is None or has_generator):
        raise StepUpNeeded(seconds=step_up.FRESH_SECONDS)
    if present is not None:
        passwords.check(user_id=user_id, password=present, now=now, address=by.address)
    details = {"user": public_id, "password_verifier": passwords.make_verifier(new)}
    return governance.submit(
        action=_CHANGE, details=details, by=by, now=now, evidence=without_secrets(by)
    )


def without_secrets(by: Actor) -> Evidence:
    """Evidence that `by` asked for a new password, which says nothing of it."""
    said = {"action": "edit", "resource": "/account-management/password", "details": {}}
    payload = orjson.dumps({**said, "user": str(by.public_id)}, option=orjson.OPT_SORT_KEYS)
    return Evidence(sign1=attestations.request(payload), is_attested=True)


def _person(by: Actor) -> tuple[UUID, str]:
    if by.user_id is None or by.public_id is None or by.is_program:
        raise errors.Forbidden("Only a person has an account of this kind.")
    return by.user_id, str(by.public_id)
