"""Questions about API keys and machine sessions before a scope is known; `key_doors` asks them.

Part of the list that begins in `door_lookups`.
"""

from typing import Final

from identity.scoping import lookups

_SCOPE_COLUMNS: Final = [
    ("scope_id", "uuid"),
    ("scope_slug", "text"),
    ("scope_status", "text"),
]
_KEY_COLUMNS: Final = [
    ("id", "uuid"),
    ("key_id", "text"),
    ("kind", "text"),
    ("algorithm", "text"),
    ("public_key", "text"),
    ("secret_digest", "text"),
    ("sealed_secret", "bytea"),
    ("previous_digest", "text"),
    ("previous_sealed", "bytea"),
    ("previous_until", "timestamptz"),
    ("user_id", "uuid"),
    ("user_public_id", "uuid"),
    ("user_status", "text"),
    ("user_expires_at", "timestamptz"),
    ("networks", "jsonb"),
    ("role", "text"),
    ("permissions", "jsonb"),
    ("solutions", "jsonb"),
    ("contexts", "jsonb"),
    ("key_networks", "jsonb"),
    ("purpose", "text"),
    ("status", "text"),
    ("expires_at", "timestamptz"),
    ("last_used_at", "timestamptz"),
]
_KEY: Final = """
scope.id, scope.slug, scope.status, known.id, known.key_id, known.kind, known.algorithm,
  known.public_key, known.secret_digest, known.sealed_secret, known.previous_digest,
  known.previous_sealed, known.previous_until, known.user_id, account.public_id, account.status,
  account.expires_at, account.networks, known.role, known.permissions, known.solutions,
  known.contexts, known.networks, known.purpose, known.status, known.expires_at, known.last_used_at
"""
# Columns and tables are ours; values are bound.
_KEYS: Final = f"""
SELECT {_KEY.strip()}
FROM identity_apikey AS known
JOIN identity_scope AS scope ON scope.id = known.scope_id
LEFT JOIN accounts_user AS account ON account.id = known.user_id
"""  # noqa: S608
API_KEY_NAMED: Final = lookups.define(
    "api_key_named",
    arguments=[("name", "text")],
    columns=[*_SCOPE_COLUMNS, *_KEY_COLUMNS],
    sql=f"{_KEYS}WHERE known.key_id = %(name)s\n",
)
API_KEY_OF_SECRET: Final = lookups.define(
    "api_key_of_secret",
    arguments=[("digest", "text")],
    columns=[*_SCOPE_COLUMNS, *_KEY_COLUMNS],
    # Whether the secret before the last rotation still counts is the door's to say.
    sql=f"""{_KEYS}WHERE known.secret_digest = %(digest)s AND known.secret_digest <> ''
  OR known.previous_digest = %(digest)s AND known.previous_digest <> ''
""",
)
MACHINE_SESSION: Final = lookups.define(
    "machine_session_door",
    arguments=[("session", "uuid"), ("kid", "text")],
    columns=[
        *_SCOPE_COLUMNS,
        *_KEY_COLUMNS,
        ("session_id", "uuid"),
        ("session_status", "text"),
        ("session_permissions", "jsonb"),
        ("session_solutions", "jsonb"),
        ("session_contexts", "jsonb"),
        ("address", "text"),
        ("connection", "text"),
        ("serial", "integer"),
        ("created_at", "timestamptz"),
        ("refreshed_at", "timestamptz"),
        ("access_expires_at", "timestamptz"),
        ("session_expires_at", "timestamptz"),
        ("holder", "text"),
        ("token_key_status", "text"),
        ("token_key_expires_at", "timestamptz"),
    ],
    # A key of another scope than the session's is no key.
    sql=f"""
SELECT {_KEY.strip()},
  held.id, held.status, held.permissions, held.solutions, held.contexts, held.address,
  held.connection, held.serial, held.created_at, held.refreshed_at, held.access_expires_at,
  held.expires_at, held.holder, token.status, token.expires_at
FROM sessions_app_machinesession AS held
JOIN identity_apikey AS known ON known.id = held.api_key_id
JOIN identity_scope AS scope ON scope.id = held.scope_id
LEFT JOIN accounts_user AS account ON account.id = known.user_id
LEFT JOIN identity_serverkey AS token
  ON token.kid = %(kid)s AND token.purpose = 'token' AND token.scope_id = held.scope_id
WHERE held.id = %(session)s
""",  # noqa: S608
)
OF_KEYS: Final = (API_KEY_NAMED, API_KEY_OF_SECRET, MACHINE_SESSION)
"""Need the columns and the table that the migration adds which makes their functions."""
