"""The list of questions that may be asked before a scope is known; `doors` asks them.

Each is one SQL text for both engines (`identity.scoping.lookups`). A changed text needs a
migration with a new `LookupFunction`.
"""

from typing import Final

from identity.scoping import lookups

_SCOPE_COLUMNS: Final = [("scope_id", "uuid"), ("slug", "text"), ("status", "text")]

SCOPE_BY_ID: Final = lookups.define(
    "scope_by_id",
    arguments=[("scope", "uuid")],
    columns=_SCOPE_COLUMNS,
    sql="SELECT id, slug, status FROM identity_scope WHERE id = %(scope)s",
)
SCOPE_BY_SLUG: Final = lookups.define(
    "scope_by_slug",
    arguments=[("slug", "text")],
    columns=_SCOPE_COLUMNS,
    sql="SELECT id, slug, status FROM identity_scope WHERE slug = %(slug)s",
)
SCOPE_BY_HOST: Final = lookups.define(
    "scope_by_host",
    arguments=[("host", "text")],
    columns=_SCOPE_COLUMNS,
    sql="""
SELECT scope.id, scope.slug, scope.status
FROM identity_scopehost AS host JOIN identity_scope AS scope ON scope.id = host.scope_id
WHERE host.host = %(host)s
""",
)
REQUEST_DOOR: Final = lookups.define(
    "request_door",
    arguments=[("device", "uuid"), ("kid", "text")],
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
        ("device_id", "uuid"),
        ("device_status", "text"),
        ("invitation_id", "uuid"),
        ("signature_key", "text"),
        ("encryption_key", "text"),
        ("registered_at", "timestamptz"),
        ("recorded_key_id", "uuid"),
        ("recorded_key_status", "text"),
        ("recorded_key_expires_at", "timestamptz"),
        ("active_key_id", "uuid"),
        ("opening_key_id", "uuid"),
        ("opening_key_scope_id", "uuid"),
        ("opening_key_status", "text"),
        ("opening_key_expires_at", "timestamptz"),
    ],
    # The outer joins hang on one row that is always there: an unknown device gets an answer too,
    # and as much work.
    sql="""
SELECT scope.id, scope.slug, scope.status, scope.settings,
  account.id, account.public_id, account.status, account.kind, account.networks,
  account.expires_at,
  COALESCE(device.id, invitation.temporary_device_id),
  COALESCE(device.status, invitation.state),
  invitation.id,
  COALESCE(device.signature_key, invitation.one_time_key),
  device.encryption_key, device.registered_at,
  recorded.id, recorded.status, recorded.expires_at,
  active.id,
  opening.id, opening.scope_id, opening.status, opening.expires_at
FROM (SELECT 1 AS one) AS always
LEFT JOIN accounts_device AS device ON device.id = %(device)s
LEFT JOIN invitations_invitation AS invitation ON invitation.temporary_device_id = %(device)s
LEFT JOIN identity_serverkey AS opening
  ON opening.kid = %(kid)s AND opening.purpose = 'encryption'
LEFT JOIN accounts_user AS account ON account.id = COALESCE(device.user_id, invitation.user_id)
LEFT JOIN identity_scope AS scope
  ON scope.id = COALESCE(device.scope_id, invitation.scope_id, opening.scope_id)
LEFT JOIN identity_serverkey AS recorded
  ON recorded.id = device.server_key_id AND recorded.purpose = 'signature'
LEFT JOIN identity_serverkey AS active
  ON active.scope_id = scope.id AND active.purpose = 'signature' AND active.status = 'active'
""",
)
_STAFF_COLUMNS: Final = [
    ("user_id", "uuid"),
    ("scope_id", "uuid"),
    ("scope_slug", "text"),
    ("scope_status", "text"),
    ("status", "text"),
    ("is_operator", "boolean"),
]
STAFF_BY_ID: Final = lookups.define(
    "staff_by_id",
    arguments=[("account", "uuid")],
    columns=_STAFF_COLUMNS,
    sql="""
SELECT account.id, scope.id, scope.slug, scope.status, account.status, account.is_operator
FROM accounts_user AS account JOIN identity_scope AS scope ON scope.id = account.scope_id
WHERE account.id = %(account)s AND account.is_staff
""",
)
STAFF_BY_LOGIN: Final = lookups.define(
    "staff_by_login",
    arguments=[("slug", "text"), ("username", "text")],
    columns=[*_STAFF_COLUMNS, ("verifier", "text")],
    # Operators name no scope: theirs is the platform's.
    sql="""
SELECT account.id, scope.id, scope.slug, scope.status, account.status, account.is_operator,
  account.password
FROM accounts_user AS account JOIN identity_scope AS scope ON scope.id = account.scope_id
WHERE account.scope_id = COALESCE(
    (SELECT id FROM identity_scope WHERE slug = %(slug)s),
    (SELECT id FROM identity_scope WHERE is_platform AND %(slug)s = '')
  )
  AND account.username_folded = %(username)s AND account.is_staff
""",
)
STAFF_IN_SCOPE: Final = lookups.define(
    "staff_in_scope",
    arguments=[("login", "uuid"), ("slug", "text")],
    columns=[("user_id", "uuid"), *_SCOPE_COLUMNS, ("user_status", "text")],
    # Who signs in in this scope itself acts as the login; others as what they were admitted as.
    sql="""
SELECT account.id, scope.id, scope.slug, scope.status, account.status
FROM identity_scope AS scope
LEFT JOIN accounts_staffmembership AS membership
  ON membership.scope_id = scope.id AND membership.login_id = %(login)s
  AND membership.dismissed_at IS NULL
JOIN accounts_user AS account ON account.scope_id = scope.id
  AND account.id = COALESCE(membership.user_id, %(login)s)
  AND (membership.user_id IS NOT NULL OR account.is_staff)
WHERE scope.slug = %(slug)s
""",
)
SCOPES_OF_STAFF: Final = lookups.define(
    "scopes_of_staff",
    arguments=[("login", "uuid"), ("after", "text"), ("most", "integer")],
    columns=[("slug", "text"), ("name", "text")],
    sql="""
SELECT scope.slug, scope.name
FROM accounts_staffmembership AS membership
JOIN accounts_user AS account ON account.id = membership.user_id AND account.status = 'active'
JOIN identity_scope AS scope ON scope.id = membership.scope_id AND scope.status = 'active'
WHERE membership.login_id = %(login)s AND membership.dismissed_at IS NULL
  AND scope.slug > %(after)s
ORDER BY scope.slug LIMIT %(most)s
""",
)
OPERATOR_COUNT: Final = lookups.define(
    "operator_count",
    arguments=[],
    columns=[("operators", "bigint")],
    sql="""
SELECT count(*)
FROM accounts_user AS account
WHERE account.scope_id = (SELECT id FROM identity_scope WHERE is_platform)
  AND account.is_operator AND account.status = 'active'
""",
)
OF_THE_FLOOR: Final = (SCOPE_BY_ID, SCOPE_BY_SLUG, SCOPE_BY_HOST)
"""Need no tables but those of `identity`, whose first migration makes their functions."""
OF_PEOPLE: Final = (REQUEST_DOOR, STAFF_BY_ID, STAFF_BY_LOGIN, OPERATOR_COUNT)
"""Need the tables of people and invitations too."""
OF_STAFF: Final = (STAFF_IN_SCOPE, SCOPES_OF_STAFF)
"""Need the table of memberships, whose migration makes their functions."""
