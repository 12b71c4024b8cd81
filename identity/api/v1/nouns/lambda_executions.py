"""Runs of lambdas: asked for by whoever a lambda lets, and read by its owner and by staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import calls
from accounts.queries import lambdas as queries
from identity.actor import Actor
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.lambdas import user_id_of
from identity.api.v1.route import OPEN, SELF, Asked
from identity.api.v1.shapes import Body, Items, Shown
from invitations.services import lambda_runs


class LambdaExecution(Shown, frozen=True):
    """One run. `outcome`: begun (it never ended), signed, not-met, failed.

    `reason` is the code of a refusal, `digest` that of what was signed. `hooks_sent` and
    `hooks_failed` count the calls that followed.
    """

    number: int
    outcome: str
    reason: str
    digest: str
    address: str
    hooks_sent: int
    hooks_failed: int
    began_at: datetime
    ended_at: datetime | None


class Inputs(Body, frozen=True):
    """The values of one run, at most 16 and 16 KiB."""

    inputs: Sequence[Any] = ()


class Ran(Shown, frozen=True):
    """A run that came to its end.

    `signature` is 65 bytes in hex, `0x` before them; null where a condition was not met.
    """

    number: int
    is_met: bool
    signature: str | None


@route.act(
    "GET",
    "/me/lambdas/{lambda_id}/executions",
    SELF,
    "my_lambdas_executions",
    "How a lambda of yours ran",
    shows=Items[LambdaExecution],
)
def my_executions(asked: Asked) -> Items[LambdaExecution]:
    """The latest hundred runs, the newest first."""
    return _executions(queries.own(asked.ids["lambda_id"], user_id_of(asked)).id)


@route.act(
    "POST",
    "/me/lambdas/{lambda_id}/executions",
    SELF,
    "my_lambdas_execute",
    "Run a lambda of yours",
    body=Inputs,
    shows=Ran,
    is_alone=True,
    also_refuses=(410,),
)
def execute_mine(asked: Asked) -> Ran:
    """Also one that nobody else may run."""
    row = queries.own(asked.ids["lambda_id"], user_id_of(asked))
    return _ran(asked, row.id, by=asked.caller.actor)


@route.act(
    "GET",
    "/lambdas/{lambda_id}/executions",
    "lambdas:get",
    "lambdas_executions",
    "How a lambda ran",
    shows=Items[LambdaExecution],
)
def executions(asked: Asked) -> Items[LambdaExecution]:
    """The latest hundred runs, the newest first."""
    return _executions(queries.one(asked.ids["lambda_id"]).id)


@route.act(
    "POST",
    "/lambdas/{lambda_id}/executions",
    OPEN,
    "lambdas_execute",
    "Run a lambda that anybody may run",
    body=Inputs,
    shows=Ran,
    is_alone=True,
    also_refuses=(410,),
)
def execute(asked: Asked) -> Ran:
    """Whoever knows its id; one that its owner alone runs is refused here."""
    return _ran(asked, asked.ids["lambda_id"], by=None)


def _ran(asked: Asked, lambda_id: UUID, *, by: Actor | None) -> Ran:
    ran = lambda_runs.run(
        lambda_id=lambda_id,
        inputs=list(asked.body.inputs) if asked.body else [],
        caller=by,
        address=asked.sent.address,
        call=calls.call,
        now=asked.now,
    )
    signature = None if ran.signature is None else "0x" + ran.signature.hex()
    return Ran(ran.number, is_met=signature is not None, signature=signature)


def _executions(lambda_id: UUID) -> Items[LambdaExecution]:
    rows = queries.executions(lambda_id)
    return Items([shapes.of_row(LambdaExecution, row) for row in rows], None)


ROUTES: Final = (my_executions, execute_mine, executions, execute)
