"""PostgreSQL databases that are migrated already: once for all tests, then copied by the server.

Migrating takes ten seconds of a processor, copying a tenth of one. What is copied stays behind for
the next run, closed to connections; some older states of the migrations are kept, too.
"""

import hashlib
import secrets
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db.backends.postgresql.creation import DatabaseCreation

from tests import prepared

PREFIX: Final = "countersign_migrated_"
KEPT: Final = 6
# Any number will do; whoever makes a copy waits for whoever makes the database that is copied.
_LOCK: Final = 7_044_195_219


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a migrated database of its own on this server, as long as the block."""
    name = f"crash_{secrets.token_hex(4)}"
    with connected(server) as connection:
        with template(server, connection) as copied:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {copied}".encode())
        try:
            hurry(connection, name)
            yield addressed(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def install(server: str) -> None:
    """Let the database of a test process begin as such a copy."""
    make = vars(DatabaseCreation)["_execute_create_test_db"]

    def copied(
        self: DatabaseCreation, cursor: Any, parameters: dict[str, str], keepdb: bool = False
    ) -> None:
        with connected(server) as connection:
            with template(server, connection) as name:
                make(self, cursor, {**parameters, "suffix": f"WITH TEMPLATE {name}"}, keepdb)
            hurry(connection, parameters["dbname"])

    # Django's stubs don't know that it may be set.
    setattr(DatabaseCreation, "_execute_create_test_db", copied)  # noqa: B010


def hurry(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Nothing of it outlives the server, and no test kills that: no commit waits for the disk."""
    connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())


@contextmanager
def template(server: str, connection: "psycopg.Connection[Any]") -> Iterator[str]:
    """The database to copy, which nobody drops meanwhile; made where it is missing."""
    # Only its owner may copy it, and only its owner was let into the roles.
    login = hashlib.sha256((connection.info.user + prepared.digest()).encode())
    name = PREFIX + login.hexdigest()[:32]
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            _make(server, connection, name)
            _drop_older(connection)
        yield name
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def connected(server: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(addressed(server, "postgres"), autocommit=True)


def addressed(server: str, name: str) -> str:
    return urllib.parse.urlsplit(server)._replace(path=f"/{name}").geturl()


def _make(server: str, connection: "psycopg.Connection[Any]", name: str) -> None:
    unfinished = f"{PREFIX}unfinished"
    connection.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)".encode())
    connection.execute(f"CREATE DATABASE {unfinished}".encode())
    prepared.migrate({"DATABASE_URL": addressed(server, unfinished)})
    connection.execute(f"ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false".encode())
    connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}".encode())


def _drop_older(connection: "psycopg.Connection[Any]") -> None:
    """Databases have no time, but their numbers grow."""
    found = connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC", [PREFIX]
    )
    for (name,) in found.fetchall()[KEPT:]:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
