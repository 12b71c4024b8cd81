"""Everything that is sealed at rest, and sealing it anew under the key-encryption key of now."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from accounts import onboarding_secrets
from accounts.services import (
    did_keys,
    key_signatures,
    ledger_accounts,
    one_time_passwords,
    opened_managed_keys,
    remote_secrets,
)
from identity import actor, queries
from identity.scoping import current
from identity.services import (
    api_key_secrets,
    idempotency,
    mail,
    opened_keys,
    resealing,
    sealing,
    webhook_keys,
)
from identity.services.resealing import Column, Standing
from invitations.queries import waiting_seals
from invitations.services import bulk, proposals
from sessions_app.services import challenges, providers

COLUMNS: Final[Sequence[Column]] = (
    opened_keys.SEALED,
    api_key_secrets.SEALED,
    api_key_secrets.SEALED_PREVIOUS,
    webhook_keys.SEALED,
    one_time_passwords.SEALED,
    opened_managed_keys.SEALED,
    key_signatures.SEALED,
    ledger_accounts.SEALED,
    ledger_accounts.SEALED_REMOTE,
    did_keys.SEALED,
    onboarding_secrets.SEALED,
    onboarding_secrets.SEALED_RESULT,
    providers.SEALED,
    remote_secrets.SEALED,
    mail.SEALED,
    idempotency.SEALED,
    challenges.SEALED,
    bulk.SEALED,
    proposals.SEALED,
)
PENDING: Final = "pending proposals"
_WHY: Final = "what is sealed is counted in every scope"

Tell = Callable[[Column, str, int, int], None]


def standing(*, now: datetime) -> Sequence[Standing]:
    """Every place of the deployment with the keys that its values stand under, and how many."""
    with current.across_scopes(why=_WHY):
        told = [line for column in COLUMNS for line in resealing.standing(column)]
        waiting = waiting_seals.sealed_in_proposals(now=now)
        return [*told, *resealing.counted(PENDING, waiting)]


def in_the_way(told: Sequence[Standing]) -> Sequence[Standing]:
    """Of these, what still needs another key than the one that seals now."""
    kek_id = sealing.key_encryption_key().kek_id
    return [line for line in told if line.kek_id != kek_id]


def reseal(tell: Tell) -> int:
    """Seal all columns anew, scope by scope; how many values do not open.

    `tell` hears of each batch: column, scope, how many were sealed anew, how many do not open.
    What is not sealed anew stays as it is, so this may be ended and called again at any time.
    Raises SealUnavailable.
    """
    return sum(
        _reseal(column, scope, tell) for scope in queries.every_scope() for column in COLUMNS
    )


def _reseal(column: Column, scope: queries.ScopeRow, tell: Tell) -> int:
    by, last, broken = actor.system(scope.id), None, 0
    while True:
        done = resealing.reseal(column, after=last, by=by, now=datetime.now(UTC))
        if done.last is None:
            return broken
        last, broken = done.last, broken + done.broken
        tell(column, scope.slug, done.resealed, done.broken)
