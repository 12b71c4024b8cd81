"""Scope words of this face and what they are here: permissions of a program, and its limits.

A word for a group is all permissions of its nouns: who holds only some of them has not the word,
and still may call the methods that need what it has (docs/permissions are one model for all faces).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from identity import limits, permissions
from identity.errors import DomainError
from identity.limits import Limits

API_KEY: Final = "apiKey"
SOLUTION: Final = "solution"
CONTEXT: Final = "context"
GROUPS: Final[Mapping[str, frozenset[str]]] = {
    CONTEXT: permissions.words(
        ("contexts", "members"), ("list", "get", "create", "edit", "delete")
    ),
    API_KEY: permissions.words(("api-keys",), permissions.NOUNS["api-keys"]),
    SOLUTION: permissions.words(("solutions",), permissions.NOUNS["solutions"]),
    **{channel: frozenset({f"channels:{channel}"}) for channel in permissions.NOUNS["channels"]},
}
MOST: Final = 128
LONGEST: Final = 128
LONGEST_LIFE: Final = 7 * 24 * 60 * 60 * 1000
"""Milliseconds that a token may be asked for."""
_OF_SESSIONS: Final = frozenset({"session", "expiresIn", "connection"})


class Unknown(Exception):
    """A word that there is not, or that stands where it means nothing; it is the text."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a list of words says. `lasts` is in milliseconds; "" and None where nothing is said."""

    permissions: frozenset[str] = frozenset()
    solutions: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    name: str = ""
    lasts: int | None = None
    is_connection: bool = False

    @property
    def limits(self) -> Limits:
        """To what a key of these words is bound. Raises `identity.errors.Invalid`."""
        return limits.checked(solutions=self.solutions, networks=self.networks)


def of_key(words: Sequence[str]) -> Words:
    """The words of an API key. Raises Unknown, also for those that only a token can have."""
    found = read(words)
    wrong = next((each for each in words if each.partition(":")[0] in _OF_SESSIONS), None)
    if wrong is not None:
        raise Unknown(wrong)
    return found


def read(words: Sequence[str]) -> Words:
    """What these words say. Raises Unknown."""
    held: set[str] = set()
    said: dict[str, list[str]] = {"solution": [], "ipAddr": [], "session": [], "expiresIn": []}
    for word in words:
        if word in GROUPS:
            held |= GROUPS[word]
            continue
        name, colon, value = word.partition(":")
        if word == "connection":
            continue
        if not colon or not value or name not in said:
            raise Unknown(word)
        said[name].append(_valued(word, name, value))
    for name in ("session", "expiresIn"):
        if len(set(said[name])) > 1:
            raise Unknown(f"{name}:{said[name][1]}")
    return Words(
        permissions=frozenset(held),
        solutions=tuple(dict.fromkeys(said["solution"])),
        networks=tuple(dict.fromkeys(said["ipAddr"])),
        name="".join(said["session"][:1]),
        lasts=int(said["expiresIn"][0]) if said["expiresIn"] else None,
        is_connection="connection" in words,
    )


def of(held: Collection[str], bound: Limits) -> list[str]:
    """The words of a program with these permissions and limits."""
    words = [word for word, needed in GROUPS.items() if needed <= frozenset(held)]
    words += [f"solution:{each}" for each in bound.solutions]
    return [*words, *(f"ipAddr:{each}" for each in bound.networks)]


def beyond(words: Sequence[str], held: Collection[str], bound: Limits) -> str | None:
    """The first of the words read before that goes beyond these permissions and limits."""
    for word in words:
        name, _, value = word.partition(":")
        if word in GROUPS and not GROUPS[word] <= frozenset(held):
            return word
        if word not in GROUPS and name == "solution" and not _has_solution(value, bound):
            return word
        if name == "ipAddr" and not Limits(networks=(value,)).is_within(
            Limits(networks=bound.networks)
        ):
            return word
    return None


def _has_solution(solution_id: str, bound: Limits) -> bool:
    """Whether a program may narrow itself to this one, or say `*`: one that is not bound may."""
    allowed = bound.bound_solutions
    return allowed is None or solution_id in allowed


def _valued(word: str, name: str, value: str) -> str:
    if name == "expiresIn":
        if not value.isascii() or not value.isdigit() or len(value) > len(str(LONGEST_LIFE)):
            raise Unknown(word)
        if int(value) > LONGEST_LIFE:
            raise Unknown(word)
    if name == "ipAddr":
        try:
            return limits.network(value)
        except DomainError:
            raise Unknown(word) from None
    return value
