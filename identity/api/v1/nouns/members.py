"""Members of contexts: user ids with the keys by which they are known there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts.queries import members as queries
from accounts.services import member_ids
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Query, Shown
from identity.paging import After, Window

TextId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
PublicKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Acl = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Member(Shown, frozen=True):
    """A member; `public_key` is the Base58Check of its compressed point on secp256k1.

    `user` is the account here that it is: the one that its key signs in, or that was named.
    `proven_at` tells when it showed to hold the private key; null: whoever added it vouched for it.
    """

    context: str
    member: str
    public_key: str
    acl: str
    is_staff: bool
    user: UUID | None
    proven_at: datetime | None
    created_at: datetime


class MemberNamed(Shown, frozen=True):
    """Which member was changed, and how: `added`, `replaced`, `edited`, `removed` or `nothing`."""

    context: str
    member: str
    changed: str


class NewContextMember(Body, frozen=True):
    """A user id and its key, for which the caller vouches; without an `acl` it may do everything.

    The same pair again changes what is given; another key takes the place of the earlier one. A new
    `member` is no `.` or `..`, and has no slash nor characters that can't be shown. One whose key
    signs an account in is that account's; `user` names one for another key.
    """

    member: TextId
    public_key: PublicKey
    acl: Acl | None = None
    is_staff: bool | None = None
    user: UUID | None = None


class AclEdit(Body, frozen=True):
    """What the member may do: lines `ALLOW|DENY <function or group> [argument=value …]`."""

    acl: Acl


class StaffEdit(Body, frozen=True):
    """Whether the member is staff of the context."""

    is_staff: bool


class MemberFilters(Newest, frozen=True):
    """Which members: of this id, or with this key; each a whole one."""

    member: TextId | None = None
    public_key: PublicKey | None = None


class AnyMember(Query, frozen=True):
    """Which member, by an id that no path holds; a whole one, and never left out."""

    member: TextId


@route.listing(
    "/contexts/{context}/members",
    "members:list",
    "members_list",
    "Members of a context",
    of=Member,
    query=MemberFilters,
)
def members(asked: Asked, after: After) -> Window[Any]:
    """The living ones, by the time of their joining."""
    limits = asked.caller.actor.limits
    return queries.members_window(asked.ids["context"], after, limits=limits)


@route.read(
    "/contexts/{context}/members/{member}",
    "members:get",
    "members_get",
    "A member of a context",
    shows=Member,
)
def get(asked: Asked) -> Member:
    """One member; ids with a slash are asked for with the filter of the list."""
    limits = asked.caller.actor.limits
    row = queries.member(asked.ids["context"], asked.ids["member"], limits=limits)
    shown: Member = shapes.of_row(Member, row)
    return shown


def _prepared(asked: Asked) -> dict[str, Any]:
    given: NewContextMember = asked.body
    limits = asked.caller.actor.limits
    member_ids.require_usable(asked.ids["context"], given.member, limits=limits)
    return asked.given()


def _of_query(asked: Asked) -> dict[str, Any]:
    # Servers get paths decoded: a slash within an id is one between segments there.
    return {**asked.ids, "member": asked.query.member}


def _shown(result: Mapping[str, Any]) -> MemberNamed:
    told = result["member"]
    return MemberNamed(told["context"], told["id"], told["changed"])


_ONE: Final = "/contexts/{context}/members/{member}"

ROUTES: Final = (
    members,
    get,
    route.change(
        "POST",
        "/contexts/{context}/members",
        "members:create",
        "members_add",
        "Add a member to a context",
        Change("member.add", _shown, prepare=_prepared),
        body=NewContextMember,
        shows=MemberNamed,
    ),
    route.change(
        "DELETE",
        _ONE,
        "members:delete",
        "members_remove",
        "Remove a member from a context",
        Change("member.remove", _shown),
        shows=MemberNamed,
    ),
    route.change(
        "DELETE",
        "/contexts/{context}/members",
        "members:delete",
        "members_remove_by_query",
        "Remove a member whose id holds a slash, or any other",
        Change("member.remove", _shown, prepare=_of_query),
        query=AnyMember,
        shows=MemberNamed,
    ),
    route.change(
        "PUT",
        f"{_ONE}/acl",
        "members:edit",
        "members_set_acl",
        "Say what a member may do",
        Change("member.set-acl", _shown),
        body=AclEdit,
        shows=MemberNamed,
    ),
    route.change(
        "PUT",
        f"{_ONE}/staff",
        "members:edit",
        "members_set_staff",
        "Say whether a member is staff",
        Change("member.set-staff", _shown),
        body=StaffEdit,
        shows=MemberNamed,
    ),
)
