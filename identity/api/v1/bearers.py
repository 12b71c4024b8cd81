"""Bearers of tokens (RFC 6750): sessions of users, and API keys of programs; some of these sign."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from identity.actor import Actor
from identity.api.v1.caller import Caller, Kind
from identity.api.v1.sent import Sent
from identity.errors import DomainError, Forbidden, Unauthenticated
from identity.scoping import current, key_doors
from identity.scoping.doors import ScopeDoor
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import api_key_secrets, api_keys
from identity.web import scope_resolution
from identity.web.throttle import Throttle
from invitations.services import attested, governance
from invitations.services.governance import Done, Pending, Step
from sessions_app import machine_token
from sessions_app.services import machine_sessions, programs, sessions, step_up, tokens

per_session = Throttle(count=settings.REQUESTS_PER_DEVICE, seconds=60)
per_api_key = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)
_BY_SIGNATURE: Final = "An API key can't do this: it takes a person, or a device that signs."


@dataclass(frozen=True, slots=True)
class Session(Caller):
    """Who holds an access token: it does what touches nothing but the own account."""

    actor: Actor
    now: datetime
    authenticated_at: datetime

    @property
    def subject(self) -> UUID:
        """The id of the user."""
        if self.actor.user_id is None:
            raise RuntimeError("a session has a user")
        return self.actor.user_id

    def may_use(self, kind: Kind) -> bool:
        """What is about the caller alone; a stolen token opens nothing else."""
        return kind is Kind.SELF

    def has_own(self, *, by_token: bool) -> bool:
        """What came of the own account's acts; what else needs a permission is not for sessions."""
        return by_token

    def submit(
        self, command: str, details: Mapping[str, Any], *, brings_keys: bool = False
    ) -> Done | Pending:
        """Nothing: sensitive commands take a signature or a session that was just proved."""
        del command, details, brings_keys
        raise Forbidden("A sensitive change takes a signed request.")

    def submit_own(self, command: str, details: Mapping[str, Any]) -> Done | Pending:
        """At the one door, with the server's statement."""
        evidence = attested.of_steps([Step(command, details)], by=self.actor)
        return governance.submit(
            action=command, details=details, by=self.actor, now=self.now, evidence=evidence
        )

    def require_recent(self) -> None:
        """Raises `sessions_app.errors.StepUpNeeded` unless the proof is at most 5 minutes old."""
        step_up.require_fresh(self.authenticated_at, now=self.now)


@dataclass(frozen=True, slots=True)
class ApiKey(Caller):
    """A program with an API key; its permissions are those of the key, and its owner's too."""

    actor: Actor
    now: datetime
    key: ApiKeyDoor

    @property
    def subject(self) -> UUID:
        """The id of the key."""
        return self.key.id

    def may_use(self, kind: Kind) -> bool:
        """What asks for a word and for no human proof: to read, and to submit commands."""
        return kind is Kind.FOR_PROGRAMS

    def has_own(self, *, by_token: bool) -> bool:
        """A key has no account, votes or proposals of its own: it needs the word."""
        del by_token
        return False

    def submit(
        self, command: str, details: Mapping[str, Any], *, brings_keys: bool = False
    ) -> Done | Pending:
        """At the one door; what waits for approval needs somebody who signs for it."""
        if brings_keys:
            raise Forbidden(_BY_SIGNATURE)
        return governance.do_together(steps=[Step(command, details)], by=self.actor, now=self.now)

    def require_recent(self) -> None:
        """Nothing: what takes a human proof is not for keys at all."""


def of(sent: Sent, token: str, *, now: datetime) -> Caller:
    """Whoever holds this token. Raises Unauthenticated, the same for every cause.

    A request that is signed beside it says two things about who sends it, and is nobody's.
    """
    if sent.is_signed or not token:
        raise Unauthenticated
    if token.startswith(api_key_secrets.PREFIX):
        return _api_key(sent, token, now=now)
    if machine_token.is_one(token):
        return _machine(sent, token, now=now)
    return _session(sent, token, now=now)


def _session(sent: Sent, token: str, *, now: datetime) -> Session:
    try:
        checked = sessions.check(token, audience=tokens.OWN, address=sent.address, now=now)
    except DomainError:
        raise Unauthenticated from None
    per_session.hit(checked.door.session_id, now=int(now.timestamp()))
    _require_scope(sent, checked.door.scope, now)
    with current.in_scope(checked.door.scope_id):
        sessions.mark_seen(checked.door, now=now)
    return Session(checked.actor(sent.address), now, checked.door.authenticated_at)


def _api_key(sent: Sent, secret: str, *, now: datetime) -> ApiKey:
    door = None
    if api_key_secrets.is_secret(secret):
        door = key_doors.api_key_by_secret(api_key_secrets.digest(secret), now=now)
    if door is None or door.kind != "bearer":
        raise Unauthenticated
    return _proven(sent, door, now=now)


def basic(sent: Sent, text: str, *, now: datetime) -> ApiKey:
    """Whoever knows the name and the secret of an API key (RFC 7617).

    Raises Unauthenticated, the same for every cause.
    """
    named, _, secret = _decoded(text).partition(":")
    door = key_doors.api_key_by_name(named) if named and not sent.is_signed else None
    if door is None or door.purpose != api_keys.BACKEND.purpose:
        raise Unauthenticated
    api_key_secrets.require_secret(door, secret, now=now)
    return _proven(sent, door, now=now)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        raise Unauthenticated from None


def _proven(sent: Sent, door: ApiKeyDoor, *, now: datetime) -> ApiKey:
    if not _may_act(sent, door, now):
        raise Unauthenticated
    per_api_key.hit(door.id, now=int(now.timestamp()))
    _require_scope(sent, door.scope, now)
    with current.in_scope(door.scope_id):
        return program(sent, door, now=now)


def _machine(sent: Sent, token: str, *, now: datetime) -> ApiKey:
    try:
        checked = machine_sessions.check(token, address=sent.address, now=now)
    except DomainError:
        raise Unauthenticated from None
    if checked.door.purpose != api_keys.BACKEND.purpose:
        raise Unauthenticated
    per_api_key.hit(checked.door.id, now=int(now.timestamp()))
    _require_scope(sent, checked.door.scope, now)
    return ApiKey(checked.actor(sent.address), now, checked.door)


def signing_key(sent: Sent, key_id: str, *, now: datetime) -> ApiKeyDoor | None:
    """The API key of this id whose signature counts at this address now; None for all others.

    Keys that act for a person in a face have a purpose and a form of signature of their own.
    """
    door = key_doors.api_key_by_name(key_id)
    if door is None or (door.kind, door.purpose) != ("signature", api_keys.BACKEND.purpose):
        return None
    # Keys of before algorithms were written down are of P-256; other ones sign elsewhere.
    if door.algorithm not in {"", "p256"} or not _may_act(sent, door, now):
        return None
    try:
        _require_scope(sent, door.scope, now)
    except Unauthenticated:
        return None
    return door


def program(sent: Sent, door: ApiKeyDoor, *, now: datetime) -> ApiKey:
    """Who holds an API key that was proven just now; in its scope."""
    api_keys.note_used(door, now=now)
    return ApiKey(programs.acting(door, address=sent.address), now, door)


def _may_act(sent: Sent, door: ApiKeyDoor, now: datetime) -> bool:
    return door.is_usable(now) and door.is_allowed_from(sent.address)


def _require_scope(sent: Sent, credential: ScopeDoor, now: datetime) -> None:
    try:
        scope_resolution.resolve(sent.named, now=now, credential=credential)
    except DomainError:
        raise Unauthenticated from None
