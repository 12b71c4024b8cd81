"""Tables of routes for faces that dispatch by themselves: found by method and path."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Generic, Protocol, TypeVar

from identity.errors import Missing
from identity.web.errors import MethodNotOffered

PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Place(Protocol):
    """Where a route is: one method on one path, which may hold `{placeholders}`."""

    @property
    def method(self) -> str:
        """As HTTP writes it."""
        ...

    @property
    def path(self) -> str:
        """From its root on."""
        ...


R = TypeVar("R", bound=Place)


class Table(Generic[R]):
    """Fixed paths are looked up; those with placeholders are tried in their order."""

    def __init__(self, routes: Iterable[R]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, R]] = {}
        self._shaped: dict[str, tuple[re.Pattern[str], dict[str, R]]] = {}
        for each in self.routes:
            self._add(each)

    def find(self, method: str, path: str) -> tuple[R, Mapping[str, str]]:
        """The route and what its placeholders stand for. Raises Missing, MethodNotOffered."""
        methods, ids = self._at(path)
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotOffered(allow=", ".join(sorted(methods)))
        return found, ids

    def _at(self, path: str) -> tuple[Mapping[str, R], Mapping[str, str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        for shape, methods in self._shaped.values():
            if match := shape.fullmatch(path):
                return methods, match.groupdict()
        raise Missing

    def _add(self, each: R) -> None:
        if PLACEHOLDER.search(each.path):
            shape = re.compile(PLACEHOLDER.sub(r"(?P<\1>[^/]+)", each.path))
            methods = self._shaped.setdefault(each.path, (shape, {}))[1]
        else:
            methods = self._fixed.setdefault(each.path, {})
        if each.method in methods:
            raise TypeError(f"{each.method} {each.path} is in the table twice")
        methods[each.method] = each
