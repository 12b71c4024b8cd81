"""The books of a deployment, read past its code: what may never be half done."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from tests import prepared, prepared_postgresql

# Each counts what is half done; the answer has to be 0.
HALVES: Final[Mapping[str, str]] = {
    "an invitation is used, and only then it has a device": (
        "SELECT count(*) FROM invitations_invitation i WHERE (i.state = 'used') <> EXISTS"
        " (SELECT 1 FROM accounts_device d WHERE d.id = i.device_id)"
    ),
    "each device came by one invitation": (
        "SELECT count(*) FROM accounts_device d WHERE 1 <>"
        " (SELECT count(*) FROM invitations_invitation i WHERE i.device_id = d.id)"
    ),
    "each device has its two keys": (
        "SELECT count(*) FROM accounts_device d WHERE 2 <>"
        " (SELECT count(*) FROM accounts_knownkey k WHERE k.device_id = d.id)"
    ),
    "each key has its device": (
        "SELECT count(*) FROM accounts_knownkey k WHERE NOT EXISTS"
        " (SELECT 1 FROM accounts_device d WHERE d.id = k.device_id)"
    ),
    "whoever has, or had, a device is active, and nobody else": (
        "SELECT count(*) FROM accounts_user u WHERE NOT u.is_staff AND (u.status = 'active')"
        " <> EXISTS (SELECT 1 FROM accounts_device d WHERE d.user_id = u.id)"
    ),
    "each user was invited": (
        "SELECT count(*) FROM accounts_user u WHERE NOT u.is_staff AND NOT EXISTS"
        " (SELECT 1 FROM invitations_invitation i WHERE i.user_id = u.id)"
    ),
    "a proposal is executed, and only then it has an effect": (
        "SELECT count(*) FROM invitations_proposal p WHERE (p.state = 'executed') <> EXISTS"
        " (SELECT 1 FROM invitations_effect e WHERE e.proposal_id = p.id)"
    ),
    "a proposal with a vote is executed, and no other": (
        "SELECT count(*) FROM invitations_proposal p WHERE (p.state = 'executed') <> EXISTS"
        " (SELECT 1 FROM invitations_vote v WHERE v.proposal_id = p.id)"
    ),
    "each claim of an idempotency key has its outcome": (
        "SELECT count(*) FROM identity_idempotencyrecord r WHERE r.sealed_outcome IS NULL"
    ),
}
# Each pair counts the same things by row and by record.
PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    "invitation.issued": ("invitations_invitation", "TRUE"),
    "invitation.used": ("invitations_invitation", "state = 'used'"),
    "device.registered": ("accounts_device", "TRUE"),
    "device.revoked": ("accounts_device", "status = 'revoked'"),
    "proposal.created": ("invitations_proposal", "TRUE"),
    "proposal.executed": ("invitations_proposal", "state = 'executed'"),
    # Those that a scope begins with are no act of anybody.
    "policy.created": ("invitations_policy", "resource = '/groups/{group}'"),
}


class Books:
    """One database, by its address; every question is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self._url.startswith("sqlite:///"):
            with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"))) as database:
                return list(database.execute(query).fetchall())
        with psycopg.connect(self._url, autocommit=True) as connection:
            return list(connection.execute(query.encode()).fetchall())

    def count(self, table: str, condition: str = "TRUE") -> int:
        ((number,),) = self.rows(f"SELECT count(*) FROM {table} WHERE {condition}")
        return int(number)

    def require_whole(self) -> None:
        """Nothing is half done, and the record tells of all that was done and of nothing else."""
        questions = list(HALVES.values()) + [
            f"SELECT (SELECT count(*) FROM {table} WHERE {condition})"
            f" - (SELECT count(*) FROM identity_auditevent WHERE name = '{event}')"
            for event, (table, condition) in PAIRS.items()
        ]
        # One statement sees one moment, also while somebody writes.
        (answers,) = self.rows("SELECT " + ", ".join(f"({question})" for question in questions))
        told = dict(zip([*HALVES, *PAIRS], answers, strict=True))
        assert not any(answers), {claim: wrong for claim, wrong in told.items() if wrong}

    def require_sound_file(self) -> None:
        """SQLite's own opinion of its file. PostgreSQL checks pages and references by itself."""
        if self._url.startswith("sqlite:///"):
            assert self.rows("PRAGMA integrity_check") == [("ok",)]
            assert self.rows("PRAGMA foreign_key_check") == []


@contextmanager
def opened(home: Path) -> Iterator[str]:
    """The address of a database on the engine of this run, for as long as the block.

    It is migrated and empty.
    """
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{prepared.home(home)}/{prepared.NAME}"
        return
    with prepared_postgresql.database(server) as address:
        yield address
