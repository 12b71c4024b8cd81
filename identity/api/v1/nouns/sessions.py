"""Sessions and the history of sign-ins: one's own, and those of the scope for staff."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from identity.api.v1 import route, shapes
from identity.api.v1.route import SELF, Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.errors import Forbidden, Missing
from identity.paging import After, Window
from sessions_app import queries
from sessions_app.services import locking
from sessions_app.services import sessions as services


class Session(Shown, frozen=True):
    """A signed-in period of a user. `is_current`: it is the one that asks.

    `method` is how it began: by password, wallet, user-key, email, oauth, passkey, device, backend
    (the word of an application's server) or session (an earlier one).
    `audience` is whom its tokens are for: the id of an application, or the issuer for `/v1`.
    """

    id: UUID
    user: UUID
    method: str
    provider: str
    device: UUID | None
    visitor: str
    wallet_os: str
    role: str
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    status: str
    ended_at: datetime | None
    ended_reason: str
    audience: str = ""
    is_current: bool = False


class SignIn(Shown, frozen=True):
    """One try to sign in; `reason` says why one was refused."""

    id: UUID
    user: UUID
    at: datetime
    method: str
    provider: str
    outcome: str
    reason: str
    address: str
    user_agent: str
    session: UUID | None


class OwnSessions(Newest, frozen=True):
    """Which of your sessions."""

    status: Literal["active", "ended"] | None = None


class Sessions(Newest, frozen=True):
    """Which sessions; `user` is the id of one."""

    user: UUID | None = None
    status: Literal["active", "ended"] | None = None


class SignIns(Newest, frozen=True):
    """Which tries to sign in; `user` is the id of one."""

    user: UUID | None = None
    outcome: Literal["succeeded", "refused"] | None = None


class SignedOut(Shown, frozen=True):
    """How many sessions were going on and are not any more."""

    sessions: int


class Locked(Shown, frozen=True):
    """The account is locked: how many sessions were ended and API keys revoked."""

    sessions: int
    api_keys: int


class Nothing(Body, frozen=True):
    """An empty object, or no body."""


@route.listing(
    "/me/sessions", SELF, "my_sessions_list", "Your sessions", of=Session, query=OwnSessions
)
def my_sessions(asked: Asked, after: After) -> Window[Any]:
    """The caller's own sessions."""
    return queries.sessions_window(_own(asked, after), current=asked.caller.actor.session_id)


@route.act(
    "DELETE",
    "/me/sessions/{session}",
    SELF,
    "my_sessions_end",
    "End one of your sessions: sign it out",
    shows=shapes.Gone,
)
def end_mine(asked: Asked) -> shapes.Gone:
    """Its tokens are refused from the next request on; ending it again is the same."""
    actor = asked.caller.actor
    session_id: UUID = asked.ids["session"]
    _account(asked)
    if not queries.is_session_of(session_id, actor.user_id):
        raise Missing("There is no such session.")
    services.end(session_id=session_id, reason="signed-out", by=actor, now=asked.now)
    return shapes.Gone(id=str(session_id))


@route.act(
    "POST",
    "/me/sessions/end-others",
    SELF,
    "my_sessions_end_others",
    "End all your sessions but the one that asks",
    body=Nothing,
    shows=SignedOut,
)
def end_others(asked: Asked) -> SignedOut:
    """A device that signs is no session: then all are ended."""
    actor = asked.caller.actor
    ended = services.end_all_of(
        _account(asked),
        by=actor,
        now=asked.now,
        reason="ended-others",
        but=actor.session_id,
    )
    return SignedOut(sessions=ended)


@route.act(
    "POST",
    "/me/lock",
    SELF,
    "my_account_lock",
    "Lock your account now: nothing acts for it until somebody lets you in again",
    body=Nothing,
    shows=Locked,
)
def lock_mine(asked: Asked) -> Locked:
    """At once and without review. Sessions end, API keys are revoked, devices are refused."""
    done = locking.lock(user_id=_account(asked), by=asked.caller.actor, now=asked.now)
    return Locked(sessions=done.sessions, api_keys=done.api_keys)


@route.listing("/me/sign-ins", SELF, "my_sign_ins_list", "Your sign-ins", of=SignIn)
def my_sign_ins(asked: Asked, after: After) -> Window[Any]:
    """The history of the caller's own account, 90 days of it."""
    return queries.sign_ins_window(_own(asked, after))


@route.listing(
    "/sessions", "sessions:view", "sessions_list", "Sessions", of=Session, query=Sessions
)
def sessions(asked: Asked, after: After) -> Window[Any]:
    """Sessions of everybody in the scope."""
    return queries.sessions_window(after, current=asked.caller.actor.session_id)


@route.read("/sessions/{session}", "sessions:view", "sessions_get", "A session", shows=Session)
def session(asked: Asked) -> Session:
    """One session."""
    shown: Session = shapes.of_row(Session, queries.session(asked.ids["session"]))
    return shown


@route.listing("/sign-ins", "sessions:view", "sign_ins_list", "Sign-ins", of=SignIn, query=SignIns)
def sign_ins(asked: Asked, after: After) -> Window[Any]:
    """The history of the scope, 90 days of it."""
    del asked
    return queries.sign_ins_window(after)


def _account(asked: Asked) -> UUID:
    actor = asked.caller.actor
    if actor.user_id is None or actor.public_id is None or actor.is_operator:
        raise Forbidden("Only who has an account in this scope has sessions here.")
    return actor.user_id


def _own(asked: Asked, after: After) -> After:
    _account(asked)
    own = {**after.filters, "user": asked.caller.actor.public_id}
    return After(after.limit, after.after, after.is_descending, own)


ROUTES: Final = (
    my_sessions,
    end_mine,
    end_others,
    lock_mine,
    my_sign_ins,
    sessions,
    session,
    route.change(
        "DELETE",
        "/sessions/{session}",
        "sessions:end",
        "sessions_end",
        "End somebody's session",
        Change("session.end", shapes.part("session", Session)),
        shows=Session,
    ),
    route.change(
        "DELETE",
        "/users/{user}/sessions",
        "sessions:end",
        "user_sessions_end",
        "End all sessions of a user",
        Change("session.end-all", shapes.part("ended", SignedOut)),
        shows=SignedOut,
    ),
    route.change(
        "POST",
        "/users/{user}/lock",
        "users:lock",
        "users_lock",
        "Lock an account: end its sessions, revoke its API keys and shut it out",
        Change("user.lock", shapes.part("locked", Locked)),
        body=Nothing,
        shows=Locked,
    ),
    sign_ins,
)
