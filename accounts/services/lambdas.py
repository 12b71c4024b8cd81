"""Lambdas: made, stopped, removed by their owners; each run is counted before it begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts import errors
from accounts.lambdas import config, requests
from accounts.lambdas.config import Config
from accounts.models import Lambda, LambdaExecution, User
from accounts.queries import lambdas as queries
from accounts.services import managed_keys, ways_in, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.scoping import current
from identity.services import audit, lambda_settings, scopes

MOST: Final = 20
"""Lambdas of one user, stopped ones too."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was counted, and has to be ended."""

    lambda_id: UUID
    execution_id: UUID
    number: int


def read(given: Mapping[str, Any]) -> Config:
    """A configuration that the scope in force lets somebody store.

    Raises `accounts.errors.LambdasOff`, LambdaUnsupported, `identity.errors.Invalid`,
    `identity.services.outside.AddressRefused`.
    """
    return config.read(given, hosts=require_on())


def require_on() -> frozenset[str]:
    """The hosts that lambdas of the scope in force may call. Raises `LambdasOff`."""
    chosen = scopes.settings()
    if not chosen.lambdas:
        raise errors.LambdasOff
    return lambda_settings.hosts(chosen.lambda_hosts)


def create(
    *, lambda_id: UUID, user_id: UUID, given: Mapping[str, Any], by: Actor, now: datetime
) -> Lambda:
    """Store a lambda of the actor's own, and make the account that it signs with if there is none.

    The same id with the same configuration is a repeat. Raises what `read` raises,
    `accounts.errors.TooManyLambdas`, NameTaken for an id of another one,
    `identity.errors.Forbidden` for another one's account.
    """
    if by.user_id != user_id:
        raise refusals.Forbidden("A lambda signs with the key of its owner, who alone makes it.")
    with writing.of(by):
        read_config = read(given)
        user = ways_in.lock(user_id)
        if user.status != User.Status.ACTIVE:
            raise errors.UserInactive
        row = _new(lambda_id, user, read_config, now=now)
        earlier = Lambda.objects.filter(id=lambda_id).first()
        if earlier is not None:
            return _same(earlier, row)
        if len(Lambda.objects.filter(user_id=user_id).values_list("id")[:MOST]) >= MOST:
            raise errors.TooManyLambdas
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise errors.NameTaken from None
        # It is to sign when nobody is there who could ask for an account.
        managed_keys.create(user=user, by=by, now=now)
        _record("lambda.created", row, by=by, now=now, facts=described(read_config))
    return row


def disable(*, lambda_id: UUID, by: Actor, now: datetime) -> Lambda:
    """Stop a lambda for ever, from the next signature on. Again is the same. Raises `Missing`."""
    with writing.of(by):
        row = _locked(lambda_id)
        if row.status == Lambda.Status.ACTIVE:
            row.status, row.disabled_at, row.updated_at = Lambda.Status.DISABLED, now, now
            row.save(update_fields=["status", "disabled_at", "updated_at"])
            _record("lambda.disabled", row, by=by, now=now)
    return row


