"""Members of contexts: added, replaced and removed, each change under the lock of the context.

These are hot: prepared statements, as many as can be in one round trip.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.acl import decision, grammar
from accounts.context_errors import MemberKeyTaken, MemberMissing
from accounts.models import ContextMember
from accounts.services import context_fields, context_rows, member_changes, writing
from accounts.services.context_rows import Entered, Living
from accounts.services.member_accounts import Accounts
from identity import errors
from identity.actor import Actor
from identity.crypto import user_key
from identity.services import audit

Reason = ContextMember.EndedReason
EDIT: Final = "members:edit"
ADDED: Final = "added"
NOTHING: Final = "nothing"
EDITED: Final = "edited"
REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a member; what is absent stays as it is."""

    acl: str | None = None
    key: str = ""
    user_id: UUID | None = None
    proven_at: datetime | None = None
    is_staff: bool | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a member: `added`, `replaced`, `edited`, or `nothing` was to be done."""

    changed: str
    member_id: str


def add(  # noqa: PLR0913 - one keyword for each thing that is said of a member
    *,
    context_id: str,
    member_id: str,
    public_key: str,
    by: Actor,
    now: datetime,
    acl: str | None = None,
    user_id: UUID | None = None,
    proven: bool = False,
    is_staff: bool | None = None,
) -> Added:
    """Let a user id have a key in a context, as the only one who has it there.

    - the same pair again changes what is given and differs: `acl`, `is_staff`, and that the key was
      `proven` to be held; the member is the account of `user_id`, or whose user key it is;
    - another key ends the earlier one and takes its place. The account stays, and with it whether
      it is staff; else that is said anew, as `acl` is. Without `acl` a member may do everything;
    - whoever has no `members:edit` changes no member that is there, but for a key that is proven.

    Raises `AclInvalid` first, KeyInvalid, `Invalid`, `Missing` for an account that is none,
    `ContextMissing`, `OutsideLimits`, `ContextDisabled`, `MemberKeyTaken`, and as `Accounts` does.
    """
    said = _Said(
        acl=None if acl is None else grammar.parse(acl).text,
        key=user_key.parse_public(public_key).text,
        user_id=user_id,
        proven_at=now if proven else None,
        is_staff=is_staff,
    )
    context_fields.foreign_id(member_id, name="member_id")
    with writing.of(by):
        entered, said = _entered(context_id, member_id, said, by=by, now=now)
        earlier = entered.by_id
        if earlier is not None and earlier.public_key == said.key:
            changed = _edit(entered, earlier, said, by=by, now=now)
        else:
            changed = _put(entered, member_id, said, by=by, now=now)
    return Added(changed, member_id)


def remove(
    *, context_id: str, member_id: str, by: Actor, now: datetime, reason: str = Reason.REMOVED
) -> None:
    """End a membership. Raises `ContextMissing`, `OutsideLimits`, `MemberMissing`."""
    with writing.of(by):
        entered = context_rows.enter(context_id, member_id, "", by=by)
        _end(entered, entered.by_id, reason, by=by, now=now)


def remove_by_key(*, context_id: str, public_key: str, by: Actor, now: datetime) -> str:
    """End the membership of a key; the user id that had it. Raises as `remove`, KeyInvalid."""
    key = user_key.parse_public(public_key).text
    with writing.of(by):
        entered = context_rows.enter(context_id, "", key, by=by)
        return _end(entered, entered.by_key, Reason.REMOVED, by=by, now=now)


def set_acl(*, context_id: str, member_id: str, acl: str, by: Actor, now: datetime) -> str:
    """Say what a member may do; `edited`, or `nothing` was to be done.

    Raises `AclInvalid` first, and as `remove`.
    """
    said = _Said(acl=grammar.parse(acl).text)
    with writing.of(by):
        entered = context_rows.enter(context_id, member_id, "", by=by)
        return _edit(entered, _there(entered.by_id), said, by=by, now=now)


def set_staff(*, context_id: str, member_id: str, is_staff: bool, by: Actor, now: datetime) -> str:
    """As `set_acl`, whether a member is staff of the context. Raises as `remove`."""
    with writing.of(by):
        entered = context_rows.enter(context_id, member_id, "", by=by)
        return _edit(entered, _there(entered.by_id), _Said(is_staff=is_staff), by=by, now=now)


def end_of_user(user_id: UUID, *, by: Actor, now: datetime) -> int:
    """End all memberships of an account, in the transaction that lets it go; how many there were.

    Raises nothing for memberships that somebody else ends meanwhile.
    """
    rows = ContextMember.objects.filter(user_id=user_id, ended_at__isnull=True)
    # In one order for everybody, since contexts are locked one after the other.
    found = rows.order_by("context_id").values_list("context__public_id", "member_id")
    ended = 0
    with writing.of(by):
        for context_id, member_id in list(found):
            entered = context_rows.enter(context_id, member_id, "", by=by)
            living = entered.by_id
            if living is not None and living.user_id == user_id:
                _end(entered, living, Reason.ACCOUNT_DELETED, by=by, now=now)
                ended += 1
    return ended


def _entered(
    context_id: str, member_id: str, said: _Said, *, by: Actor, now: datetime
) -> tuple[Entered, _Said]:
    """The context, locked, into which this user id may come with this key, and as whom."""
    accounts = Accounts(context_id, member_id, said.key, named=said.user_id, now=now)
    entered = context_rows.enter(context_id, member_id, said.key, by=by)
    entered.require_active()
    if entered.by_key is not None:
        raise MemberKeyTaken
    earlier = entered.by_id
    is_other_key = earlier is None or earlier.public_key != said.key
    account = accounts.of(entered, is_by_proof=is_other_key and said.proven_at is not None)
    if is_other_key or said.proven_at is not None:
        accounts.require_not_shut_out(account)
    if earlier is not None:
        _require_may_change(earlier, said, by=by)
    return entered, replace(said, user_id=account)


def _require_may_change(earlier: Living, said: _Said, *, by: Actor) -> None:
    """Who may only add members changes none that is there, unless a new key proves itself."""
    has_own_key = said.key == earlier.public_key or said.proven_at is not None
    says_more = said.acl not in {None, earlier.acl} or said.is_staff not in {
        None,
        earlier.is_staff,
    }
    if (says_more or not has_own_key) and not by.may(EDIT):
        raise errors.Forbidden("This member is there already; changing it takes more.")


def _put(entered: Entered, member_id: str, said: _Said, *, by: Actor, now: datetime) -> str:
    """Write a new living member, in the place of the one who had the user id until now."""
    earlier = entered.by_id
    acl = grammar.parse(said.acl or grammar.EVERYTHING)
    row = ContextMember(
        scope_id=entered.scope_id,
        context_id=entered.id,
        member_id=member_id,
        public_key=said.key,
        acl=acl.text,
        reach=int(decision.reach(acl)),
        starts=int(decision.starts(acl)),
        position=entered.last_position + 1,
        proven_at=said.proven_at,
        user_id=said.user_id,
        created_at=entered.not_before(now),
        created_by=by.user_id,
    )
    # What was given to a person is not inherited by who comes under its name with another key.
    was_staff = earlier is not None and earlier.is_staff
    is_same = earlier is not None and earlier.user_id == said.user_id is not None
    row.is_staff = (was_staff and is_same) if said.is_staff is None else said.is_staff
    facts: dict[str, Any] = {"key": said.key, "is_proven": said.proven_at is not None}
    if earlier is None:
        context_rows.insert_later(entered, row, is_more=True)
        _record("member.added", entered, member_id, by=by, now=now, **facts)
        return ADDED
    context_rows.end_later(entered, earlier, Reason.REPLACED, at=row.created_at)
    context_rows.insert_later(entered, row, is_more=False)
    facts["earlier_key"] = earlier.public_key
    if row.is_staff != was_staff:
        facts["is_staff"] = row.is_staff
    _record("member.replaced", entered, member_id, by=by, now=now, **facts)
    return REPLACED


def _edit(entered: Entered, living: Living, said: _Said, *, by: Actor, now: datetime) -> str:
    changes: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    if said.acl is not None and said.acl != living.acl:
        acl = grammar.parse(said.acl)
        changes["reach"], changes["starts"] = int(decision.reach(acl)), int(decision.starts(acl))
        changes["acl"] = facts["acl"] = said.acl
    if said.is_staff is not None and said.is_staff != living.is_staff:
        changes["is_staff"] = facts["is_staff"] = said.is_staff
    if said.user_id is not None and said.user_id != living.user_id:
        changes["user_id"], facts["user"] = said.user_id, str(said.user_id)
    if said.proven_at is not None and living.proven_at is None:
        changes["proven_at"], facts["is_proven"] = said.proven_at, True
    if not changes:
        return NOTHING
    context_rows.update(living, changes)
    _record("member.edited", entered, living.member_id, by=by, now=now, **facts)
    return EDITED


def _end(entered: Entered, living: Living | None, reason: str, *, by: Actor, now: datetime) -> str:
    there = _there(living)
    context_rows.end_later(entered, there, reason, at=max(now, there.created_at))
    context_rows.count_later(entered, -1)
    _record(
        "member.removed",
        entered,
        there.member_id,
        by=by,
        now=now,
        key=there.public_key,
        reason=reason,
    )
    return there.member_id


def _there(living: Living | None) -> Living:
    if living is None:
        raise MemberMissing
    return living


def _record(
    name: str, entered: Entered, member_id: str, *, by: Actor, now: datetime, **facts: Any
) -> None:
    """One event, and a note for whoever carries members elsewhere."""
    member_changes.note_in(entered.id, member_id, name.partition(".")[2], now=now)
    facts = {"member": member_id, **facts}
    audit.record(name, by=by, subject=("context", entered.public_id), now=now, facts=facts)
