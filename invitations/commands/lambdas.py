"""Commands about lambdas: who makes one has it sign later, when nobody is there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.queries import lambdas as queries
from accounts.services import lambdas
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry


class CreateLambda(Input, frozen=True):
    """A new lambda of `user`, who asks for it; `lambda_id` is chosen by the client.

    `config` is that of `accounts.lambdas.config`.
    """

    lambda_id: UUID
    user: UUID
    config: dict[str, Any]


class LambdaNamed(Input, frozen=True):
    """One lambda that there is."""

    lambda_id: UUID


def create(details: CreateLambda, *, by: Actor, now: datetime) -> Result:
    """Store it."""
    lambdas.create(
        lambda_id=details.lambda_id,
        user_id=accounts.user_id_of(details.user),
        given=details.config,
        by=by,
        now=now,
    )
    return _named(details.lambda_id)


def disable(details: LambdaNamed, *, by: Actor, now: datetime) -> Result:
    """Stop it."""
    lambdas.disable(lambda_id=details.lambda_id, by=by, now=now)
    return _named(details.lambda_id)


def remove(details: LambdaNamed, *, by: Actor, now: datetime) -> Result:
    """Remove it."""
    lambdas.remove(lambda_id=details.lambda_id, by=by, now=now)
    return _named(details.lambda_id)


def _named(lambda_id: UUID) -> Result:
    return {"lambda": {"id": str(lambda_id)}}


def _facts(details: CreateLambda) -> Mapping[str, Any]:
    """`is_open`, `max_executions`, `hosts` and `post_hooks`, beside the configuration itself."""
    return lambdas.described(lambdas.read(details.config))


def _validate_new(details: CreateLambda) -> None:
    accounts.user_id_of(details.user)
    lambdas.read(details.config)


def _validate(details: LambdaNamed) -> None:
    queries.one(details.lambda_id)


def _makes_own(details: CreateLambda, by: Actor) -> bool:
    return by.public_id is not None and details.user == by.public_id


def _is_own(details: LambdaNamed, by: Actor) -> bool:
    return by.public_id is not None and queries.owner_of(details.lambda_id) == by.public_id


registry.add(
    Command(
        name="lambda.create",
        action="add",
        resource="/lambdas",
        # Nobody's right: a lambda signs with the key of whoever makes it.
        permission="",
        input=CreateLambda,
        execute=create,
        validate=_validate_new,
        is_own=_makes_own,
        facts=_facts,
    ),
    Command(
        name="lambda.disable",
        action="edit",
        resource="/lambdas/{lambda_id}",
        permission="lambdas:edit",
        input=LambdaNamed,
        execute=disable,
        validate=_validate,
        is_own=_is_own,
    ),
    Command(
        name="lambda.remove",
        action="delete",
        resource="/lambdas/{lambda_id}",
        permission="lambdas:delete",
        input=LambdaNamed,
        execute=remove,
        validate=_validate,
        is_own=_is_own,
    ),
)
