"""With whom a member of a context may communicate, and which keys members had when."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from accounts.acl.functions import Kind
from accounts.queries import contacts as queries
from accounts.queries import key_periods
from identity.actor import ActorKind
from identity.api.v1 import route
from identity.api.v1.nouns.context_joining import MemberId
from identity.api.v1.nouns.user_keys import Key
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Newest, Place, Shown
from identity.errors import Invalid
from identity.paging import After, Window

# What is annotated so is no time in whole seconds, as others are shown.
Exact = Annotated[datetime, msgspec.Meta(description="To the microsecond.")]


class Contact(Shown, frozen=True):
    """A member with whom the caller may communicate, and its key.

    `proven_at` is when the key was proven to be held by who signed; null where the member was
    vouched for. `user` is the account here that it is; `name` and `full_name` are its own words,
    empty where it hides them.
    """

    member: str
    public_key: str
    is_staff: bool
    proven_at: datetime | None
    joined_at: datetime
    user: UUID | None
    name: str
    full_name: str


class KeyPeriod(Shown, frozen=True):
    """That the user id had this key from `valid_from` on, up to and without `valid_until`.

    Both times are exact: of two keys within one second it matters which was first.
    """

    public_key: str
    valid_from: Exact
    valid_until: Exact | None
    ended_reason: str
    proven_at: datetime | None


class Contacts(Place, frozen=True):
    """What is to be begun with them (any of these, if nothing is said), and for whom.

    `member` is the user id in the context; programs say it, people are asked for theirs only.
    """

    kind: Literal["thread", "store", "inbox", "stream", "kvdb"] | None = None
    member: MemberId | None = None


class Keys(Newest, frozen=True):
    """The key that was valid at this time, and whether it was this one: else the list is empty.

    While an account is disabled none is valid from then on, nor is any after its expiry.
    """

    at: datetime | None = None
    public_key: Key | None = None


class KeysOfAny(Keys, frozen=True, kw_only=True):
    """The same, of a member by an id that no path holds; a whole one, and never left out."""

    member: MemberId


def _is_of_caller(asked: Asked) -> bool:
    """Whether a person asks who is a member, and for itself."""
    query: Contacts = asked.query
    return query.member is None and _viewer(asked) is not None


def _may_be_seen(asked: Asked) -> bool:
    """Whether a person asks whom the context lets see this member, or who is it."""
    viewer = _viewer(asked)
    if viewer is None:
        return False
    member = _member(asked)
    return (
        not viewer.sees_staff_only
        or viewer.member_id == member
        or queries.was_ever_staff(viewer.context, member)
    )


def _member(asked: Asked) -> str:
    """Whose keys are asked for: by the path, or where ids with a slash can stand."""
    member: str = asked.ids.get("member") or asked.query.member
    return member


def _viewer(asked: Asked) -> queries.Viewer | None:
    actor = asked.caller.actor
    if actor.kind not in {ActorKind.SESSION, ActorKind.DEVICE}:
        return None
    return queries.viewer(asked.ids["context"], by=actor)


@route.listing(
    "/contexts/{context}/contacts",
    "members:list",
    "contacts_list",
    "With whom a member of a context may establish communication",
    of=Contact,
    query=Contacts,
    own=_is_of_caller,
    is_own_by_token=True,
    also_refuses=(409,),
)
def contacts(asked: Asked, after: After) -> Window[Any]:
    """The others whose access lists, accounts and context allow it; a page may be a short one.

    For a member whose own account is disabled or has expired there is nobody.
    """
    query: Contacts = asked.query
    kind = None if query.kind is None else Kind[query.kind.upper()]
    viewer = _viewer(asked) if query.member is None else None
    if viewer is None:
        if query.member is None:
            raise Invalid("Say for which member.", field="member")
        viewer = queries.required_viewer(
            asked.ids["context"], by=asked.caller.actor, member_id=query.member
        )
    return queries.window(viewer, kind, after, now=asked.now)


def _keys(asked: Asked, after: After) -> Window[Any]:
    """The newest first; ended ones too, also of a user id that nobody has any more."""
    query: Keys = asked.query
    if query.at is not None and query.at.tzinfo is None:
        raise Invalid("Write the time with its offset: 2026-12-01T08:00:00Z.", field="at")
    context = queries.require_context(asked.ids["context"], by=asked.caller.actor)
    return key_periods.periods(
        context.id, _member(asked), after, public_key=query.public_key, at=query.at
    )


keys: Final = route.listing(
    "/contexts/{context}/members/{member}/keys",
    "members:get",
    "member_keys_list",
    "Which keys a member had, and from when until when",
    of=KeyPeriod,
    query=Keys,
    own=_may_be_seen,
    is_own_by_token=True,
)(_keys)
keys_by_query: Final = route.listing(
    "/contexts/{context}/member-keys",
    "members:get",
    "member_keys_list_by_query",
    "Which keys a member had whose id holds a slash, or any other",
    of=KeyPeriod,
    query=KeysOfAny,
    own=_may_be_seen,
    is_own_by_token=True,
)(_keys)

ROUTES: Final = (contacts, keys, keys_by_query)
