"""The table of routes: every endpoint's routes in one place, found by method and path."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from identity.api.blocklet.endpoints import ENDPOINTS
from identity.api.blocklet.route import PLACEHOLDER, Route
from identity.errors import Missing
from identity.web.errors import MethodNotOffered


class Table:
    """Fixed paths are looked up; those with placeholders are tried in their order."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._shaped: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for each in self.routes:
            self._add(each)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route and what its placeholders stand for. Raises Missing, MethodNotOffered."""
        methods, ids = self._at(path)
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotOffered(allow=", ".join(sorted(methods)))
        return found, ids

    def _at(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        for shape, methods in self._shaped.values():
            if match := shape.fullmatch(path):
                return methods, match.groupdict()
        raise Missing

    def _add(self, each: Route) -> None:
        if PLACEHOLDER.search(each.path):
            shape = re.compile(PLACEHOLDER.sub(r"(?P<\1>[^/]+)", each.path))
            methods = self._shaped.setdefault(each.path, (shape, {}))[1]
        else:
            methods = self._fixed.setdefault(each.path, {})
        if each.method in methods:
            raise TypeError(f"{each.method} {each.path} is in the table twice")
        methods[each.method] = each


TABLE: Final = Table(each for endpoint in ENDPOINTS for each in endpoint.ROUTES)
