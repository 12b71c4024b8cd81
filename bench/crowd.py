"""A crowd: users with devices by the million, made by the database itself."""

from uuid import UUID

from django.db import connection

from identity.scoping import current

_SCOPES = 100


def grow_to(users: int) -> None:
    """Fill the deployment with users in a hundred scopes until there are that many."""
    with current.as_owner(why="seeds a benchmark"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_user")
        (present,) = cursor.fetchone() or (0,)
        if present >= users:
            return
        cursor.execute(
            "INSERT INTO identity_scope (id, slug, name, status, settings, is_platform, created_at)"
            " SELECT gen_random_uuid(), 'crowd-' || %s || '-' || n, 'crowd', 'active', '{}', false,"
            " now() FROM generate_series(1, %s) AS n",
            [users, _SCOPES],
        )
        cursor.execute(
            "CREATE TEMPORARY TABLE crowd AS SELECT id, row_number() OVER () AS n"
            " FROM identity_scope WHERE slug LIKE 'crowd-%%'"
        )
        _insert(cursor, "(SELECT id FROM crowd WHERE crowd.n = 1 + g %% %s)", users - present)
        cursor.execute("DROP TABLE crowd")
        cursor.execute("ANALYZE")


def settle(scope_id: UUID, users: int) -> None:
    """Put users into one scope: the neighbours of the devices that are measured."""
    with current.as_owner(why="seeds a benchmark"), connection.cursor() as cursor:
        _insert(cursor, "%s::uuid", users, scope_id)
        cursor.execute("ANALYZE")


def many_scopes(count: int) -> None:
    """Fill the deployment with scopes that nobody works in until there are that many."""
    with current.as_owner(why="seeds a benchmark"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_scope (id, slug, name, status, settings, is_platform, created_at)"
            " SELECT gen_random_uuid(), 'town-' || n, 'Town ' || n, 'active', '{}', false, now()"
            " FROM generate_series(1, %s - (SELECT count(*) FROM identity_scope)) AS n",
            [count],
        )
        cursor.execute("ANALYZE identity_scope")


def record(scope_id: UUID, events: int) -> None:
    """Lengthen the audit record of one scope: rows to read, not a chain that would verify."""
    with current.as_owner(why="seeds a benchmark"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_auditevent (id, scope_id, sequence, at, name, actor,"
            " subject_kind, subject_id, facts, previous, digest)"
            " SELECT gen_random_uuid(), head.scope_id, head.sequence + n,"
            " now() - (%s - n) * interval '1 second',"
            " (ARRAY['invitation.issued', 'device.registered', 'user.edited', 'role.granted'])"
            "[1 + n %% 4], '{\"kind\": \"system\"}', 'user', gen_random_uuid(), '{}', '', ''"
            " FROM identity_audithead AS head, generate_series(1, %s) AS n"
            " WHERE head.scope_id = %s",
            [events, events, scope_id],
        )
        cursor.execute(
            "UPDATE identity_audithead SET sequence = sequence + %s WHERE scope_id = %s",
            [events, scope_id],
        )
        cursor.execute("ANALYZE identity_auditevent")


def _insert(cursor: object, scope: str, count: int, value: object = _SCOPES) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    execute(
        f"""
WITH made AS (
  INSERT INTO accounts_user (id, scope_id, public_id, username, username_folded, email, first_name,
    last_name, mobile, customer_id, kind, status, password, wrong_passwords, is_staff, is_operator,
    networks, version, created_at, updated_at)
  SELECT id, scope, gen_random_uuid(), 'user-' || id, 'user-' || id, '', '', '', '', '', 'person',
    'active', '', 0, false, false, '[]', 1, now(), now()
  FROM (SELECT gen_random_uuid() AS id, {scope} AS scope FROM generate_series(1, %s) AS g) AS new
  RETURNING id, scope_id)
INSERT INTO accounts_device (id, scope_id, user_id, name, signature_key, encryption_key, push_token,
  status, envelope_min, registered_at, keys_changed_at, updated_at, revoke_reason)
SELECT gen_random_uuid(), scope_id, id, 'device', '02' || repeat('00', 32), '', '', 'active', 1,
  now(), now(), now(), '' FROM made""",
        [value, count],
    )
