"""Lambdas of the caller's account: made, listed, and run by whoever they let."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from accounts import calls
from accounts.queries import lambdas as queries
from accounts.queries.lambdas import LambdaRow
from identity import ids
from identity.actor import Actor
from identity.api.passport import auth
from identity.api.passport.errors import Waits
from identity.api.passport.route import Asked, Method, Who
from identity.errors import Invalid, Missing
from invitations.services import attested, governance, lambda_runs
from invitations.services.governance import Pending, Step

NOT_MET: Final = "Condition not met"
"""A result like others; clients look for this text (specification §3)."""
_WAITS: Final = "Approval needed: listLambda shows the lambda once the proposal is approved"
_STATES: Final = {"active": "ready"}


def create(asked: Asked) -> str:
    """`createLambda`: the id of a lambda that signs with the caller's account from now on."""
    actor = asked.caller.actor
    details = {
        "lambda_id": str(ids.new()),
        "user": str(actor.public_id),
        "config": _config(_data(asked)),
    }
    answer = governance.submit(
        action="lambda.create",
        details=details,
        by=actor,
        now=asked.now,
        evidence=attested.of_steps([Step("lambda.create", details)], by=actor),
    )
    if isinstance(answer, Pending):
        raise Waits(answer, _WAITS)
    return str(answer.result["lambda"]["id"])


def listed(asked: Asked) -> list[dict[str, Any]]:
    """`listLambda`: the caller's own, the oldest first."""
    return [_shown(row) for row in queries.of_user(asked.caller.user_id)]


def execute(asked: Asked) -> str:
    """`executeLambda`: the signature, or that a condition was not met.

    Clients send no proof of who they are; one that comes along counts for lambdas that are run by
    their owners alone.
    """
    given = _data(asked)
    ran = lambda_runs.run(
        lambda_id=_id(given.get("id")),
        inputs=given.get("params", []),
        caller=_caller(asked),
        address=asked.sent.address,
        call=calls.call,
        now=asked.now,
    )
    return NOT_MET if ran.signature is None else "0x" + ran.signature.hex()


def _caller(asked: Asked) -> Actor | None:
    return auth.caller(asked).actor if auth.has_proof(asked.sent) else None


def _data(asked: Asked) -> Mapping[str, Any]:
    data = asked.named.get("data")
    if not isinstance(data, Mapping):
        raise Invalid("data is needed, as an object.")
    return data


def _id(given: Any) -> UUID:
    try:
        return UUID(given)
    except (TypeError, ValueError, AttributeError):
        raise Missing("There is no such lambda.") from None


def _config(given: Mapping[str, Any]) -> dict[str, Any]:
    """Our words for it: one name is written otherwise, and methods of HTTP in any case."""
    config = {name: value for name, value in given.items() if name != "postHook"}
    if "post_hooks" in config:
        raise Invalid("config: there is no post_hooks; it is postHook.")
    if "postHook" in given:
        config["post_hooks"] = _upper(given["postHook"])
    if "conditions" in config:
        config["conditions"] = _upper(config["conditions"])
    return config


def _upper(calls_: Any) -> Any:
    if not isinstance(calls_, list):
        return calls_
    return [
        {**each, "protocol": each["protocol"].upper()}
        if isinstance(each, Mapping) and isinstance(each.get("protocol"), str)
        else each
        for each in calls_
    ]


def _shown(row: LambdaRow) -> dict[str, Any]:
    config = {name: value for name, value in row.config.items() if name != "post_hooks"}
    return {
        "id": str(row.id),
        "config": {**config, "postHook": row.config["post_hooks"]},
        "status": _STATES.get(row.status, row.status),
        "proof": None,
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
        "total_executions": row.total_executions,
        "ok_executions": row.ok_executions,
    }


def _moment(at: datetime) -> str:
    """In UTC, without saying so, as clients read it (specification §3)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


METHODS: Final = (
    Method("createLambda", Who.ACCOUNT, create),
    Method("listLambda", Who.ACCOUNT, listed),
    Method("executeLambda", Who.ANYBODY, execute),
)
