"""Our results in the words of this face; times are milliseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from accounts.queries.context_rows import ContextRow, MemberRow, SolutionRow
from identity.api.bridge import scope_words
from sessions_app.queries.program_keys import ProgramKeyRow
from sessions_app.services.machine_sessions import Pair

OK: Final = "OK"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """A moment as clients know it."""
    return (at - _EPOCH) // _MILLISECOND


def tokens(pair: Pair) -> dict[str, Any]:
    """What `manager/auth` answers. `scope` also has the limits that nobody asked for."""
    held = scope_words.of(pair.permissions, pair.limits)
    return {
        "tokenType": "Bearer",
        "accessToken": pair.access,
        "accessTokenExpiry": milliseconds(pair.access_expires_at),
        "refreshToken": pair.refresh,
        "refreshTokenExpiry": milliseconds(pair.refresh_expires_at),
        "scope": [word for word in held if not word.startswith("ipAddr:")],
    }


def api_key(row: ProgramKeyRow) -> dict[str, Any]:
    """An API key; a public one is told in the form in which it came."""
    told = {
        "id": row.key_id,
        "created": milliseconds(row.created_at),
        "enabled": row.is_enabled,
        "name": row.name if row.name != row.key_id else "",
        "scope": scope_words.of(row.permissions, row.limits),
    }
    return told | ({"publicKey": row.public_pem} if row.public_pem else {})


def solution(row: SolutionRow) -> dict[str, Any]:
    """A solution."""
    return {"id": row.id, "created": milliseconds(row.created_at), "name": row.name}


def context(row: ContextRow) -> dict[str, Any]:
    """A context, with the solutions that borrow it."""
    return {
        "id": row.id,
        "created": milliseconds(row.created_at),
        "modified": milliseconds(row.updated_at),
        "solution": row.solution,
        "shares": list(row.shares),
        "name": row.name,
        "description": row.description,
        "scope": row.visibility,
        "policy": row.policy,
    }


def user(row: MemberRow) -> dict[str, Any]:
    """A member of a context."""
    return {
        "userId": row.member,
        "pubKey": row.public_key,
        "created": milliseconds(row.created_at),
        "contextId": row.context,
        "acl": row.acl,
    }
