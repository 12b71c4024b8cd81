"""Commands about API keys: who makes one hands out a standing right to act."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from accounts import queries as accounts
from identity import errors, limits
from identity.actor import Actor
from identity.limits import Limits
from identity.models import ApiKey
from identity.services import api_key_limits, api_key_secrets, api_keys
from identity.services.api_key_secrets import Credential
from identity.services.api_keys import Holder
from invitations.commands.command import Command, Input, Result, Target, registry
from sessions_app import queries
from sessions_app.queries import machine_sessions
from sessions_app.services import machine_ends, machine_keys

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class CreateApiKey(Input, frozen=True):
    """A new key; `api_key` is chosen by the client, `user` is whose account it acts for.

    With a `public_key` it signs by that `algorithm`. Else the server makes a secret and tells it
    once: a `bearer` secret is shown with each request, under a `shared` one requests are
    authenticated, too.
    """

    api_key: UUID
    name: str
    permissions: tuple[str, ...] = ()
    user: UUID | None = None
    role: str = ""
    public_key: str = ""
    expires_at: Moment | None = None
    form: Literal["bearer", "shared"] = "bearer"
    algorithm: Literal["p256", "ed25519"] = "p256"
    solutions: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


class EditApiKey(Input, frozen=True):
    """A change of some fields; absent ones stay. An empty list of limits takes these away."""

    api_key: UUID
    name: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: Moment | None = None
    solutions: tuple[str, ...] | None = None
    contexts: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None


class RevokeApiKey(Input, frozen=True):
    """The end of a key, for ever."""

    api_key: UUID


class RotateApiKey(Input, frozen=True):
    """A new secret; the one before counts for so many minutes more."""

    api_key: UUID
    overlap_minutes: int = 0


class SwitchApiKey(Input, frozen=True):
    """A key is switched off, or on again."""

    api_key: UUID


class EndMachineSession(Input, frozen=True):
    """The end of one session of a program."""

    api_key: UUID
    machine_session: UUID


def create(details: CreateApiKey, *, by: Actor, now: datetime) -> Result:
    """Make the key; the secret is in the result and nowhere else."""
    secret = _new_secret(details)
    owner = accounts.user_id_of(details.user) if details.user else None
    api_keys.create(
        key_id=details.api_key,
        name=details.name,
        credential=_credential(details, secret),
        words=details.permissions,
        holder=Holder(user_id=owner, role=details.role, via="v1"),
        limits=_limits(details),
        expires_at=details.expires_at,
        called=_called(details),
        by=by,
        now=now,
    )
    return {**_described(details.api_key, now=now), "secret": secret}


def _new_secret(details: CreateApiKey) -> str:
    if details.public_key:
        return ""
    if details.form == "shared":
        return api_key_secrets.new_hex_secret()
    return api_key_secrets.new_secret()


def _credential(details: CreateApiKey, secret: str) -> Credential:
    if not secret:
        return api_key_secrets.signing(details.public_key, algorithm=details.algorithm)
    if details.form == "shared":
        return api_key_secrets.shared(secret)
    return api_key_secrets.bearer(secret)


def _called(details: CreateApiKey) -> str:
    """Programs that name their key in a call write its id as 32 hex digits."""
    is_named = details.form == "shared" or details.algorithm == "ed25519"
    return details.api_key.hex if is_named else str(details.api_key)


def _limits(details: CreateApiKey) -> Limits:
    return limits.checked(
        solutions=details.solutions, contexts=details.contexts, networks=details.networks
    )


def edit(details: EditApiKey, *, by: Actor, now: datetime) -> Result:
    """Change the key."""
    api_keys.edit(
        key_id=details.api_key,
        name=details.name,
        words=details.permissions,
        limits=limits.Change(details.solutions, details.contexts, details.networks),
        expires_at=details.expires_at,
        by=by,
        now=now,
    )
    return _described(details.api_key, now=now)


def revoke(details: RevokeApiKey, *, by: Actor, now: datetime) -> Result:
    """End the key."""
    machine_keys.revoke(key_id=details.api_key, by=by, now=now)
    return _described(details.api_key, now=now)


def rotate(details: RotateApiKey, *, by: Actor, now: datetime) -> Result:
    """Make a new secret, which is in the result and nowhere else."""
    overlap = timedelta(minutes=details.overlap_minutes)
    secret = machine_keys.rotate(key_id=details.api_key, overlap=overlap, by=by, now=now)
    return {**_described(details.api_key, now=now), "secret": secret}


def disable(details: SwitchApiKey, *, by: Actor, now: datetime) -> Result:
    """Switch the key off."""
    machine_keys.disable(key_id=details.api_key, by=by, now=now)
    return _described(details.api_key, now=now)


def enable(details: SwitchApiKey, *, by: Actor, now: datetime) -> Result:
    """Switch the key on."""
    api_keys.enable(key_id=details.api_key, by=by, now=now)
    return _described(details.api_key, now=now)


def end_session(details: EndMachineSession, *, by: Actor, now: datetime) -> Result:
    """End the session."""
    machine_sessions.one(details.api_key, details.machine_session, now=now)
    machine_ends.end(session_id=details.machine_session, reason="ended-by-staff", by=by, now=now)
    row = machine_sessions.one(details.api_key, details.machine_session, now=now)
    return {"machine_session": queries.described(row)}


def _described(key_id: UUID, *, now: datetime) -> Result:
    return {"api_key": queries.described(queries.api_key(key_id, now=now))}


def _validate_new(details: CreateApiKey) -> None:
    api_key_limits.require_known(details.permissions)
    if details.public_key:
        api_key_secrets.signing(details.public_key, algorithm=details.algorithm)
        if details.form != "bearer":
            raise errors.Invalid("A key that signs has no secret here.", field="form")
    elif details.algorithm != "p256":
        raise errors.Invalid("Send the public key that signs by it.", field="public_key")
    if details.user is not None:
        accounts.user_id_of(details.user)
    if len(details.role) > 64:
        raise errors.Invalid("A role's name has at most 64 characters.", field="role")
    _limits(details)


def _validate_edit(details: EditApiKey) -> None:
    api_key_limits.require_known(details.permissions or ())
    limits.Change(details.solutions, details.contexts, details.networks).of(limits.NONE)


def _validate_rotation(details: RotateApiKey) -> None:
    most = int(api_keys.LONGEST_OVERLAP.total_seconds()) // 60
    if not 0 <= details.overlap_minutes <= most:
        raise errors.Invalid(f"An overlap has at most {most} minutes.", field="overlap_minutes")


def _validate_session(details: EndMachineSession) -> None:
    machine_sessions.one(details.api_key, details.machine_session, now=datetime.now(UTC))


def _check_new(details: CreateApiKey, by: Actor) -> None:
    api_key_limits.require_grantable(details.permissions, by=by)


def _check_edit(details: EditApiKey, by: Actor) -> None:
    api_key_limits.require_grantable(details.permissions or (), by=by)


def _target(details: EditApiKey | RotateApiKey | SwitchApiKey) -> Target:
    row = ApiKey.objects.filter(id=details.api_key).first()
    if row is None:
        raise errors.Missing("There is no such API key.")
    version = int(row.updated_at.astimezone(UTC).timestamp() * 1000)
    return Target("api-key", str(details.api_key), version)


_ONE = "/api-keys/{api_key}"
registry.add(
    Command(
        name="api-key.create",
        action="add",
        resource="/api-keys",
        permission="api-keys:create",
        input=CreateApiKey,
        execute=create,
        validate=_validate_new,
        check=_check_new,
    ),
    Command(
        name="api-key.edit",
        action="edit",
        resource=_ONE,
        permission="api-keys:edit",
        input=EditApiKey,
        execute=edit,
        validate=_validate_edit,
        check=_check_edit,
        target=_target,
    ),
    Command(
        name="api-key.rotate",
        action="edit",
        resource=f"{_ONE}/secret",
        permission="api-keys:edit",
        input=RotateApiKey,
        execute=rotate,
        validate=_validate_rotation,
        target=_target,
    ),
    Command(
        name="api-key.disable",
        action="edit",
        resource=f"{_ONE}/state",
        permission="api-keys:edit",
        input=SwitchApiKey,
        execute=disable,
        target=_target,
    ),
    Command(
        name="api-key.enable",
        action="edit",
        resource=f"{_ONE}/state",
        permission="api-keys:edit",
        input=SwitchApiKey,
        execute=enable,
        target=_target,
    ),
    Command(
        name="api-key.revoke",
        action="delete",
        resource=_ONE,
        permission="api-keys:delete",
        input=RevokeApiKey,
        execute=revoke,
    ),
    Command(
        name="machine-session.end",
        action="delete",
        resource=f"{_ONE}/sessions/{{machine_session}}",
        permission="sessions:end",
        input=EndMachineSession,
        execute=end_session,
        validate=_validate_session,
    ),
)
