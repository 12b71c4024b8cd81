"""Access lists for people: what a list lets a member do, by which line, and what is wrong in it."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.acl import decision, grammar
from accounts.acl.decision import Explained, Verdict
from accounts.acl.functions import FUNCTIONS, GROUPS
from accounts.context_errors import AclInvalid

_DOCUMENTED: Final[Mapping[str, str]] = {
    "thread/deleteThread": "thread/threadDelete",
    "thread/deleteMessage": "thread/threadMessageDelete",
    "thread/deleteManyMessages": "thread/threadMessageDeleteMany",
    "thread/deleteMessagesOlderThan": "thread/threadMessageDeleteOlderThan",
}
"""Names that documents of the protocol show, and those that its servers know."""
_ROOMS: Final[Mapping[str, str]] = {
    "thread": "Threads",
    "store": "Stores of files",
    "inbox": "Inboxes",
    "stream": "Streams",
    "kvdb": "Key-value databases",
    "context": "The context itself",
}
_TONES: Final = {Verdict.ALLOWED: "good", Verdict.DENIED: "", Verdict.DEPENDS: "attention"}
_WRITE: Final = (
    "WRITE alone holds the reads of threads, inboxes and streams, not their writes: so do the "
    "servers that members' devices talk to. Name the groups instead, such as thread/WRITE."
)
_ONLY_SOME: Final = "DENY lines before an “ALLOW ALL” do nothing: the last line that fits decides."


@dataclass(frozen=True, slots=True)
class Preset:
    """A list to start from."""

    key: str
    name: str
    text: str


PRESETS: Final[Sequence[Preset]] = (
    Preset("all", "Everything", grammar.EVERYTHING),
    Preset("read", "Only read", "ALLOW READ"),
    Preset(
        "take-part",
        "Take part, begin nothing",
        "ALLOW ALL\n"
        "DENY thread/threadCreate\nDENY store/storeCreate\nDENY inbox/inboxCreate\n"
        "DENY stream/streamRoomCreate\nDENY kvdb/kvdbCreate",
    ),
    Preset(
        "keep",
        "Delete nothing",
        "ALLOW ALL\n"
        + "\n".join(f"DENY {name}" for name in FUNCTIONS if "Delete" in name.partition("/")[2]),
    ),
    Preset("none", "Nothing", "DENY ALL"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which line, and what may have been meant."""

    line: int
    reason: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A function, what the list says of it, and the lines that decide."""

    function: str
    verdict: str
    tone: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Room:
    """The functions of one kind of container; `about` counts what is allowed."""

    key: str
    name: str
    about: str
    is_mixed: bool
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Reading:
    """A list as it was read: `numbered` are its lines; rooms only where it has no fault."""

    numbered: Sequence[tuple[int, str]]
    fault: Fault | None = None
    about: str = ""
    hints: Sequence[str] = ()
    rooms: Sequence[Room] = field(default_factory=tuple)


def read(text: str) -> Reading:
    """What a list means, or what is wrong with it."""
    numbered = list(enumerate(text.split("\n"), start=1))[: grammar.MOST_LINES + 1]
    try:
        acl = grammar.parse(text)
    except AclInvalid as refusal:
        number, reason = int(refusal.facts["line"]), str(refusal.facts["reason"])
        line = next((shown for at, shown in numbered if at == number), "")
        return Reading(numbered, Fault(number, reason, _instead(line)))
    explained = decision.explain(acl)
    allowed = sum(each.verdict is Verdict.ALLOWED for each in explained)
    depends = sum(each.verdict is Verdict.DEPENDS for each in explained)
    about = f"{allowed} of {len(explained)} functions are allowed"
    if depends:
        verb = "depends on what it is" if depends == 1 else "depend on what they are"
        about += f", {depends} {verb} called with"
    return Reading(
        numbered, about=f"{about}.", hints=list(_hints(acl)), rooms=list(_rooms(explained))
    )


def _hints(acl: grammar.Acl) -> Iterator[str]:
    if any(line.name == "WRITE" for line in acl.lines):
        yield _WRITE
    for place, line in enumerate(acl.lines):
        if line.text == grammar.EVERYTHING and any(
            not each.is_allowing for each in acl.lines[:place]
        ):
            yield _ONLY_SOME
            return


def _rooms(explained: Sequence[Explained]) -> Iterator[Room]:
    for key, name in _ROOMS.items():
        inside = [each for each in explained if each.function.startswith(f"{key}/")]
        yield Room(
            key,
            name,
            ", ".join(_counted(inside, key, group) for group in ("READ", "WRITE")),
            is_mixed=len({each.verdict for each in inside}) > 1,
            rows=[_row(each) for each in inside],
        )


def _counted(inside: Sequence[Explained], key: str, group: str) -> str:
    members = [each for each in inside if each.function in GROUPS[f"{key}/{group}"]]
    allowed = sum(each.verdict is Verdict.ALLOWED for each in members)
    depends = sum(each.verdict is Verdict.DEPENDS for each in members)
    word = {"READ": "reads", "WRITE": "writes"}[group]
    if allowed == len(members):
        return f"all {word}"
    told = f"{allowed} of {len(members)} {word}" if allowed or depends else f"no {word}"
    return f"{told} ({depends} more in part)" if depends else told


def _row(each: Explained) -> Row:
    lines = [f"line {line.number}: {line.text}" for line in each.lines]
    return Row(each.function, each.verdict.value, _TONES[each.verdict], lines)


def _instead(line: str) -> str:
    """What a line with a name that nobody knows may have meant; empty where nothing is near."""
    verb, _, rest = line.strip().partition(" ")
    name, _, arguments = rest.strip().partition(" ")
    known = [*FUNCTIONS, *(group for group in GROUPS if group.rpartition("/")[2].isupper())]
    verbs = {"ALLOW", "DENY"}
    if verb.upper() not in verbs or not name:
        return ""
    near = _DOCUMENTED.get(name) or next(iter(difflib.get_close_matches(name, known, 1)), "")
    near = next((each for each in known if each.lower() == name.lower()), near)
    meant = " ".join(part for part in (verb.upper(), near, arguments.strip()) if part)
    return meant if near and meant != line and _is_good(meant) else ""


def _is_good(line: str) -> bool:
    try:
        grammar.parse(line)
    except AclInvalid:
        return False
    return True
