"""The caller's own account."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts import queries as accounts
from identity import queries as ground
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.devices import Device
from identity.api.v1.nouns.joining import Challenge
from identity.api.v1.nouns.step_up import own_account
from identity.api.v1.nouns.users import User
from identity.api.v1.route import SELF, Asked, Reply
from identity.api.v1.shapes import Body, Items, Newest, Query, Shown
from identity.errors import Forbidden
from identity.pages import scope_choice
from identity.paging import After, Window
from invitations.services import own_devices
from invitations.services.governance import Pending


class Me(Shown, frozen=True):
    """Who asks, and what they may do in this scope now; operators have no account here."""

    scope: UUID
    kind: str
    user: User | None
    device: UUID | None
    permissions: Sequence[str]
    approves: Sequence[str]


class WorkPlace(Shown, frozen=True):
    """A scope that the caller may work in; `note` says what is special about it."""

    slug: str
    name: str
    note: str


class WorkPlaces(Query, frozen=True):
    """Which part of the list: behind the slug `after`; operators may search."""

    after: Annotated[str, msgspec.Meta(max_length=63)] = ""
    search: Annotated[str, msgspec.Meta(max_length=64)] = ""


class OwnKeys(Body, frozen=True):
    """The public keys of the device to be: a P-256 point in hex and an RSA key in PEM."""

    signature_key: str
    encryption_key: str


class Registration(Body, frozen=True):
    """The exact JSON text `statement` in base64, and the new signature key's r||s over it.

    The text is that of accepting an invitation, with the type `ecs-device/1` and the own user id as
    `subject`.
    """

    statement: str
    signature: str


@route.read("/me", SELF, "me_get", "Who you are and what you may do", shows=Me)
def me(asked: Asked) -> Me:
    """The caller's own account and rights."""
    actor = asked.caller.actor
    return Me(
        scope=actor.scope_id,
        kind="operator" if actor.is_operator else str(actor.kind),
        user=None if actor.is_operator else shapes.of_row(User, accounts.own(actor)),
        device=actor.device_id,
        permissions=sorted(actor.permissions),
        approves=sorted(actor.approves),
    )


@route.act(
    "GET",
    "/me/scopes",
    SELF,
    "my_scopes_list",
    "The scopes that you may work in: a session those it may choose, a device its own",
    query=WorkPlaces,
    shows=Items[WorkPlace],
)
def my_scopes(asked: Asked) -> Items[WorkPlace]:
    """Fifty at a time, in the order of slugs, one's own scope first."""
    if asked.http is None:
        own = ground.scope()
        return Items([WorkPlace(own.slug, own.name, "")], None)
    found = scope_choice.window(asked.http.user, search=asked.query.search, after=asked.query.after)
    items = [WorkPlace(each.slug, each.name, each.note) for each in found.scopes]
    return Items(items, found.next or None)


@route.listing("/me/devices", SELF, "my_devices_list", "Your devices", of=Device, query=Newest)
def my_devices(asked: Asked, after: After) -> Window[Any]:
    """The caller's own devices."""
    actor = asked.caller.actor
    if actor.public_id is None or actor.is_operator:
        raise Forbidden("Only who has an account in this scope has devices here.")
    own = {"user": actor.public_id}
    return accounts.devices_window(After(after.limit, after.after, after.is_descending, own))


@route.act(
    "POST",
    "/me/devices/challenge",
    SELF,
    "my_devices_challenge",
    "First step of registering a further device: a challenge for its keys",
    body=OwnKeys,
    shows=Challenge,
)
def challenge(asked: Asked) -> Challenge:
    """For the session of the account itself."""
    made = own_devices.challenge(
        signature_key=asked.body.signature_key,
        encryption_key=asked.body.encryption_key,
        by=asked.caller.actor,
        now=asked.now,
    )
    return Challenge(challenge=shapes.encoded(made))


@route.act(
    "POST",
    "/me/devices",
    SELF,
    "my_devices_register",
    "Second step: register a further device of your own",
    body=Registration,
    shows=Device,
    status=201,
    may_wait=True,
    is_dangerous=True,
)
def register(asked: Asked) -> Reply:
    """Done at once, or waiting for the approval that policy asks for."""
    answer = own_devices.register(
        own_devices.Registration(
            statement=shapes.decoded(asked.body.statement, "statement"),
            signature=shapes.decoded(asked.body.signature, "signature"),
        ),
        by=asked.caller.actor,
        now=asked.now,
    )
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    shown: Device = shapes.of_result(Device, answer.result["device"])
    return Reply(shown, status=201, headers={"Location": asked.link(f"/devices/{shown.id}")})


@route.act(
    "DELETE",
    "/me",
    SELF,
    "me_delete",
    "Delete your own account for ever, with all that belongs to it",
    shows=shapes.Gone,
    may_wait=True,
    is_dangerous=True,
)
def leave(asked: Asked) -> Reply:
    """Members go at once; whoever has duties in the scope goes as its policies ask."""
    actor = own_account(asked)
    answer = asked.caller.submit_own("user.leave", {"user": str(actor.public_id)})
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(shapes.Gone(id=str(actor.public_id)))


ROUTES: Final = (me, leave, my_scopes, my_devices, challenge, register)
