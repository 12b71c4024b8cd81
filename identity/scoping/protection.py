"""Asks the database whether the second wall stands where it should."""

from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from identity.scoping import roles

SCOPE_TABLE: Final = "identity_scope"
"""The table of scopes themselves: its own rows are isolated by their id."""

# A table is walled when row-level security is on, the run-time role has a policy, and each policy
# that applies to that role compares with the scope of the session. A view is walled when it reads
# with the rights of who asks.
_UNPROTECTED: Final = f"""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (c.relname = %s OR EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = 'scope_id' AND NOT a.attisdropped))
  AND NOT (c.relkind = 'v' AND COALESCE('security_invoker=true' = ANY (c.reloptions), false))
  AND NOT (c.relrowsecurity
    AND EXISTS (
      SELECT FROM pg_policies p
      WHERE p.schemaname = current_schema() AND p.tablename = c.relname
        AND '{roles.RUN}' = ANY (p.roles))
    AND NOT EXISTS (
      SELECT FROM pg_policies p
      WHERE p.schemaname = current_schema() AND p.tablename = c.relname
        AND p.permissive = 'PERMISSIVE' AND p.roles && ARRAY['{roles.RUN}', 'public']::name[]
        AND (COALESCE(p.qual, p.with_check) NOT LIKE '%%{roles.SETTING}%%'
          OR COALESCE(p.with_check, p.qual) NOT LIKE '%%{roles.SETTING}%%')))
ORDER BY c.relname
"""  # noqa: S608 constants of ours

_UNGRANTED: Final = f"""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT has_table_privilege('{roles.RUN}', c.oid, 'SELECT')
ORDER BY c.relname
"""  # noqa: S608 constants of ours

_LOOSE: Final = """
SELECT r.rolname FROM pg_roles r
WHERE r.rolname = ANY (%s)
  AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin
    OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
    OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid))
ORDER BY r.rolname
"""


def unprotected_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Tables and views with a `scope_id` that the wall does not cover. Empty on SQLite."""
    return _names(connection, _UNPROTECTED, SCOPE_TABLE)


def ungranted_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Tables that the run-time role may not even read: neither isolated nor shared."""
    return _names(connection, _UNGRANTED)


def loose_roles(connection: BaseDatabaseWrapper) -> list[str]:
    """Roles of ours that could pass the wall: rights, memberships or tables of their own."""
    return _names(connection, _LOOSE, list(roles.ALL))


def _names(connection: BaseDatabaseWrapper, sql: str, *parameters: Any) -> list[str]:
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [name for (name,) in cursor.fetchall()]
