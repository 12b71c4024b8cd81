"""Keeps the role and the scope of a database session equal to the state in force.

One statement changes both together with `application_name`, which the server reports back
whenever it changes (protocol documentation, "Asynchronous Operations"): also when a rollback, a
rollback to a savepoint or DISCARD undoes it. So what the session is known to follow is what it
does follow, whoever moved it, and asking costs no round trip.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import errors, pq

from identity.scoping import current, roles

_CATCH_UP: Final = (
    "SELECT set_config('role', %s, false), "
    f"set_config('{roles.SETTING}', %s, false), "
    "set_config('application_name', %s, false)"
)
_REPORTED: Final = b"application_name"
_FORGETTING: Final = ("ROLLBACK", "DROP ", "ALTER ", "DISCARD ", "DEALLOCATE ")
_OWN_ROLE: Final = "none"


class RolesMissing(psycopg.OperationalError):
    """The database does not know the roles, or does not let this login take them."""


class PoolerBetween(psycopg.OperationalError):
    """Something between us and the database hands sessions around."""


def follow(connection: psycopg.Connection[Any], pgconn: pq.abc.PGconn) -> None:
    """Make the session follow the state in force; one comparison when it does already.

    What was held back under an earlier state is sent before. Raises RolesMissing, and whatever
    psycopg raises when the connection is broken.
    """
    held_back = getattr(connection, "held_back", None)
    if held_back is not None:
        held_back()
    state = current.state()
    if (
        getattr(connection, "followed", None) == state.mark
        and pgconn.parameter_status(_REPORTED) == state.mark
        # Inside a caller's pipeline the server's report may be late.
        and not pgconn.pipeline_status
    ):
        return
    _catch_up(connection, pgconn, state)


def hold_back(connection: psycopg.Connection[Any], send: Callable[[], None] | None) -> None:
    """Before the next statement of any kind call this, which sends what was held back."""
    connection.held_back = send  # type: ignore[attr-defined]


def clear(connection: psycopg.Connection[Any]) -> None:
    """Leave no scope behind on a connection that goes back to its pool."""
    pgconn = connection.pgconn
    if not hasattr(connection, "followed"):
        return
    if pgconn.parameter_status(_REPORTED) == current.NOWHERE.mark:
        return
    _move(connection, _OWN_ROLE, "", b"countersign idle")
    if not connection.autocommit:
        connection.commit()


def changes(connection: psycopg.Connection[Any] | None) -> int:
    """How many statements were spent on changing the state of this session."""
    return getattr(connection, "scope_changes", 0)


def forgets(connection: psycopg.Connection[Any]) -> int:
    """How often this session may have forgotten what was prepared in it."""
    return getattr(connection, "scope_forgets", 0)


def note_end(connection: psycopg.Connection[Any], status: str | None) -> None:
    """After a statement that ended so: psycopg lets everything that was prepared go after some."""
    if status and status.startswith(_FORGETTING):
        connection.scope_forgets = forgets(connection) + 1  # type: ignore[attr-defined]


def refuse_pooler(connection: psycopg.Connection[Any]) -> None:
    """Raise PoolerBetween unless we talk to the very server process that greeted us.

    A pooler that hands out sessions by transaction would lend one client's scope to the next.
    """
    row = psycopg.Cursor(connection).execute("SELECT pg_backend_pid()").fetchone()
    if row is None or row[0] != connection.pgconn.backend_pid:
        raise PoolerBetween(
            "a connection pooler stands between this process and PostgreSQL. Scopes are kept in "
            'the session: connect directly and use OPTIONS["pool"], or let the pooler pool by '
            'session, not by transaction, and say so with OPTIONS["session_pooler"] = True.'
        )


def _catch_up(
    connection: psycopg.Connection[Any], pgconn: pq.abc.PGconn, state: current.State
) -> None:
    if pgconn.transaction_status == pq.TransactionStatus.INERROR:
        # The server refuses everything but the end of this transaction, and says so better.
        return
    if state.reach is current.Reach.DOOR:
        if _runs_anywhere(connection, pgconn):
            return
        state = current.NOWHERE
    try:
        _move(connection, _role_of(state), str(state.scope_id or ""), state.mark)
    except (errors.InvalidParameterValue, errors.InsufficientPrivilege) as refusal:
        raise RolesMissing(_roles_missing(connection, refusal)) from refusal


def _runs_anywhere(connection: psycopg.Connection[Any], pgconn: pq.abc.PGconn) -> bool:
    followed: bytes = getattr(connection, "followed", None) or b""
    return (
        followed.startswith(current.NOWHERE.mark)
        and pgconn.parameter_status(_REPORTED) == followed
        and not pgconn.pipeline_status
    )


def _role_of(state: current.State) -> str:
    if state.reach is current.Reach.OWNER:
        return _OWN_ROLE
    return roles.SWEEP if state.reach is current.Reach.ACROSS else roles.RUN


def _move(connection: psycopg.Connection[Any], role: str, scope: str, mark: bytes) -> None:
    # Unknown while in doubt: an error or an interrupt must not leave a stale belief.
    connection.followed = None  # type: ignore[attr-defined]
    connection.scope_changes = changes(connection) + 1  # type: ignore[attr-defined]
    psycopg.Cursor(connection).execute(_CATCH_UP, (role, scope, mark.decode()), prepare=True)
    connection.followed = mark  # type: ignore[attr-defined]


def _roles_missing(connection: psycopg.Connection[Any], refusal: Exception) -> str:
    return (
        f"{str(refusal).splitlines()[0]}. Run `manage.py migrate` as the owner of the tables; or "
        "have an administrator run in this cluster:\n"
        f"{roles.administrator_sql(connection.info.user)}"
    )
