"""The nine steps of an onboarding: what each asks the ledger, and what it writes afterwards.

`act` talks to the ledger, outside of transactions; it may be repeated after a crash. `keep` writes
what came of it, in the transaction that ends the step, and so happens once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts import ledger, onboarding_errors
from accounts.ledger import TINYBARS, messages
from accounts.models import Onboarding
from accounts.services import onboarding_publishing as publishing
from accounts.services import registries, users
from accounts.services.onboarding_case import Case
from identity import ids
from identity.crypto import ed25519
from identity.scoping import inserts

Made = Mapping[str, Any]
Action = Onboarding.Action


@dataclass(frozen=True, slots=True)
class Plan:
    """One step. `calls` names its writes to the ledger, for each of which an id is kept."""

    number: int
    applies: Callable[[Case], bool]
    calls: Callable[[Case], tuple[str, ...]]
    act: Callable[[Case], Made]
    keep: Callable[[Case, Made, datetime], Made]
    prepare: Callable[[Case, datetime], None] | None = None
    """Writes that come before `act`; a worker who takes the step over makes them again."""
    is_local: Callable[[Case], bool] = lambda _: False
    """Whether `act` asks nobody outside: then the end of the step before may hold it, too."""


def _always(case: Case) -> bool:
    del case
    return True


def _no_calls(case: Case) -> tuple[str, ...]:
    del case
    return ()


def _nothing(case: Case) -> Made:
    del case
    return {}


def _as_made(case: Case, made: Made, now: datetime) -> Made:
    del case, now
    return made


# 1. Create ledger account


def _needs_account(case: Case) -> bool:
    return case.row.account is None and not case.secrets.account_id


def _create_account(case: Case) -> Made:
    seed = bytes.fromhex(case.secrets.seed)
    public_key = ed25519.parse_private(seed).public.raw
    balance = case.secrets.opening_balance * TINYBARS
    account_id = case.call(
        "account",
        lambda transaction_id: case.ledger.create_account(
            transaction_id=transaction_id, public_key=public_key, balance=balance, memo=""
        ),
    )
    return {"account": account_id}


def _keep_account(case: Case, made: Made, now: datetime) -> Made:
    case.keep_account(made["account"], now=now)
    return made


# 2. Register user


def _is_new(case: Case) -> bool:
    return case.row.action == Action.ONBOARD


def _register(case: Case, made: Made, now: datetime) -> Made:
    """The row of the user, which nobody can sign in to until everything else is done."""
    user = users.new(ids.new(), case.row.username, {}, by=case.by, now=now)
    users.insert(user)
    users.record("user.created", user, by=case.by, now=now, kind=str(user.kind))
    case.row.user = user
    inserts.update_held_later(case.row, ("user",))
    return made


# 3. Resolve ledger account


def _resolve_account(case: Case) -> Made:
    """Only who has the private key of an account may bring it along."""
    account = case.row.account
    account_id = case.secrets.account_id if account is None else account.account_id
    if account is None:
        seed = bytes.fromhex(case.secrets.seed)
        expected_key = ed25519.parse_private(seed).public.raw
    else:
        expected_key = bytes(account.public_key)
    if case.ledger.account_key(account_id=account_id) != expected_key:
        raise onboarding_errors.AccountMismatch
    return {"account": account_id}


def _keep_resolved(case: Case, made: Made, now: datetime) -> Made:
    if case.row.account is None:
        case.keep_account(made["account"], now=now)
    return made


# 4. Resolve topic


def _topic_calls(case: Case) -> tuple[str, ...]:
    if not case.is_registry:
        return ()
    return ("topic", "announcement") if ledger.announcement_topic() else ("topic",)


def _resolve_topic(case: Case) -> Made:
    """A registry has a topic of its own; its users are published there."""
    if not case.is_registry:
        return {"topic": case.parent.topic_id}
    topic_id = case.call(
        "topic",
        lambda transaction_id: case.ledger.create_topic(
            transaction_id=transaction_id, memo="Topic of a registry", signer=case.signer
        ),
    )
    publishing.announce(
        case,
        lambda transaction_id: messages.topic(
            transaction_id,
            name=case.row.username[:64],
            owner=case.account.account_id,
            child=topic_id,
            account_id=case.account.account_id,
        ),
    )
    return {"topic": topic_id}


# 8. Save


def _save_calls(case: Case) -> tuple[str, ...]:
    return ("announcement",) if case.is_registry and ledger.announcement_topic() else ()


def _announce_registry(case: Case) -> Made:
    if case.is_registry:
        publishing.announce(
            case,
            lambda transaction_id: messages.registration(
                transaction_id,
                did=case.outcome(5, "did"),
                topic_id=case.outcome(4, "topic"),
                fields=case.secrets.fields or {},
                account_id=case.account.account_id,
            ),
        )
    return {}


def _save(case: Case, made: Made, now: datetime) -> Made:
    user, by = case.user, case.by
    registries.complete(
        user=user,
        role=case.row.role,
        parent_id=None if case.is_registry else case.parent.user_id,
        account=case.give_account(user, now=now),
        topic_id=case.outcome(4, "topic") if case.is_registry else "",
        did=case.outcome(5, "did"),
        by=by,
        now=now,
    )
    return made


def _is_registry(case: Case) -> bool:
    return case.is_registry


def _is_here(case: Case) -> bool:
    return case.ledger.is_here


def _is_user(case: Case) -> bool:
    return not case.is_registry


PLANS: Final = (
    Plan(1, _needs_account, lambda _: ("account",), _create_account, _keep_account),
    Plan(2, _is_new, _no_calls, _nothing, _register, is_local=_always),
    Plan(3, _always, _no_calls, _resolve_account, _keep_resolved, is_local=_is_here),
    Plan(4, _always, _topic_calls, _resolve_topic, _as_made, is_local=_is_user),
    Plan(
        5,
        _always,
        lambda _: ("message",),
        publishing.publish_did,
        publishing.keep_did,
        prepare=publishing.store_did,
    ),
    Plan(6, _is_registry, publishing.schema_calls, publishing.publish_schemas, _as_made),
    Plan(
        7,
        publishing.has_credential,
        lambda _: ("message",),
        publishing.publish_credential,
        publishing.keep_credential,
        prepare=publishing.issue_credential,
    ),
    Plan(8, _always, _save_calls, _announce_registry, _save, is_local=_is_user),
    Plan(9, _is_registry, publishing.role_calls, publishing.publish_roles, _as_made),
)


def of(number: int) -> Plan:
    """The plan of a step."""
    return PLANS[number - 1]
