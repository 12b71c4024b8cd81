"""The end of an onboarding that went well: the user may sign in, its owner may read the result."""

from datetime import datetime
from typing import Any, Final

from accounts import onboarding_secrets
from accounts.ledger.keys import encoded_private, encoded_public
from accounts.models import Onboarding
from accounts.services import ledger_accounts, onboardings, users
from accounts.services.onboarding_case import Case
from identity.scoping import inserts

State = Onboarding.State
_FORGOTTEN: Final = {
    "sealed_request": None,
    "next_attempt_at": None,
    "lease_until": None,
    "lease_holder": "",
}
_CHANGED: Final = (*_FORGOTTEN, "state", "owner", "sealed_result", "ended_at")


def complete(case: Case, now: datetime) -> None:
    """Let the user in and hand the task over, in the transaction that ends the last step."""
    row, by = case.row, case.by
    is_key = row.action == Onboarding.Action.RANDOM_KEY
    result = _key(case) if is_key else _result(case)
    if row.action == Onboarding.Action.ONBOARD:
        users.activate(user=case.user, verifier=case.secrets.verifier, by=by, now=now)
        row.owner_id = row.user_id
    changes: dict[str, Any] = {
        **_FORGOTTEN,
        "state": State.COMPLETED,
        "owner_id": row.owner_id,
        "sealed_result": onboarding_secrets.seal_result(result, row.id),
        "ended_at": now,
    }
    for name, value in changes.items():
        setattr(row, name, value)
    inserts.update_held_later(row, _CHANGED)
    onboardings.record("onboarding.completed", row, by=by, now=now)


def _result(case: Case) -> dict[str, Any]:
    account = case.account
    return {
        "username": case.row.username,
        "role": case.row.role,
        "did": case.outcome(5, "did"),
        "account_id": account.account_id,
        "public_key": encoded_public(bytes(account.public_key)),
    }


def _key(case: Case) -> dict[str, Any]:
    """A key that was asked for: the one result that holds a private key."""
    account = case.account
    return {
        "account_id": account.account_id,
        "private_key": encoded_private(ledger_accounts.open_key(account)),
    }
