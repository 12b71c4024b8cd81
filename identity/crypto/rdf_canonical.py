"""RDF datasets in one form, whatever their blank nodes are called (RDFC-1.0), within bounds.

URDNA2015 is the same procedure; the two differ in which signs of a literal are escaped, and that
is settled before: terms come here as N-Quads writes them. Whoever sends a graph made to take for
ever ("poison", RDFC-1.0 §7.1) is refused after a counted amount of work, the same on each machine.
"""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from identity.crypto.errors import CredentialTooComplex

BLANK: Final = "_:"
MOST_WORK: Final = 20_000
"""Orders of blank nodes that are tried in all; ordinary credentials need none."""


class Quad(NamedTuple):
    """Terms as N-Quads writes them; blank nodes begin with `_:`, `graph` is empty by default."""

    subject: str
    predicate: str
    object: str
    graph: str = ""


@dataclass(slots=True)
class Issuer:
    """Gives names in the order in which they are asked for (§4.5)."""

    prefix: str
    issued: dict[str, str] = field(default_factory=dict)

    def name(self, blank: str) -> str:
        """The name of a blank node, a new one if it has none yet."""
        return self.issued.setdefault(blank, f"{self.prefix}{len(self.issued)}")

    def copy(self) -> Self:
        """One that goes on from here by itself."""
        return type(self)(self.prefix, dict(self.issued))


def canonical(quads: Iterable[Quad], *, most_work: int = MOST_WORK) -> str:
    """The dataset as canonical N-Quads, each line ended. Raises CredentialTooComplex."""
    naming = _Naming(sorted(set(quads)), most_work)
    try:
        names = naming.names()
    except RecursionError as error:
        raise CredentialTooComplex from error
    return "".join(sorted(line(_renamed(quad, names)) for quad in naming.quads))


def line(quad: Quad) -> str:
    """One quad as N-Quads."""
    graph = f" {quad.graph}" if quad.graph else ""
    return f"{quad.subject} {quad.predicate} {quad.object}{graph} .\n"


def _renamed(quad: Quad, names: dict[str, str]) -> Quad:
    return Quad(
        names.get(quad.subject, quad.subject),
        quad.predicate,
        names.get(quad.object, quad.object),
        names.get(quad.graph, quad.graph),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Naming:
    """The state of one canonicalization (§4.4)."""

    def __init__(self, quads: list[Quad], most_work: int) -> None:
        self.quads = quads
        self.work_left = most_work
        self.issuer = Issuer("_:c14n")
        self.mentions: dict[str, list[Quad]] = {}
        for quad in quads:
            for term in {quad.subject, quad.object, quad.graph}:
                if term.startswith(BLANK):
                    self.mentions.setdefault(term, []).append(quad)
        self.first = {blank: self._first_degree(blank) for blank in self.mentions}

    def names(self) -> dict[str, str]:
        """Canonical names of all blank nodes (§4.4.3)."""
        alike: dict[str, list[str]] = {}
        for blank, digest in self.first.items():
            alike.setdefault(digest, []).append(blank)
        groups = [alike[digest] for digest in sorted(alike)]
        for group in groups:
            if len(group) == 1:
                self.issuer.name(group[0])
        for group in groups:
            if len(group) > 1:
                self._name_group(group)
        return self.issuer.issued

    def _name_group(self, group: list[str]) -> None:
        results: list[tuple[str, Issuer]] = []
        for blank in group:
            if blank not in self.issuer.issued:
                own = Issuer("_:b")
                own.name(blank)
                results.append(self._n_degree(blank, own))
        for _, issuer in sorted(results, key=lambda result: result[0]):
            for blank in issuer.issued:
                self.issuer.name(blank)

    def _first_degree(self, blank: str) -> str:
        """§4.6: what is said with a node, all nodes but itself being one."""
        lines = []
        for quad in self.mentions[blank]:
            names = {
                term: "_:a" if term == blank else "_:z"
                for term in (quad.subject, quad.object, quad.graph)
                if term.startswith(BLANK)
            }
            lines.append(line(_renamed(quad, names)))
        return _sha256("".join(sorted(lines)))

    def _related(self, related: str, quad: Quad, issuer: Issuer, position: str) -> str:
        """§4.7: how a neighbour is related."""
        known = self.issuer.issued.get(related) or issuer.issued.get(related)
        predicate = "" if position == "g" else quad.predicate
        return _sha256(position + predicate + (known or self.first[related]))

    def _neighbours(self, blank: str, issuer: Issuer) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for quad in self.mentions[blank]:
            for position, term in (("s", quad.subject), ("o", quad.object), ("g", quad.graph)):
                if term.startswith(BLANK) and term != blank:
                    found.setdefault(self._related(term, quad, issuer, position), []).append(term)
        return found

    def _n_degree(self, blank: str, issuer: Issuer) -> tuple[str, Issuer]:
        """§4.8: a digest of all that can be reached, and the names given on the way."""
        neighbours = self._neighbours(blank, issuer)
        data = ""
        for digest in sorted(neighbours):
            path, issuer = self._shortest(neighbours[digest], issuer)
            data += digest + path
        return _sha256(data), issuer

    def _shortest(self, group: list[str], issuer: Issuer) -> tuple[str, Issuer]:
        """The least of the paths through a group of neighbours, over all orders (§4.8.3, 5)."""
        chosen: tuple[str, Issuer] | None = None
        for order in itertools.permutations(group):
            self._spend()
            tried = self._path(order, issuer.copy(), "" if chosen is None else chosen[0])
            if tried is not None and (chosen is None or tried[0] < chosen[0]):
                chosen = tried
        if chosen is None:
            raise AssertionError("the first order is never given up")
        return chosen

    def _path(
        self, order: tuple[str, ...], issuer: Issuer, chosen: str
    ) -> tuple[str, Issuer] | None:
        """The path of one order; None as soon as it is worse than the chosen one."""
        path, ahead = "", []
        for blank in order:
            known = self.issuer.issued.get(blank)
            if known is None and blank not in issuer.issued:
                ahead.append(blank)
            path += known or issuer.name(blank)
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        for blank in ahead:
            digest, issuer_behind = self._n_degree(blank, issuer)
            path += f"{issuer.name(blank)}<{digest}>"
            issuer = issuer_behind
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        return path, issuer

    def _spend(self) -> None:
        self.work_left -= 1
        if self.work_left < 0:
            raise CredentialTooComplex
