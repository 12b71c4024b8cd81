"""Who asks: a device by its signature, or staff by their session; how the acts of each are kept."""

import base64
import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest

from identity.actor import Actor
from identity.api.v1.sent import Sent
from identity.crypto import strict_json
from identity.crypto.http_signatures import Verified
from identity.pages import staff_acts, staff_session
from identity.services import attestations
from invitations.commands.command import registry
from invitations.services import governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending

SEALED: Final = "sealed_"
"""How names of inputs begin that were made of a secret in the request."""


class Kind(enum.Enum):
    """What of a route matters for who may use it.

    - SELF: it is about the caller's own account alone;
    - FOR_PROGRAMS: it reads, or is a command which the one door judges, or was made for programs;
    - FOR_PEOPLE: it takes a human, or a request that is signed.
    """

    SELF = "self"
    FOR_PROGRAMS = "for programs"
    FOR_PEOPLE = "for people"


class Caller(ABC):
    """A verified caller in one scope at one moment."""

    actor: Actor
    now: datetime

    @property
    @abstractmethod
    def subject(self) -> UUID:
        """Whose idempotency keys these are: the device, or the member of staff."""

    def may_use(self, kind: Kind) -> bool:
        """Whether a caller of this kind may use a route of that kind, if it has the right."""
        del kind
        return True

    def has_own(self, *, by_token: bool) -> bool:
        """Whether some things of a route are the caller's own, for which no permission is asked.

        `by_token`: holders of an access token have some, too.
        """
        del by_token
        return True

    @abstractmethod
    def submit(
        self, command: str, details: Mapping[str, Any], *, brings_keys: bool = False
    ) -> Done | Pending:
        """Ask for a sensitive command at the one door.

        `brings_keys`: the record that goes with new keys for ever is the request itself.
        """

    def submit_own(self, command: str, details: Mapping[str, Any]) -> Done | Pending:
        """As `submit`, for what is about the caller's own account alone."""
        return self.submit(command, details)

    @abstractmethod
    def require_recent(self) -> None:
        """Refuse a dangerous act of a session that was left alone."""


@dataclass(frozen=True, slots=True)
class Device(Caller):
    """A device that signed this request."""

    actor: Actor
    now: datetime
    sent: Sent
    verified: Verified

    @property
    def subject(self) -> UUID:
        """The id of the device."""
        if self.actor.device_id is None:
            raise RuntimeError("the caller is no device")
        return self.actor.device_id

    def submit(
        self, command: str, details: Mapping[str, Any], *, brings_keys: bool = False
    ) -> Done | Pending:
        """At the one door, with the signed request as evidence.

        A request that holds a secret in clear can't be kept: the server states what was asked.
        """
        if any(name.startswith(SEALED) for name in details):
            return staff_acts.submit(command=command, details=details, by=self.actor, now=self.now)
        evidence = self._evidence(command, details)
        if brings_keys:
            details = {**details, "registration": base64.b64encode(evidence.sign1).decode()}
        return governance.submit(
            action=command, details=details, by=self.actor, now=self.now, evidence=evidence
        )

    def _evidence(self, command: str, details: Mapping[str, Any]) -> Evidence:
        """The request as it was signed, enclosed in a statement of the server."""
        known = registry.get(command)
        body = self.sent.body or b""
        if self.actor.public_id is None:
            raise RuntimeError("the caller is no user")
        sign1 = attestations.http_request(
            action=known.action,
            resource=known.path(known.read(details)),
            details=strict_json.decode(body) if body else {},
            user=self.actor.public_id,
            device=self.subject,
            signature_base=self.verified.base,
            signature=self.verified.signature,
            body=body,
        )
        return Evidence(sign1=sign1)

    def require_recent(self) -> None:
        """Nothing: each request is signed anew."""


@dataclass(frozen=True, slots=True)
class Staff(Caller):
    """A member of staff with a session."""

    actor: Actor
    now: datetime
    http: HttpRequest

    @property
    def subject(self) -> UUID:
        """The id of the user."""
        if self.actor.user_id is None:
            raise RuntimeError("the caller is no user")
        return self.actor.user_id

    def submit(
        self, command: str, details: Mapping[str, Any], *, brings_keys: bool = False
    ) -> Done | Pending:
        """At the one door, with the server's statement."""
        if brings_keys:
            details = staff_acts.bringing_keys(command, details, by=self.actor)
        return staff_acts.submit(command=command, details=details, by=self.actor, now=self.now)

    def require_recent(self) -> None:
        """Raises `accounts.errors.ReauthenticationNeeded`."""
        staff_session.require_recent(self.http)
