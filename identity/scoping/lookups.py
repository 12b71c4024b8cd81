"""Questions asked before a scope is known: a short, named list that turns a credential into one.

On PostgreSQL each is a function with the owner's rights, made by the migration operation
`operations.LookupFunction`, so that the run-time role can ask exactly this and nothing else
across scopes. On SQLite the same SQL runs as it stands. One text serves both:

    DEVICE_SCOPE = lookups.define(
        "device_scope",
        arguments=[("device", "uuid")],
        columns=[("scope_id", "uuid"), ("status", "text")],
        sql="SELECT scope_id, status FROM accounts_device WHERE id = %(device)s",
    )
    lookups.call(connection, DEVICE_SCOPE, device_id)      # [(UUID(...), "active")] or []

A literal percent sign is written `%%`. No cast, operator or function may be used that only one of
the engines knows. A changed text needs a migration with a new `LookupFunction`; `stale` tells.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import dateparse

from identity.scoping import current, foresight
from identity.scoping.foresight import Question

TYPES: Final = frozenset(
    {"bigint", "boolean", "bytea", "integer", "jsonb", "text", "timestamptz", "uuid"}
)
DOLLAR_QUOTE: Final = "$countersign$"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
Loaders = tuple[tuple[int, Callable[[Any], Any]], ...]
"""What turns columns into Python's types, by their places; most columns need nothing."""


def _moment(value: str | datetime) -> datetime:
    # SQLite's driver has parsed it already where a column stands in the answer unchanged.
    moment = dateparse.parse_datetime(value) if isinstance(value, str) else value
    if moment is None:
        raise ValueError(f"not a moment in time: {value!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_POSTGRESQL_LOADERS: Final[Mapping[str, Callable[[Any], Any]]] = {"jsonb": orjson.loads}
_SQLITE_LOADERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "boolean": bool,
    "bytea": bytes,
    "jsonb": orjson.loads,
    "timestamptz": _moment,
    "uuid": UUID,
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question: its arguments and columns as (name, PostgreSQL type), and its SQL."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    sql: str
    # Made once of the above.
    query: str = field(init=False, repr=False, compare=False)
    loaders: Loaders = field(init=False, repr=False, compare=False)
    loaders_of_sqlite: Loaders = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise ValueError for what could not become a function."""
        declared = [self.name, *(name for name, _ in (*self.arguments, *self.columns))]
        if wrong := [name for name in declared if not _NAME.fullmatch(name)]:
            raise ValueError(f"lookup {self.name}: not a plain name: {wrong}")
        if wrong := [kind for _, kind in (*self.arguments, *self.columns) if kind not in TYPES]:
            raise ValueError(f"lookup {self.name}: not a type known on both engines: {wrong}")
        if DOLLAR_QUOTE in self.sql or ";" in self.sql or not self.columns:
            raise ValueError(f"lookup {self.name}: one SELECT with columns, without a semicolon")
        used = set(re.findall(r"%\((\w+)\)s", self.sql))
        if used != {name for name, _ in self.arguments}:
            raise ValueError(f"lookup {self.name}: the SQL uses the arguments {sorted(used)}")
        places = ", ".join(f"%s::{kind}" for _, kind in self.arguments)
        made = {
            # Names and types were checked above; values are bound.
            "query": f"SELECT * FROM {self.function}({places})",  # noqa: S608
            "loaders": self._loaders(_POSTGRESQL_LOADERS),
            "loaders_of_sqlite": self._loaders(_SQLITE_LOADERS),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def _loaders(self, by_kind: Mapping[str, Callable[[Any], Any]]) -> Loaders:
        kinds = [kind for _, kind in self.columns]
        return tuple((place, by_kind[kind]) for place, kind in enumerate(kinds) if kind in by_kind)

    @property
    def function(self) -> str:
        """The name of the function on PostgreSQL."""
        return f"countersign_{self.name}"

    def body(self) -> str:
        """The PL/pgSQL body: its plan is kept in the session, unlike that of an SQL function."""
        numbered = {name: f"${n}" for n, (name, _) in enumerate(self.arguments, start=1)}
        casts = ", ".join(f'answer."{name}"::{kind}' for name, kind in self.columns)
        names = ", ".join(f'"{name}"' for name, _ in self.columns)
        # Names and types were checked when the lookup was defined.
        query = f"SELECT {casts} FROM (\n{self.sql % numbered}\n) AS answer({names})"  # noqa: S608
        return f"\n#variable_conflict use_column\nBEGIN\nRETURN QUERY {query};\nEND\n"

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, Any]]:
        """How a migration writes it down (Django's serializer asks)."""
        return (
            f"{type(self).__module__}.Lookup",
            (),
            {
                "name": self.name,
                "arguments": self.arguments,
                "columns": self.columns,
                "sql": self.sql,
            },
        )


registry: dict[str, Lookup] = {}


def define(
    name: str,
    *,
    arguments: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, str]],
    sql: str,
) -> Lookup:
    """A new lookup, entered in the registry.

    Raises ValueError when the name is taken or the declaration does not fit the SQL.
    """
    if name in registry:
        raise ValueError(f"lookup {name} is already defined")
    registry[name] = Lookup(name, tuple(arguments), tuple(columns), sql)
    return registry[name]


def call(connection: BaseDatabaseWrapper, lookup: Lookup, *arguments: Any) -> list[tuple[Any, ...]]:
    """Ask. Rows are tuples in the order of `lookup.columns`, in Python's types of both engines.

    Works in every state of isolation and leaves it alone; what a session follows now is changed
    only if it does not run as the run-time role. Raises TypeError for a wrong count of arguments.
    """
    if len(arguments) != len(lookup.arguments):
        raise TypeError(f"lookup {lookup.name} takes {len(lookup.arguments)} arguments")
    with current.at_the_door():
        if connection.vendor == "postgresql":
            rows = foresight.known(lookup.query, arguments)
            if rows is None:
                rows = foresight.rows(lookup.query, arguments, width=len(lookup.columns))
            return [_loaded(row, lookup.loaders) for row in rows]
        with connection.cursor() as cursor:
            cursor.execute(lookup.sql, _plain_arguments(connection, lookup, arguments))
            rows = cursor.fetchall()
    return [_loaded(row, lookup.loaders_of_sqlite) for row in rows]


def question(lookup: Lookup, *arguments: Any) -> Question:
    """What `call` will ask, for `foresight`. Raises TypeError for a wrong count of arguments."""
    if len(arguments) != len(lookup.arguments):
        raise TypeError(f"lookup {lookup.name} takes {len(lookup.arguments)} arguments")
    with current.at_the_door():
        return Question(lookup.query, arguments, current.state())


def _loaded(row: tuple[Any, ...], loaders: Loaders) -> tuple[Any, ...]:
    values = list(row)
    for place, load in loaders:
        if values[place] is not None:
            values[place] = load(values[place])
    return tuple(values)


def stale(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of lookups whose function in this database is missing or has another text."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc "
            "WHERE pronamespace = current_schema()::regnamespace"
        )
        bodies = dict(cursor.fetchall())
    return sorted(
        lookup.name for lookup in registry.values() if bodies.get(lookup.function) != lookup.body()
    )


def _plain_arguments(
    connection: BaseDatabaseWrapper, lookup: Lookup, arguments: Sequence[Any]
) -> Mapping[str, Any]:
    return {
        name: _plain(connection, value)
        for (name, _), value in zip(lookup.arguments, arguments, strict=True)
    }


def _plain(connection: BaseDatabaseWrapper, value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
