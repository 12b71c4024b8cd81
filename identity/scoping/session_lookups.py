"""Questions about sessions before a scope is known; `session_doors` asks them.

Part of the list that begins in `door_lookups`.
"""

from typing import Final

from identity.scoping import lookups

SESSION: Final = lookups.define(
    "session_door",
    arguments=[("session", "uuid"), ("kid", "text")],
    columns=[
        ("scope_id", "uuid"),
        ("scope_slug", "text"),
        ("scope_status", "text"),
        ("scope_settings", "text"),
        ("user_id", "uuid"),
        ("user_public_id", "uuid"),
        ("user_status", "text"),
        ("user_kind", "text"),
        ("networks", "jsonb"),
        ("user_expires_at", "timestamptz"),
        ("session_id", "uuid"),
        ("status", "text"),
        ("method", "text"),
        ("provider_name", "text"),
        ("audience", "text"),
        ("visitor", "text"),
        ("wallet_os", "text"),
        ("role", "text"),
        ("user_agent", "text"),
        ("address", "text"),
        ("data", "jsonb"),
        ("created_at", "timestamptz"),
        ("last_seen_at", "timestamptz"),
        ("authenticated_at", "timestamptz"),
        ("expires_at", "timestamptz"),
        ("refresh_serial", "integer"),
        ("refreshed_at", "timestamptz"),
        ("holder", "text"),
        ("device_id", "uuid"),
        ("device_status", "text"),
        ("provider_status", "text"),
        ("key_status", "text"),
        ("key_expires_at", "timestamptz"),
        ("key_public", "text"),
        ("username", "text"),
    ],
    # A key of another scope than the session's is no key.
    sql="""
SELECT scope.id, scope.slug, scope.status, scope.settings,
  account.id, account.public_id, account.status, account.kind, account.networks,
  account.expires_at,
  session.id, session.status, session.method, session.provider_name, session.audience,
  session.visitor, session.wallet_os, session.role, session.user_agent, session.address,
  session.data, session.created_at, session.last_seen_at, session.authenticated_at,
  session.expires_at, session.refresh_serial, session.refreshed_at, session.holder,
  session.device_id, device.status, provider.status,
  token.status, token.expires_at, token.public, account.username
FROM sessions_app_session AS session
JOIN identity_scope AS scope ON scope.id = session.scope_id
JOIN accounts_user AS account ON account.id = session.user_id
LEFT JOIN accounts_device AS device ON device.id = session.device_id
LEFT JOIN sessions_app_provider AS provider ON provider.id = session.provider_id
LEFT JOIN identity_serverkey AS token
  ON token.kid = %(kid)s AND token.purpose = 'token' AND token.scope_id = session.scope_id
WHERE session.id = %(session)s
""",
)
_API_KEY_COLUMNS: Final = [
    ("scope_id", "uuid"),
    ("scope_slug", "text"),
    ("scope_status", "text"),
    ("id", "uuid"),
    ("key_id", "text"),
    ("kind", "text"),
    ("public_key", "text"),
    ("secret_digest", "text"),
    ("user_id", "uuid"),
    ("user_public_id", "uuid"),
    ("user_status", "text"),
    ("user_expires_at", "timestamptz"),
    ("role", "text"),
    ("permissions", "jsonb"),
    ("purpose", "text"),
    ("status", "text"),
    ("expires_at", "timestamptz"),
    ("last_used_at", "timestamptz"),
    ("networks", "jsonb"),
]
_API_KEY: Final = """
SELECT scope.id, scope.slug, scope.status, known.id, known.key_id, known.kind,
  known.public_key, known.secret_digest, known.user_id, account.public_id, account.status,
  account.expires_at, known.role, known.permissions, known.purpose, known.status,
  known.expires_at, known.last_used_at, account.networks
FROM identity_apikey AS known
JOIN identity_scope AS scope ON scope.id = known.scope_id
LEFT JOIN accounts_user AS account ON account.id = known.user_id
"""
API_KEY_BY_NAME: Final = lookups.define(
    "api_key_by_name",
    arguments=[("name", "text")],
    columns=_API_KEY_COLUMNS,
    sql=f"{_API_KEY}WHERE known.key_id = %(name)s\n",
)
API_KEY_BY_SECRET: Final = lookups.define(
    "api_key_by_secret",
    arguments=[("digest", "text")],
    columns=_API_KEY_COLUMNS,
    sql=f"{_API_KEY}WHERE known.secret_digest = %(digest)s AND known.secret_digest <> ''\n",
)
"""Both are asked by servers of the release before `key_lookups`; the next one drops them."""
SCOPE_BY_TOKEN: Final = lookups.define(
    "scope_by_token",
    arguments=[("digest", "text")],
    columns=[("scope_id", "uuid"), ("slug", "text"), ("status", "text")],
    sql="""
SELECT scope.id, scope.slug, scope.status
FROM sessions_app_session AS session JOIN identity_scope AS scope ON scope.id = session.scope_id
WHERE session.mark = %(digest)s
""",
)
"""Needs a column that a later migration adds, which makes its function too."""
OF_SESSIONS: Final = (SESSION, API_KEY_BY_NAME, API_KEY_BY_SECRET)
"""Need the tables of sessions, people and API keys, whose migration makes their functions."""
