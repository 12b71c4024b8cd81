"""The table of routes: every noun's routes in one place, found by path."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from identity.api.v1 import path_ids
from identity.api.v1.nouns import NOUNS
from identity.api.v1.route import Route
from identity.errors import Missing


class Table:
    """Finds what may be done at a path; each segment of it is a word or an id."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root: dict[str, Any] = {}
        for each in self.routes:
            self._add(each)

    def find(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, Any]]:
        """The routes at this path by method, and the ids in it. Raises Missing."""
        node = self._root
        found: list[str] = []
        for segment in path[1:].split("/"):
            below = node.get(segment)
            if below is None:
                below = node.get(_ANY)
                found.append(segment)
            if below is None or segment in _RESERVED:
                raise Missing
            node = below
        methods: Mapping[str, Route] | None = node.get(_HERE)
        if not methods:
            raise Missing
        names = next(iter(methods.values())).placeholders
        return methods, {
            name: path_ids.read(name, text) for name, text in zip(names, found, strict=True)
        }

    def _add(self, each: Route) -> None:
        node = self._root
        for segment in each.path[1:].split("/"):
            node = node.setdefault(_ANY if segment.startswith("{") else segment, {})
        methods = node.setdefault(_HERE, {})
        if each.method in methods:
            raise TypeError(f"{each.method} {each.path} is in the table twice")
        methods[each.method] = each


_ANY: Final = "{}"
_HERE: Final = ""
_RESERVED: Final = frozenset({_ANY, _HERE})

TABLE: Final = Table(each for noun in NOUNS for each in noun.ROUTES)
