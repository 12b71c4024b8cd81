"""Names of the database roles behind the second wall, and the words for when they are missing."""

from typing import Final

RUN: Final = "countersign_run"
"""What requests and tasks run as: row-level security shows it one scope, or none."""

SWEEP: Final = "countersign_sweep"
"""What work across scopes runs as: it sees all rows of all scopes and still owns no table."""

ALL: Final = (RUN, SWEEP)

SETTING: Final = "countersign.scope"
"""The session setting that the policies compare with."""


def administrator_sql(login: str) -> str:
    """What an administrator must run once when the login may not create roles itself."""
    quoted = '"' + login.replace('"', '""') + '"'
    created = "".join(f"CREATE ROLE {role} NOLOGIN;\n" for role in ALL)
    return f"{created}GRANT {', '.join(ALL)} TO {quoted};"
