"""Limits of a program: to which solutions, contexts and networks its key is bound."""

import functools
import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from identity import errors

EVERY: Final = "*"
"""In place of the ids of solutions: all of them, said in so many words."""
MOST: Final = 128
"""Entries of each kind."""
LONGEST_ID: Final = 128
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """To what a program is bound; nothing said about a kind means that it is not bound there.

    - `solutions`: text ids, or `*` alone for all; what it does to a context takes one of these as
      the context's own solution, or as one that the context is shared with;
    - `contexts`: text ids, and nothing else;
    - `networks`: `192.0.2.0/24`, or single addresses, from which alone it may call.
    """

    solutions: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def bound_solutions(self) -> frozenset[str] | None:
        """The ids of the solutions that there are for this program; None for all."""
        return frozenset(self.solutions) if _binds(self.solutions) else None

    @property
    def bound_contexts(self) -> frozenset[str] | None:
        """The ids of the contexts that there are for this program; None for all."""
        return frozenset(self.contexts) or None

    def allow_solution(self, solution_id: str) -> bool:
        """Whether a solution is within these limits."""
        bound = self.bound_solutions
        return bound is None or solution_id in bound

    def allow_context(self, context_id: str, solutions: Collection[str]) -> bool:
        """Whether a context is: `solutions` are its own and those that it is shared with."""
        if self.contexts and context_id not in self.contexts:
            return False
        bound = self.bound_solutions
        return bound is None or not bound.isdisjoint(solutions)

    def allow_address(self, address: str) -> bool:
        """Whether a request may come from this address; an unknown one is in no network."""
        return not self.networks or _is_in(self.networks, address)

    def is_within(self, others: "Limits") -> bool:
        """Whether whoever has these can do nothing that is beyond the others."""
        return not self.beyond(others)

    def beyond(self, others: "Limits") -> dict[str, list[str]]:
        """What of each kind is beyond the others: the entries, or `*` for not being bound."""
        found = {
            "solutions": _beyond(self.bound_solutions, others.bound_solutions),
            "contexts": _beyond(self.bound_contexts, others.bound_contexts),
            "networks": _networks_beyond(self.networks, others.networks),
        }
        return {kind: entries for kind, entries in found.items() if entries}

    def met_with(self, others: "Limits") -> "Limits | None":
        """What is within both, None if that is nothing at all in a kind."""
        solutions = _met(self.solutions, others.solutions, binds=_binds)
        contexts = _met(self.contexts, others.contexts, binds=bool)
        networks = _networks_met(self.networks, others.networks)
        if solutions is None or contexts is None or networks is None:
            return None
        return Limits(solutions, contexts, networks)


NONE: Final = Limits()


@dataclass(frozen=True, slots=True)
class Change:
    """What of some limits is replaced; None stays as it is."""

    solutions: Sequence[str] | None = None
    contexts: Sequence[str] | None = None
    networks: Sequence[str] | None = None

    def of(self, present: Limits) -> Limits:
        """The limits afterwards. Raises `identity.errors.Invalid`."""
        return checked(
            solutions=present.solutions if self.solutions is None else self.solutions,
            contexts=present.contexts if self.contexts is None else self.contexts,
            networks=present.networks if self.networks is None else self.networks,
        )


NO_CHANGE: Final = Change()


def checked(
    *, solutions: Sequence[str] = (), contexts: Sequence[str] = (), networks: Sequence[str] = ()
) -> Limits:
    """Limits of these words, each once and in its one spelling. Raises `identity.errors.Invalid`.

    A `*` among solutions is all of them, whatever else is named.
    """
    named = _ids(solutions, "solutions")
    return Limits(
        (EVERY,) if EVERY in named else named,
        _ids(contexts, "contexts"),
        tuple(dict.fromkeys(network(text) for text in _few(networks, "networks"))),
    )


def stored(*, solutions: Any, contexts: Any, networks: Any) -> Limits:
    """Limits of the lists of a row, which were `checked` before they came there."""
    return Limits(tuple(solutions), tuple(contexts), tuple(networks or ()))


def network(text: str) -> str:
    """The one spelling of a network, or of an address alone. Raises `identity.errors.Invalid`."""
    parsed = _parsed(text.strip())
    if parsed is None:
        raise errors.Invalid(
            "Write networks as 192.0.2.0/24, 2001:db8::/32 or as one address, without host bits.",
            field="networks",
        )
    is_one = parsed.prefixlen == parsed.max_prefixlen
    return str(parsed.network_address) if is_one else str(parsed)


def _ids(values: Sequence[str], field: str) -> tuple[str, ...]:
    for text in _few(values, field):
        if not 1 <= len(text) <= LONGEST_ID or not text.isprintable():
            raise errors.Invalid(f"An id has 1 to {LONGEST_ID} visible characters.", field=field)
    return tuple(dict.fromkeys(values))


def _few(values: Sequence[str], field: str) -> Sequence[str]:
    if len(values) > MOST:
        raise errors.Invalid(f"Name at most {MOST}.", field=field)
    return values


def _binds(solutions: tuple[str, ...]) -> bool:
    return bool(solutions) and EVERY not in solutions


def _beyond(own: frozenset[str] | None, others: frozenset[str] | None) -> list[str]:
    if others is None:
        return []
    return [EVERY] if own is None else sorted(own - others)


def _met(own: tuple[str, ...], others: tuple[str, ...], *, binds: Any) -> tuple[str, ...] | None:
    if not binds(others):
        return own or others
    if not binds(own):
        return others
    return tuple(each for each in own if each in others) or None


def _networks_beyond(own: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    if not others:
        return []
    if not own:
        return [EVERY]
    around = [_known(each) for each in others]
    return [each for each in own if not any(_lies_in(_known(each), wide) for wide in around)]


def _networks_met(own: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...] | None:
    if not own or not others:
        return own or others
    pairs = [(each, other) for each in own for other in others]
    narrow = [each for each, other in pairs if _lies_in(_known(each), _known(other))]
    narrow += [other for each, other in pairs if _lies_in(_known(other), _known(each))]
    return tuple(dict.fromkeys(narrow)) or None


def _is_in(networks: tuple[str, ...], address: str) -> bool:
    sender = _parsed(address)
    return sender is not None and any(_lies_in(sender, _known(each)) for each in networks)


def _lies_in(narrow: Network, wide: Network) -> bool:
    if isinstance(narrow, ipaddress.IPv4Network):
        return isinstance(wide, ipaddress.IPv4Network) and narrow.subnet_of(wide)
    return isinstance(wide, ipaddress.IPv6Network) and narrow.subnet_of(wide)


def _known(text: str) -> Network:
    found = _parsed(text)
    if found is None:
        raise RuntimeError("a stored network can't be read")
    return found


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> Network | None:
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 clients as ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2).
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.ip_network((mapped, found.prefixlen - 96))
    return found
