"""Comparing a context with its remote: who is missing there, who is too many, who is otherwise.

The remote is read page by page. Whoever seems to be wrong is asked for once more by name before it
is said, because both sides go on while they are compared; of whom something is on its way, nothing
is said but their number.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.models import RemoteContext
from accounts.services import remote_asking, remote_outcomes, remote_standing
from accounts.services.remote_asking import LONGEST_ID, Call, Seen
from accounts.services.remote_pace import Clock

MOST_SHOWN: Final = 100
MOST_ASKED: Final = 1000
"""Members who are asked for by name; of the others the list is believed."""
MOST_THERE: Final = 5_000_000
MISSING: Final = "missing"
EXTRA: Final = "extra"
UNKNOWN: Final = "unknown"
OTHER_KEY: Final = "other_key"
OTHER_ACL: Final = "other_acl"
KINDS: Final = (MISSING, EXTRA, UNKNOWN, OTHER_KEY, OTHER_ACL)
"""`extra` is or was a member here, `unknown` never was: nobody added that one by this side."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One member who stands otherwise there than here."""

    kind: str
    member: str
    here: Seen | None
    there: Seen | None


Tell = Callable[[Sequence[Difference]], None]


@dataclass
class Report:
    """What a comparison found. `waiting` are members of whom something is on its way."""

    here: int = 0
    there: int = 0
    waiting: int = 0
    asked: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    shown: list[Difference] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not any(self.counts.values())

    def described(self) -> dict[str, Any]:
        """As it is stored and shown: all counts, and the first hundred differences."""
        shown = [_described(one) for one in self.shown]
        sums = {"here": self.here, "there": self.there, "waiting": self.waiting}
        return {**sums, **self.counts, "differences": shown}


def compare(link: RemoteContext, *, call: Call, clock: Clock, tell: Tell | None = None) -> Report:
    """Compare a context of the scope in force with what its remote has.

    With `tell`, whoever seems to be wrong is told to it at once and not asked for once more.
    Raises Fault.
    """
    remote_asking.require_context(call, link.context_there)
    work = _Comparison(link, call, clock, tell)
    for page in _pages(link.context_there, call):
        work.look_at(page)
    for rows in remote_standing.everybody(link.context_id, now=clock()):
        work.look_for(rows)
    return work.report


@dataclass
class _Comparison:
    link: RemoteContext
    call: Call
    clock: Clock
    tell: Tell | None
    report: Report = field(default_factory=Report)
    names: set[bytes] = field(default_factory=set)

    def look_at(self, page: Sequence[Seen]) -> None:
        """Members as the remote lists them; whoever comes twice is looked at once."""
        new = {short: row for row in page if (short := _short(row.member)) not in self.names}
        self.names.update(new)
        self.report.there += len(new)
        rows = list(new.values())
        here = remote_standing.wanted_of(self.link.context_id, _storable(rows), now=self.clock())
        self._judge([(here.get(row.member), row) for row in rows])

    def look_for(self, rows: Sequence[Seen]) -> None:
        """Members of this side: who was not seen there is missing."""
        self.report.here += len(rows)
        self._judge([(row, None) for row in rows if _short(row.member) not in self.names])

    def _judge(self, pairs: Sequence[tuple[Seen | None, Seen | None]]) -> None:
        doubtful = [(_name(pair), pair) for pair in pairs if pair[0] != pair[1]]
        if not doubtful:
            return
        names = [name for name, _ in doubtful if is_storable(name)]
        waiting = remote_standing.waiting_of(self.link.id, names)
        known = remote_standing.known_of(self.link.context_id, names)
        self.report.waiting += len(waiting)
        found = []
        for name, pair in doubtful:
            here, there = pair if name in waiting else self._sure(name, pair)
            if name not in waiting and here != there:
                found.append(Difference(_kind(here, there, name in known), name, here, there))
        self._note(found)

    def _sure(
        self, name: str, pair: tuple[Seen | None, Seen | None]
    ) -> tuple[Seen | None, Seen | None]:
        """Both sides once more, at the same moment."""
        if self.tell is not None or self.report.asked >= MOST_ASKED or not is_storable(name):
            return pair
        self.report.asked += 1
        there = remote_asking.member(self.call, self.link.context_there, name)
        return remote_standing.wanted(self.link.context_id, name, now=self.clock()), there

    def _note(self, found: Sequence[Difference]) -> None:
        for difference in found:
            self.report.counts[difference.kind] += 1
        room = MOST_SHOWN - len(self.report.shown)
        self.report.shown += found[:room]
        if self.tell is not None and found:
            self.tell(found)


def is_storable(name: str) -> bool:
    """Whether a name from the remote can be looked for here. JSON brings no lone surrogates."""
    return 1 <= len(name) <= LONGEST_ID and "\0" not in name


def _pages(context: str, call: Call) -> Iterator[Sequence[Seen]]:
    skip, before = 0, 0
    while skip < MOST_THERE:
        page = remote_asking.members(call, context, skip=skip)
        if page.count < before:
            # Who went meanwhile moved the others towards the beginning.
            skip = max(0, skip - (before - page.count))
            page = remote_asking.members(call, context, skip=skip)
        before = page.count
        if not page.rows:
            return
        yield page.rows
        skip += len(page.rows)
    raise remote_outcomes.nonsense("a list of members without an end.")


def _kind(here: Seen | None, there: Seen | None, is_known: bool) -> str:  # noqa: FBT001
    if there is None:
        return MISSING
    if here is None:
        return EXTRA if is_known else UNKNOWN
    return OTHER_KEY if here.public_key != there.public_key else OTHER_ACL


def _name(pair: tuple[Seen | None, Seen | None]) -> str:
    here, there = pair
    return here.member if here else there.member if there else ""


def _short(name: str) -> bytes:
    """Eight bytes of a name, since there may be a million of them."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()


def _storable(rows: Sequence[Seen]) -> list[str]:
    return [row.member for row in rows if is_storable(row.member)]


def _described(difference: Difference) -> Mapping[str, str]:
    here, there = difference.here, difference.there
    told = {"kind": difference.kind, "member": difference.member}
    if difference.kind == OTHER_KEY and here and there:
        told |= {"here": here.public_key, "there": there.public_key}
    if difference.kind == OTHER_ACL and here and there:
        told |= {"here": here.acl, "there": there.acl}
    # No database stores the sign 0 in JSON.
    plain = {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in told.items()}
    return {name: value[:512] for name, value in plain.items()}
