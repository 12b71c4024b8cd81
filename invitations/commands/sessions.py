"""Commands about other people's sessions and accounts: ended, and locked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry
from invitations.commands.users import user_facts
from sessions_app import queries
from sessions_app.services import locking, sessions


class EndSession(Input, frozen=True):
    """The end of one session."""

    session: UUID


class EndSessions(Input, frozen=True):
    """The end of every session of a user."""

    user: UUID


class LockUser(Input, frozen=True):
    """The account is shut at once; enabling the user opens it again."""

    user: UUID


def end(details: EndSession, *, by: Actor, now: datetime) -> Result:
    """End the session."""
    queries.session(details.session)
    sessions.end(session_id=details.session, reason="ended-by-staff", by=by, now=now)
    return {"session": queries.described(queries.session(details.session))}


def end_all(details: EndSessions, *, by: Actor, now: datetime) -> Result:
    """End them all."""
    user_id = accounts.user_id_of(details.user)
    ended = sessions.end_all_of(user_id, by=by, now=now, reason="ended-by-staff")
    return {"ended": {"sessions": ended}}


def lock(details: LockUser, *, by: Actor, now: datetime) -> Result:
    """Lock the account."""
    done = locking.lock(user_id=accounts.user_id_of(details.user), by=by, now=now)
    return {"locked": {"sessions": done.sessions, "api_keys": done.api_keys}}


def _validate_session(details: EndSession) -> None:
    queries.session(details.session)


def _validate_user(details: EndSessions | LockUser) -> None:
    accounts.user_id_of(details.user)


def _lock_facts(details: LockUser) -> Mapping[str, Any]:
    # The locked policy about who may act at all must see a lock as what it is: whoever could lock
    # all other approvers alone would be alone with every decision.
    return {**user_facts(details), "changes_status": True, "changes_contact": False}


registry.add(
    Command(
        name="session.end",
        action="delete",
        resource="/sessions/{session}",
        permission="sessions:end",
        input=EndSession,
        execute=end,
        validate=_validate_session,
    ),
    Command(
        name="session.end-all",
        action="delete",
        resource="/users/{user}/sessions",
        permission="sessions:end",
        input=EndSessions,
        execute=end_all,
        validate=_validate_user,
    ),
    Command(
        name="user.lock",
        action="edit",
        resource="/users/{user}",
        permission="users:lock",
        input=LockUser,
        execute=lock,
        validate=_validate_user,
        facts=_lock_facts,
    ),
)
