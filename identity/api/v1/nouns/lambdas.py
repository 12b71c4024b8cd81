"""Lambdas: what signs with its owner's key when its conditions are met; made, read, stopped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts.lambdas.config import (
    Action,
    Authorization,
    Code,
    Fetch,
    Trigger,
    Verifications,
)
from accounts.queries import lambdas as queries
from identity import ids
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.route import SELF, Asked, Change, Reply
from identity.api.v1.shapes import Body, Gone, Items, Newest, Shown
from identity.errors import Forbidden
from identity.paging import After, Window
from invitations.services.governance import Pending


class LambdaConfig(Body, frozen=True):
    """What a lambda is made of; it never changes. `max_executions` 0: without end.

    `authorization` `jwt`: its owner runs it, signed in; `none`: whoever knows its id. `envs` are
    no secrets.
    """

    conditions: Sequence[Code | Fetch]
    actions: Action
    authorization: Authorization = Authorization("jwt")
    verifications: Verifications = Verifications()
    triggers: Sequence[Trigger] = (Trigger("hook"),)
    envs: Sequence[Any] = ()
    max_executions: int = 0
    post_hooks: Sequence[Fetch] = ()


class NewLambda(Body, frozen=True):
    """A lambda of the caller's own account, under an id of the caller's or a new one."""

    config: LambdaConfig
    id: UUID | None = None


class Lambda(Shown, frozen=True):
    """A lambda; `status` is active or disabled, which is for ever.

    `total_executions` counts every run that began, `ok_executions` those that came to a signature.
    """

    id: UUID
    user: UUID
    config: dict[str, Any]
    status: str
    max_executions: int
    total_executions: int
    ok_executions: int
    last_executed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None


class Lambdas(Newest, frozen=True):
    """Which lambdas; `user` is the id of an owner."""

    user: UUID | None = None
    status: Literal["active", "disabled"] | None = None


@route.act("GET", "/me/lambdas", SELF, "my_lambdas_list", "Your lambdas", shows=Items[Lambda])
def mine(asked: Asked) -> Items[Lambda]:
    """The oldest first; there are at most 20."""
    rows = queries.of_user(user_id_of(asked))
    return Items([_shown(row) for row in rows], None)


@route.act(
    "POST",
    "/me/lambdas",
    SELF,
    "my_lambdas_create",
    "Store a lambda that signs with your key from now on",
    body=NewLambda,
    shows=Lambda,
    status=201,
    may_wait=True,
    is_dangerous=True,
)
def create(asked: Asked) -> Reply:
    """Through the one door, for the own account alone."""
    user_id_of(asked)
    given = asked.given()
    details = {
        "lambda_id": str(given.get("id") or ids.new()),
        "user": str(asked.caller.actor.public_id),
        "config": given["config"],
    }
    answer = asked.caller.submit_own("lambda.create", details)
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    row = queries.one(UUID(answer.result["lambda"]["id"]))
    return Reply(_shown(row), status=201, headers={"Location": asked.link(f"/me/lambdas/{row.id}")})


@route.read("/me/lambdas/{lambda_id}", SELF, "my_lambdas_get", "A lambda of yours", shows=Lambda)
def my_one(asked: Asked) -> Lambda:
    """One's own alone."""
    return _shown(queries.own(asked.ids["lambda_id"], user_id_of(asked)))


@route.act(
    "POST",
    "/me/lambdas/{lambda_id}/disable",
    SELF,
    "my_lambdas_disable",
    "Stop a lambda of yours for ever",
    body=Nothing,
    shows=Lambda,
    may_wait=True,
)
def disable_mine(asked: Asked) -> Reply:
    """What only stops something asks for no fresh proof."""
    row = queries.own(asked.ids["lambda_id"], user_id_of(asked))
    answer = asked.caller.submit_own("lambda.disable", {"lambda_id": str(row.id)})
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(_shown(queries.one(row.id)))


@route.act(
    "DELETE",
    "/me/lambdas/{lambda_id}",
    SELF,
    "my_lambdas_remove",
    "Remove a lambda of yours with its history",
    shows=Gone,
    may_wait=True,
    is_dangerous=True,
)
def remove_mine(asked: Asked) -> Reply:
    """The record keeps what it did."""
    row = queries.own(asked.ids["lambda_id"], user_id_of(asked))
    answer = asked.caller.submit_own("lambda.remove", {"lambda_id": str(row.id)})
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(Gone(str(row.id)))


@route.listing(
    "/lambdas",
    "lambdas:list",
    "lambdas_list",
    "Lambdas of everybody in the scope",
    of=Lambda,
    query=Lambdas,
)
def everybodys(asked: Asked, after: After) -> Window[Any]:
    """By owner and status."""
    del asked
    return queries.window(after)


@route.read("/lambdas/{lambda_id}", "lambdas:get", "lambdas_get", "A lambda", shows=Lambda)
def one(asked: Asked) -> Lambda:
    """One lambda."""
    return _shown(queries.one(asked.ids["lambda_id"]))


def user_id_of(asked: Asked) -> UUID:
    """The caller, who has an account in this scope. Raises Forbidden."""
    actor = asked.caller.actor
    if actor.user_id is None or actor.public_id is None or actor.is_operator:
        raise Forbidden("Only who has an account in this scope has lambdas here.")
    return actor.user_id


def _shown(row: Any) -> Lambda:
    shown: Lambda = shapes.of_row(Lambda, row)
    return shown


def _of_result(result: Any) -> Lambda:
    return _shown(queries.one(UUID(result["lambda"]["id"])))


ROUTES: Final = (
    mine,
    create,
    my_one,
    disable_mine,
    remove_mine,
    everybodys,
    one,
    route.change(
        "POST",
        "/lambdas/{lambda_id}/disable",
        "lambdas:edit",
        "lambdas_disable",
        "Stop a lambda for ever",
        Change("lambda.disable", _of_result),
        body=Nothing,
        shows=Lambda,
    ),
    route.change(
        "DELETE",
        "/lambdas/{lambda_id}",
        "lambdas:delete",
        "lambdas_remove",
        "Remove a lambda with its history",
        Change("lambda.remove", shapes.gone("lambda")),
        shows=Gone,
    ),
)
