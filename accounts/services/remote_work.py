"""The work on one change: the member is made to stand at the remote as it stands here now.

A worker may die at any moment: every call can be repeated, and whoever takes the change up again
begins anew. No transaction is open during a call. After a change the remote is asked what it has:
its word alone is not believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import Remote, RemoteChange, RemoteContext
from accounts.services import (
    member_changes,
    remote_asking,
    remote_drift,
    remote_leases,
    remote_outcomes,
    remote_results,
    remote_standing,
)
from accounts.services.remote_asking import Call, Seen
from accounts.services.remote_drift import Difference, Tell
from accounts.services.remote_leases import LeaseLost, Taken
from accounts.services.remote_outcomes import Fault, Refused, Verdict
from accounts.services.remote_pace import Clock, Pace
from accounts.services.remote_results import Carried

OpenRemote = Callable[[Remote, Pace], Call]
Kind = RemoteChange.Kind
_LIE: Final = "The remote says that it is done, and it is not."
_HELD: Final = "Another member has this key there, who is unknown here: “{}”."
_OURS: Final = "Something went wrong on this side."

_log = structlog.get_logger(__name__)


def work(taken: Taken, *, clock: Clock, pace: Pace, open_remote: OpenRemote) -> None:
    """Carry a change of the scope in force that was taken before, and record how it ended.

    Nothing is raised but what the database itself refuses.
    """
    change = RemoteChange.objects.get(id=taken.change_id)
    link = RemoteContext.objects.select_related("remote", "context").filter(id=change.link_id)
    row = link.first()
    if row is None:
        return
    held = _Held(taken, clock, pace)
    try:
        through = _last_sequence(change)
        ended = _ended(change, row, held, open_remote)
        remote_results.record(
            held.taken, change, row, ended, now=clock(), pace=pace, through=through
        )
    except LeaseLost:
        _log.info("a change for a remote was taken over", change=str(change.id))


@dataclass
class _Held:
    """A lease that is renewed between calls, so that none begins when it may end meanwhile."""

    taken: Taken
    clock: Clock
    pace: Pace

    def guarding(self, call: Call) -> Call:
        """The same door, which opens only while the lease holds."""

        def guarded(method: str, params: Any, /) -> Any:
            now = self.clock()
            if (self.taken.until - now).total_seconds() < self.pace.seconds + 1:
                self.taken = remote_leases.keep(self.taken, now=now, pace=self.pace)
            return call(method, params)

        return guarded


def _ended(
    change: RemoteChange, link: RemoteContext, held: _Held, open_remote: OpenRemote
) -> Carried | Fault:
    if change.attempts > held.pace.most_attempts + 1:
        # Every worker that began it died at it.
        return Fault(Verdict.REFUSED, "It was tried too often without an end.")
    try:
        call = held.guarding(open_remote(link.remote, held.pace))
        return _carried(change, link, call, held.clock)
    except Fault as fault:
        return fault
    except LeaseLost:
        raise
    except Exception:  # noqa: BLE001 whatever it is, the change is told of it and goes on
        _log.exception("a fault in carrying a change", change=str(change.id))
        return Fault(Verdict.FAULTY, _OURS)


def _carried(change: RemoteChange, link: RemoteContext, call: Call, clock: Clock) -> Carried:
    if change.kind == Kind.MEMBER:
        settle(link.context_id, link.context_there, change.member, call=call, clock=clock)
        return Carried()
    if change.kind == Kind.CONTEXT:
        return Carried(context_there=link.context_there or _made(link, call))
    tell = None if change.kind == Kind.CHECK else _queueing(change, clock)
    report = remote_drift.compare(link, call=call, clock=clock, tell=tell)
    return Carried(drift={**report.described(), "is_resync": tell is not None})


def _queueing(change: RemoteChange, clock: Clock) -> Tell:
    """Whoever stands otherwise there is queued; who never was a member here only where asked."""
    is_extra_wanted = change.kind == Kind.RESYNC_EXTRA

    def queue(found: Sequence[Difference]) -> None:
        names = [
            one.member
            for one in found
            if (one.kind != remote_drift.UNKNOWN or is_extra_wanted)
            and remote_drift.is_storable(one.member)
        ]
        with transaction.atomic():
            if names:
                member_changes.queue(change.link_id, "resync", now=clock(), members=names)

    return queue


def settle(context_id: UUID, there: str, member: str, *, call: Call, clock: Clock) -> None:
    """Make a member stand at the remote as here; done when the remote itself says so.

    Raises Fault.
    """
    wanted = remote_standing.wanted(context_id, member, now=clock())
    if wanted is None:
        remote_asking.remove(call, there, member)
    else:
        _added(context_id, there, wanted, call, clock)
    seen = remote_asking.member(call, there, member)
    if wanted is not None and seen is not None and seen.acl != wanted.acl:
        # A remote may drop the access list of a member whom it has already.
        remote_asking.set_acl(call, there, wanted)
        seen = remote_asking.member(call, there, member)
    if seen != wanted:
        raise Fault(Verdict.LIED, _LIE)


def _added(context_id: UUID, there: str, wanted: Seen, call: Call, clock: Clock) -> None:
    try:
        remote_asking.add(call, there, wanted)
    except Refused as refusal:
        if refusal.code != remote_outcomes.PUB_KEY_ALREADY_IN_USE:
            raise
        _freed(context_id, there, wanted, call, clock)
        remote_asking.add(call, there, wanted)


def _freed(context_id: UUID, there: str, wanted: Seen, call: Call, clock: Clock) -> None:
    """Take the key from whom this side knows not to have it any more.

    By the key and not by the name: that member may have got another one this moment.
    """
    holder = remote_asking.holder(call, there, wanted.public_key)
    if holder is None:
        return
    if not remote_standing.known_of(context_id, [holder.member]):
        raise Fault(Verdict.HELD, _HELD.format(holder.member))
    here = remote_standing.wanted_holder(context_id, wanted.public_key, now=clock())
    if here is None or here.member != wanted.member:
        # It changed hands while this was under way: whatever is right is carried next.
        raise Fault(Verdict.LIED, "The key changed hands meanwhile.")
    remote_asking.remove_key(call, there, wanted.public_key)


def _made(link: RemoteContext, call: Call) -> str:
    context = link.context
    return remote_asking.create_context(
        call,
        link.remote.solution_there,
        name=context.name,
        is_public=context.visibility == context.Visibility.PUBLIC,
        mark=f"Countersign {link.id}",
    )


def _last_sequence(change: RemoteChange) -> int:
    """The newest change of the same member: all up to it are carried together.

    Asked before the member is looked at, so that what comes later is carried later.
    """
    if change.kind != Kind.MEMBER:
        return change.sequence
    alike = RemoteChange.objects.filter(
        link_id=change.link_id, member=change.member, state=RemoteChange.State.PENDING
    )
    last: int = alike.order_by("-sequence").values_list("sequence", flat=True)[0]
    return last
