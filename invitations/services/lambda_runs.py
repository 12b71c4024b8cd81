"""Running a lambda: counted, its conditions judged, then signed with its owner's key.

Three steps, each whole in itself: one statement counts the run, conditions are judged with no
transaction open, and one transaction holds the signature, its audit event, the end of the run and
the calls that follow. A process that is killed between them leaves a run that was counted and
came to nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction

from accounts import errors
from accounts.lambdas import conditions, config, requests, sandbox, templates
from accounts.lambdas.config import Config
from accounts.lambdas.requests import Call, Request
from accounts.lambdas.templates import Given
from accounts.models import LambdaExecution
from accounts.queries import lambdas as queries
from accounts.queries.lambdas import LambdaRow
from accounts.services import lambdas
from accounts.services.lambdas import Begun
from identity import errors as refusals
from identity.actor import Actor, ActorKind
from identity.crypto.evm import PersonalMessage
from identity.errors import DomainError
from identity.scoping import current
from identity.services import attestations, audit, neighbourhoods, rates
from identity.services.turns import TURNS
from invitations.services import signing
from invitations.services.evidence import Evidence
from invitations.services.governance import Pending

WINDOW: Final = 60
"""Seconds in which runs are counted for the limits below."""
MOST_BY_ADDRESS: Final = 60
"""Tries from one neighbourhood of addresses, also of what there is not."""
MOST_OF_LAMBDA: Final = 120
MOST_OF_SCOPE: Final = 600
BOUNDS = sandbox.DEFAULT
"""What each piece of code may take."""

Queue = Callable[[UUID, UUID, UUID, Request], object]

queues: list[Queue] = []
"""Called with scope, lambda, execution and a call that a task makes. Added at start."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that came to its end. `signature` is r‖s‖v; None where a condition was not met."""

    number: int
    signature: bytes | None


def run(
    *,
    lambda_id: UUID,
    inputs: Any,
    caller: Actor | None,
    address: str,
    call: Call,
    now: datetime,
) -> Ran:
    """Run a lambda of the scope in force.

    `caller` is who asks, if that is known; `call` reaches the outside. Not to be called in a
    transaction. Every run that began counts, whether its conditions were met or not. Raises
    `identity.errors.Missing`, Unauthenticated, Invalid, RateLimited, and of `accounts.errors`
    LambdasOff, LambdaOver, LambdaFailed, LambdaUnavailable, LambdaNeedsApproval; also what
    `signing.sign` raises.
    """
    _limit_address(address, now=now)
    hosts = lambdas.require_on()
    row = queries.one(lambda_id)
    read = config.loaded(row.config)
    _require_allowed(row, read, caller)
    _limit(lambda_id, now=now)
    given = Given(inputs=config.require_inputs(inputs), envs=read.envs)
    begun = lambdas.begin(lambda_id=lambda_id, address=address, now=now)
    try:
        met = conditions.judged(read, given, hosts=hosts, call=call, run=_run_aside)
        if met is None:
            lambdas.end_unsigned(begun, LambdaExecution.Outcome.NOT_MET, now=now)
            return Ran(begun.number, None)
        return Ran(begun.number, _signed(row, read, met, begun, now=now))
    except DomainError as refusal:
        failed = LambdaExecution.Outcome.FAILED
        reason = refusal.noted if isinstance(refusal, errors.LambdaFailed) else refusal.code
        lambdas.end_unsigned(begun, failed, reason=reason, now=now)
        raise


def _signed(row: LambdaRow, read: Config, met: Given, begun: Begun, *, now: datetime) -> bytes:
    action = read.actions
    data = templates.message(action.data, met, is_template=action.substitution)
    what = PersonalMessage(data)
    with transaction.atomic(), audit.gathered():
        owned = lambdas.require_running(begun)
        by = Actor(
            kind=ActorKind.LAMBDA,
            scope_id=owned.scope_id,
            user_id=owned.user_id,
            public_id=row.user,
            lambda_id=owned.id,
        )
        evidence = _statement(row, begun, what.digest)
        answer = signing.sign(what=what, by=by, now=now, evidence=evidence)
        if isinstance(answer, Pending):
            # The proposal is undone with the rest: whoever may run it could ask for any number.
            raise errors.LambdaNeedsApproval
        lambdas.end_signed(begun, digest=what.digest.hex(), now=now)
        _follow(read, replace(met, signature="0x" + answer.signature.hex()), begun)
    return answer.signature


def _follow(read: Config, met: Given, begun: Begun) -> None:
    """Have a task make the calls that follow; one that can't be made undoes no signature."""
    hosts = lambdas.require_on()
    for hook in read.post_hooks:
        try:
            made = requests.made(hook, met, hosts=hosts)
        except DomainError:
            lambdas.note_hook(begun.execution_id, is_sent=False)
            continue
        for queue in queues:
            queue(current.required_scope(), begun.lambda_id, begun.execution_id, made)


def _require_allowed(row: LambdaRow, read: Config, caller: Actor | None) -> None:
    if read.is_open:
        return
    if caller is None:
        raise refusals.Unauthenticated
    # Others of the scope learn nothing of it; a program's key is not its owner.
    if caller.public_id != row.user or caller.scope_id != current.required_scope():
        raise refusals.Missing("There is no such lambda.")


def _limit_address(address: str, *, now: datetime) -> None:
    place = neighbourhoods.of(address) if address else ""
    _hit(f"lambdas {current.required_scope()} {place}", MOST_BY_ADDRESS, now=now)


def _limit(lambda_id: UUID, *, now: datetime) -> None:
    scope = current.required_scope()
    _hit(f"lambda {scope} {lambda_id}", MOST_OF_LAMBDA, now=now)
    _hit(f"lambdas {scope}", MOST_OF_SCOPE, now=now)


def _hit(key: str, most: int, *, now: datetime) -> None:
    rates.hit(key, limit=most, window=WINDOW, now=int(now.timestamp()))


def _run_aside(code: str, values: dict[str, Any]) -> Any:
    with TURNS.aside():
        return sandbox.run(code, values, BOUNDS)


def _statement(row: LambdaRow, begun: Begun, digest: bytes) -> Evidence:
    """The server's word that this run asked for this signature."""
    said: Mapping[str, Any] = {
        "action": "sign",
        "resource": f"/lambdas/{row.id}",
        "details": {"execution": begun.number, "digest": digest.hex()},
        "user": str(row.user),
    }
    payload = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return Evidence(sign1=attestations.request(payload), is_attested=True)
