"""What faces, pages and the admin read about sessions, their history and API keys."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.models import User
from accounts.queries import listing
from identity import errors
from identity.models import ApiKey
from identity.paging import After, Window
from identity.scoping import keyset
from sessions_app.models import Session, SignIn
from sessions_app.queries import key_states
from sessions_app.queries.machine_sessions import MachineSessionRow


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; `user` is the id that clients see, `audience` whom its tokens are for.

    `is_current`: the one that asks.
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


@dataclass(frozen=True, slots=True)
class SignInRow:
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


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """An API key without what it proves itself by. `user` is absent for the scope's own backend.

    `status` is one of `key_states.WORDS`; `called` is what requests name the key by. Until
    `previous_until` the secret before the last rotation counts, too.
    """

    id: UUID
    called: str
    name: str
    kind: str
    public_key: str
    algorithm: str
    user: UUID | None
    role: str
    permissions: Sequence[str]
    solutions: Sequence[str]
    contexts: Sequence[str]
    networks: Sequence[str]
    purpose: str
    status: str
    expires_at: datetime | None
    previous_until: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    created_by: UUID | None
    made_by_key: UUID | None
    updated_at: datetime
    revoked_at: datetime | None


_BY_AT: Final = keyset.Key("at")


def sessions_window(after: After, *, current: UUID | None = None) -> Window[SessionRow]:
    """Sessions of the scope; filters `user` and `status`. Raises `Invalid`, `CursorInvalid`."""
    return listing.windowed(
        Session.objects.select_related("user"),
        after,
        filters=_SESSION_FILTERS,
        read=lambda rows: [_session(row, current) for row in rows],
    )


def session(session_id: UUID) -> SessionRow:
    """One session. Raises `Missing`."""
    row = Session.objects.select_related("user").filter(id=session_id).first()
    if row is None:
        raise errors.Missing("There is no such session.")
    return _session(row, None)


def is_session_of(session_id: UUID, user_id: UUID | None) -> bool:
    """Whether there is this session and it is this user's."""
    return user_id is not None and Session.objects.filter(id=session_id, user_id=user_id).exists()


def sign_ins_window(after: After) -> Window[SignInRow]:
    """The history of sign-ins; filters `user` and `outcome`. Raises `Invalid`, `CursorInvalid`."""
    return listing.windowed(
        SignIn.objects.all(), after, filters=_SIGN_IN_FILTERS, read=_sign_ins, key=_BY_AT
    )


def api_keys_window(after: After, *, now: datetime) -> Window[ApiKeyRow]:
    """API keys; filters `user`, `status`, `made_by_key`. Raises `Invalid`, `CursorInvalid`."""

    def in_state(rows: Any, value: Any) -> Any:
        return key_states.only(rows, value, now=now)

    return listing.windowed(
        key_states.judged(ApiKey.objects.all(), now=now),
        after,
        filters={"user": _of_user, "status": in_state, "made_by_key": _made_by_key},
        read=lambda rows: _api_keys(rows, now=now),
    )


def api_key(key_id: UUID, *, now: datetime) -> ApiKeyRow:
    """One API key. Raises `Missing`."""
    row = key_states.judged(ApiKey.objects.filter(id=key_id), now=now).first()
    if row is None:
        raise errors.Missing("There is no such API key.")
    return _api_keys([row], now=now)[0]


def described(row: SessionRow | ApiKeyRow | MachineSessionRow) -> dict[str, Any]:
    """A row as JSON values: ids as text, times in whole seconds since the epoch."""
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in asdict(row).items()
        }
    )
    return plain


def _made_by_key(rows: Any, value: Any) -> Any:
    return rows.filter(made_by_key=listing.identifier(value))


def _of_user(rows: Any, value: Any) -> Any:
    try:
        return rows.filter(user_id=accounts.user_id_of(listing.identifier(value)))
    except errors.Missing:
        return rows.none()


_SESSION_FILTERS: Final[Mapping[str, listing.Filter]] = {
    "user": _of_user,
    "status": listing.by_word("status", frozenset(Session.Status.values)),
}
_SIGN_IN_FILTERS: Final[Mapping[str, listing.Filter]] = {
    "user": _of_user,
    "outcome": listing.by_word("outcome", frozenset(SignIn.Outcome.values)),
}


def _session(row: Session, current: UUID | None) -> SessionRow:
    return SessionRow(
        id=row.id,
        user=row.user.public_id,
        method=row.method,
        provider=row.provider_name,
        device=row.device_id,
        visitor=row.visitor,
        wallet_os=row.wallet_os,
        role=row.role,
        user_agent=row.user_agent,
        address=row.address,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        status=row.status,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
        audience=row.audience,
        is_current=current is not None and row.id == current,
    )


def _sign_ins(rows: Sequence[SignIn]) -> list[SignInRow]:
    known = _public_ids({row.user_id for row in rows})
    return [
        SignInRow(
            id=row.id,
            user=known[row.user_id],
            at=row.at,
            method=row.method,
            provider=row.provider_name,
            outcome=row.outcome,
            reason=row.reason,
            address=row.address,
            user_agent=row.user_agent,
            session=row.session_id,
        )
        for row in rows
    ]


def _api_keys(rows: Sequence[Any], *, now: datetime) -> list[ApiKeyRow]:
    known = _public_ids({row.user_id for row in rows} | {row.created_by for row in rows})
    return [
        ApiKeyRow(
            id=row.id,
            called=row.key_id,
            name=row.name,
            kind=row.kind,
            public_key=row.public_key,
            algorithm=row.algorithm,
            user=known.get(row.user_id),
            role=row.role,
            permissions=row.permissions,
            solutions=row.solutions,
            contexts=row.contexts,
            networks=row.networks,
            purpose=row.purpose,
            status=key_states.of(row, now=now),
            expires_at=row.expires_at,
            previous_until=row.previous_until,
            last_used_at=row.last_used_at,
            created_at=row.created_at,
            created_by=known.get(row.created_by),
            made_by_key=row.made_by_key,
            updated_at=row.updated_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def _public_ids(user_ids: Collection[UUID | None]) -> Mapping[UUID | None, UUID]:
    rows = User.objects.filter(id__in=[each for each in user_ids if each is not None])
    return dict(rows.values_list("id", "public_id"))
