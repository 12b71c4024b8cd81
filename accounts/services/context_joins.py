"""Joining a context by a proof of the key: who may do so alone, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import Context, ContextMember, User
from accounts.services import context_members, context_rows, member_ids, users, writing
from identity import paging
from identity.actor import Actor
from identity.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Wish:
    """The place that somebody proved a key for; ids are those that programs know."""

    context_id: str
    member_id: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The member as it is now, and what changed: see `context_members.Added`."""

    member_id: str
    public_key: str
    is_staff: bool
    joined_at: datetime
    proven_at: datetime
    user: UUID | None
    """The client-visible id of the account."""
    change: str


def is_welcome(wish: Wish, *, by: Actor) -> bool:
    """Whether this account may join so of itself, without anybody's right to add members.

    - Where joining is open it comes in under its own user name, and may bring another key later.
    - Anywhere it may prove the very pair of user id and key that was vouched for here, and is that
      member from then on, unless another account is. An account is one member of a context.
    """
    texts = (wish.context_id, wish.member_id, wish.public_key)
    if by.user_id is None or not all(paging.is_usable(text) for text in texts):
        return False
    context = Context.objects.filter(public_id=wish.context_id).first()
    if context is None:
        return False
    is_concerned = Q(member_id=wish.member_id) | Q(user_id=by.user_id)
    rows = list(ContextMember.objects.filter(is_concerned, context=context, ended_at__isnull=True))
    is_open = context.joining == Context.Joining.OPEN
    mine = next((row for row in rows if row.user_id == by.user_id), None)
    if mine is not None:
        return mine.member_id == wish.member_id and (is_open or mine.public_key == wish.public_key)
    if rows:
        return rows[0].public_key == wish.public_key and rows[0].user_id is None
    names: Any = User.objects.filter(id=by.user_id).values_list("username", flat=True)
    return is_open and wish.member_id in names


def join_own(wish: Wish, *, by: Actor, now: datetime) -> Joined:
    """Let an account in that proved the key. Raises `Forbidden` unless it is welcome so.

    Raises what `context_members.add` raises, too.
    """
    if by.user_id is None:
        raise Forbidden
    with writing.of(by):
        # Whoever deletes accounts holds them first and their contexts then: here, too.
        users.locked(by.user_id)
        context_rows.enter(wish.context_id, wish.member_id, wish.public_key, by=by)
        if not is_welcome(wish, by=by):
            raise Forbidden("This context does not let you in so.")
        return _added(wish, by.user_id, by=by, now=now)


def join(wish: Wish, *, by: Actor, now: datetime) -> Joined:
    """Let somebody in whose proof was brought by who may add members.

    The member is the account whose key it is, if it is anybody's here. Raises as
    `context_members.add`, and `identity.errors.Invalid` for the new id that is none of ours.
    """
    with writing.of(by):
        return _added(wish, None, by=by, now=now)


def _added(wish: Wish, user_id: UUID | None, *, by: Actor, now: datetime) -> Joined:
    added = context_members.add(
        context_id=wish.context_id,
        member_id=wish.member_id,
        public_key=wish.public_key,
        user_id=user_id,
        proven=True,
        by=by,
        now=now,
    )
    if added.changed == context_members.ADDED:
        member_ids.require_new(wish.member_id)
    row = ContextMember.objects.select_related("user").get(
        context__public_id=wish.context_id, member_id=wish.member_id, ended_at__isnull=True
    )
    return Joined(
        member_id=row.member_id,
        public_key=row.public_key,
        is_staff=row.is_staff,
        joined_at=row.created_at,
        proven_at=row.proven_at or now,
        user=row.user.public_id if row.user else None,
        change=added.changed,
    )
