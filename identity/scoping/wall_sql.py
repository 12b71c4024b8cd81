"""The second wall in PostgreSQL's words: roles, policies, grants and look-up functions."""

from collections.abc import Iterable
from typing import Final

from identity.scoping import roles
from identity.scoping.lookups import DOLLAR_QUOTE, Lookup

ALL_RIGHTS: Final = "SELECT, INSERT, UPDATE, DELETE"
_BOTH: Final = ", ".join(roles.ALL)


def role_created(role: str) -> str:
    """Make the role if the cluster lacks it, and let the login of the session take it.

    Roles belong to the whole cluster, so that another database's migration may be doing the same
    at this moment. PostgreSQL 16 and later tell membership from the right to SET ROLE.
    """
    return f"""DO {DOLLAR_QUOTE}
DECLARE
  newer boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    BEGIN
      CREATE ROLE {role} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF NOT pg_has_role(session_user, '{role}', CASE WHEN newer THEN 'SET' ELSE 'MEMBER' END) THEN
    BEGIN
      EXECUTE format(
        'GRANT {role} TO %I' || CASE WHEN newer THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END,
        session_user
      );
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
END {DOLLAR_QUOTE}"""


def schema_opened() -> str:
    """Both roles may name the tables of the schema in use."""
    return _in_schema(f"GRANT USAGE ON SCHEMA %I TO {_BOTH}")


def schema_closed() -> str:
    """The reverse of `schema_opened`."""
    return _in_schema(f"REVOKE USAGE ON SCHEMA %I FROM {_BOTH}")


def policies(table: str, scope_column: str) -> list[str]:
    """Row-level security: the run-time role is held to the scope of its session."""
    quoted = _name(table)
    # A stable expression without a subquery: the planner takes it as an index condition, and
    # where Django's own filter names the scope too it is checked once per statement.
    own = f"{_name(scope_column)} = NULLIF(current_setting('{roles.SETTING}', true), '')::uuid"
    return [
        *_policies_dropped(table),
        f"ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY {roles.RUN} ON {quoted} TO {roles.RUN} USING ({own}) WITH CHECK ({own})",
        f"CREATE POLICY {roles.SWEEP} ON {quoted} TO {roles.SWEEP} USING (true) WITH CHECK (true)",
    ]


def policies_dropped(table: str) -> list[str]:
    """The reverse of `policies`."""
    return [*_policies_dropped(table), f"ALTER TABLE {_name(table)} DISABLE ROW LEVEL SECURITY"]


def granted(tables: Iterable[str], rights: str) -> list[str]:
    """Exactly these rights for both roles, and the use of the tables' sequences."""
    statements: list[str] = []
    for table in tables:
        statements += [
            f"REVOKE ALL ON {_name(table)} FROM {_BOTH}",
            f"GRANT {rights} ON {_name(table)} TO {_BOTH}",
            _on_sequences(table, f"GRANT USAGE, SELECT ON SEQUENCE %s TO {_BOTH}"),
        ]
    return statements


def revoked(tables: Iterable[str]) -> list[str]:
    """The reverse of `granted`."""
    statements: list[str] = []
    for table in tables:
        statements += [
            f"REVOKE ALL ON {_name(table)} FROM {_BOTH}",
            _on_sequences(table, f"REVOKE ALL ON SEQUENCE %s FROM {_BOTH}"),
        ]
    return statements


def function_created(lookup: Lookup) -> list[str]:
    """A function with the owner's rights that the run-time role alone may call."""
    arguments = ", ".join(f"{_name(name)} {kind}" for name, kind in lookup.arguments)
    signature = f"{lookup.function}({', '.join(kind for _, kind in lookup.arguments)})"
    # Result columns have a prefix: else they would clash with arguments of the same name.
    columns = ", ".join(f"answer_{name} {kind}" for name, kind in lookup.columns)
    made = (
        f"CREATE FUNCTION {lookup.function}({arguments}) RETURNS TABLE ({columns}) "
        f"LANGUAGE plpgsql STABLE SECURITY DEFINER "
        f"AS {DOLLAR_QUOTE}{lookup.body()}{DOLLAR_QUOTE}"
    )
    return [
        function_dropped(lookup),
        made,
        # Names in the function mean ours, whatever the caller has set (CVE-2018-1058).
        _in_schema(f"ALTER FUNCTION {signature} SET search_path = pg_catalog, %I, pg_temp"),
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {signature} TO {roles.RUN}",
    ]


def function_dropped(lookup: Lookup) -> str:
    """Drop the function whatever arguments it had: they may have changed since."""
    return _for_each(
        f"SELECT oid::regprocedure FROM pg_proc WHERE proname = '{lookup.function}' "  # noqa: S608
        "AND pronamespace = current_schema()::regnamespace",
        "DROP FUNCTION %s",
    )


def _policies_dropped(table: str) -> list[str]:
    return [f"DROP POLICY IF EXISTS {role} ON {_name(table)}" for role in roles.ALL]


def _on_sequences(table: str, statement: str) -> str:
    """For the sequences that feed the table: identity columns need no right, serial ones do."""
    return _for_each(
        "SELECT d.objid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid "  # noqa: S608
        f"WHERE d.refobjid = {_text(_name(table))}::regclass AND d.deptype IN ('a', 'i') "
        "AND d.classid = 'pg_class'::regclass AND c.relkind = 'S'",
        statement,
    )


def _for_each(query: str, statement: str) -> str:
    return f"""DO {DOLLAR_QUOTE} DECLARE found text; BEGIN
  FOR found IN {query} LOOP
    EXECUTE format('{statement}', found);
  END LOOP;
END {DOLLAR_QUOTE}"""


def _in_schema(statement: str) -> str:
    return f"""DO {DOLLAR_QUOTE} BEGIN
  EXECUTE format('{statement}', current_schema());
END {DOLLAR_QUOTE}"""


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
