"""One's own account: changing the password that further devices need."""

from datetime import datetime

from accounts.services import passwords
from identity import errors
from identity.actor import Actor
from invitations.services import governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending


def change_password(
    *, old: str, new: str, by: Actor, now: datetime, evidence: Evidence
) -> Done | Pending:
    """Check the old password and set the new one; an empty new one ends the protection.

    Where the account has none yet, `old` is empty: the device's signature is proof enough.

    Raises `PasswordRefused` for a wrong old one (counted with all other tries), and what
    `passwords.make_verifier` raises for a new one that is too short or too long.
    """
    if by.user_id is None or by.public_id is None or by.is_program:
        raise errors.Forbidden("Only a person has an account password.")
    if old or passwords.is_set(user_id=by.user_id):
        passwords.check(user_id=by.user_id, password=old, now=now, address=by.address)
    verifier = passwords.make_verifier(new) if new else ""
    details = {"user": str(by.public_id), "password_verifier": verifier}
    return governance.submit(
        action="password.change", details=details, by=by, now=now, evidence=evidence
    )