def remove(*, lambda_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a lambda with the history of its runs; the record stays. Raises `Missing`."""
    with writing.of(by):
        row = _locked(lambda_id)
        _record("lambda.removed", row, by=by, now=now)
        row.delete()


def begin(*, lambda_id: UUID, address: str, now: datetime) -> Begun:
    """Count a run of a lambda of the scope in force, before anything of it runs.

    One statement counts it if the lambda is not stopped, its owner is active, and it has runs
    left, so that of any number of parallel runs no more begin than it has. Raises
    `accounts.errors.LambdaOver`.
    """
    owners = User.objects.filter(status=User.Status.ACTIVE, deleted_at__isnull=True)
    owners = owners.exclude(expires_at__lte=now)
    runnable = Lambda.objects.filter(id=lambda_id, status=Lambda.Status.ACTIVE)
    has_left = Q(max_executions=0) | Q(total_executions__lt=F("max_executions"))
    with transaction.atomic():
        # No join: the database asks each of these conditions of the row that it has locked.
        counted = runnable.filter(has_left, user_id__in=owners.values("id")).update(
            total_executions=F("total_executions") + 1, last_executed_at=now, updated_at=now
        )
        if counted != 1:
            raise errors.LambdaOver
        number = Lambda.objects.values_list("total_executions", flat=True).get(id=lambda_id)
        run = LambdaExecution(
            id=ids.new(),
            scope_id=current.required_scope(),
            executed_id=lambda_id,
            number=number,
            address=address,
            began_at=now,
        )
        run.save(force_insert=True)
        old = LambdaExecution.objects.filter(
            executed_id=lambda_id, number__lte=number - queries.MOST_KEPT
        )
        old.delete()
    return Begun(lambda_id, run.id, number)


def end_unsigned(
    begun: Begun, outcome: LambdaExecution.Outcome, *, reason: str = "", now: datetime
) -> None:
    """Note that a run came to no signature, and why. Not an event of the record."""
    LambdaExecution.objects.filter(id=begun.execution_id).update(
        outcome=outcome, reason=reason, ended_at=now
    )


def require_running(begun: Begun) -> Lambda:
    """The lambda of a run, locked until its signature is made; in that transaction.

    Raises `accounts.errors.LambdaOver` if it was stopped or removed since the run began, and
    `LambdasOff`.
    """
    require_on()
    rows = Lambda.objects.select_for_update(no_key=True)
    row = rows.filter(id=begun.lambda_id, status=Lambda.Status.ACTIVE).first()
    if row is None:
        raise errors.LambdaOver
    return row


def end_signed(begun: Begun, *, digest: str, now: datetime) -> None:
    """Note the signature of a run, in its transaction. `digest` is that of the message, in hex."""
    Lambda.objects.filter(id=begun.lambda_id).update(ok_executions=F("ok_executions") + 1)
    LambdaExecution.objects.filter(id=begun.execution_id).update(
        outcome=LambdaExecution.Outcome.SIGNED, digest=digest, ended_at=now
    )


def require_hook(lambda_id: UUID, url: str) -> None:
    """Refuse a call that was queued before the lambda was stopped or its host left the list.

    Raises `accounts.errors.LambdaOver`, `LambdasOff`, `identity.services.outside.AddressRefused`.
    """
    requests.require_listed(url, require_on())
    if not Lambda.objects.filter(id=lambda_id, status=Lambda.Status.ACTIVE).exists():
        raise errors.LambdaOver


def note_hook(execution_id: UUID, *, is_sent: bool) -> None:
    """Count a call that followed a signature: taken, or not."""
    name = "hooks_sent" if is_sent else "hooks_failed"
    LambdaExecution.objects.filter(id=execution_id).update(**{name: F(name) + 1})


def described(read_config: Config) -> dict[str, Any]:
    """What record and policies may know of a configuration."""
    return {
        "is_open": read_config.is_open,
        "max_executions": read_config.max_executions,
        "hosts": read_config.hosts,
        "post_hooks": len(read_config.post_hooks),
    }


def _new(lambda_id: UUID, user: User, read_config: Config, *, now: datetime) -> Lambda:
    return Lambda(
        id=lambda_id,
        scope_id=user.scope_id,
        user=user,
        config=config.stored(read_config),
        max_executions=read_config.max_executions,
        created_at=now,
        updated_at=now,
    )


def _same(earlier: Lambda, row: Lambda) -> Lambda:
    if (earlier.user_id, earlier.config) != (row.user_id, row.config):
        raise errors.NameTaken
    return earlier


def _locked(lambda_id: UUID) -> Lambda:
    row = Lambda.objects.select_for_update(of=("self",)).filter(id=lambda_id).first()
    if row is None:
        raise refusals.Missing("There is no such lambda.")
    return row


def _record(
    event: str, row: Lambda, *, by: Actor, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    told = {"user": str(row.user_id), **(facts or {})}
    audit.record(event, by=by, subject=("lambda", str(row.id)), now=now, facts=told)
