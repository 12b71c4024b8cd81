"""Requests to the face without envelopes: who asks for what, and the answer."""

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from accounts import queries
from accounts.models import Device, KnownKey, User
from accounts.services import devices, role_assignments, users
from identity import actor, ids
from identity.actor import Actor, ActorKind
from identity.api.enterprise import methods
from identity.api.enterprise.call import Call
from identity.crypto import cose_device, ecdsa_p256, rsa
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from identity.services import scopes, server_keys
from identity.services.scope_settings import ScopeSettings
from invitations.models import Invitation
from invitations.services import onboarding
from invitations.services.evidence import Evidence

_slugs = itertools.count(1)
_taken = itertools.count()
Answer = dict[str, Any]
_STATUS = dict.fromkeys(("-9", "-11", "-12"), "unauthorized")


@functools.cache
def keys(number: int) -> DeviceKeys:
    """Device keys are slow to make: each test takes them in the same order."""
    return DeviceKeys.generate()


@functools.cache
def _server_rsa() -> rsa.PublicKey:
    return rsa.generate().public


def signed(
    payload: Mapping[str, Any], device_id: UUID, key: ecdsa_p256.PrivateKey, now: datetime
) -> bytes:
    """The COSE_Sign1 that the device would have sent inside its envelope."""
    sealed = cose_device.seal_request(
        orjson.dumps(payload),
        device=device_id,
        signing_key=key,
        recipient=_server_rsa(),
        now=int(now.timestamp()),
    )
    return sealed.sign1


def refused(answer: Answer, code: str, *words: str, status: str = "") -> None:
    """See that the answer is a refusal with this code, which says these words and nothing more."""
    assert answer["error_code"] == code, answer
    assert answer["status"] == (status or _STATUS.get(code, "failed")), answer
    assert all(word in answer["message"] for word in words), answer


def codes(answers: list[Answer]) -> list[str]:
    """The error codes of a batch, and the status of what was not refused."""
    return [str(answer.get("error_code", answer["status"])) for answer in answers]


@dataclass
class Person:
    """A user with one device whose keys the test holds."""

    user: User
    device: Device
    keys: DeviceKeys
    now: datetime

    @property
    def uid(self) -> str:
        return str(self.user.public_id)

    @property
    def did(self) -> str:
        return str(self.device.id)

    def actor(self) -> Actor:
        """With today's rights, as the envelope's room makes it."""
        return queries.actor_of_user(
            user_id=self.user.id, kind=ActorKind.DEVICE, device_id=self.device.id
        )

    def call(self, payload: Mapping[str, Any], now: datetime | None = None) -> Call:
        at = now or self.now
        sign1 = signed(payload, self.device.id, self.keys.signature, at)
        return Call(
            actor=self.actor(), now=at, evidence=Evidence(sign1=sign1), device_id=self.device.id
        )

    def send(self, payload: Mapping[str, Any], now: datetime | None = None) -> Answer:
        """The answer to a whole message."""
        return methods.answer(payload, self.call(payload, now))

    def ask(
        self, action: str, resource: str, details: Mapping[str, Any] | None = None, **more: Any
    ) -> Answer:
        """The answer to a single request."""
        payload: dict[str, Any] = {"action": action, "resource": resource}
        if details is not None:
            payload["details"] = details
        return self.send(payload | more)

    def done(self, action: str, resource: str, details: Mapping[str, Any] | None = None) -> Any:
        """The details of a success."""
        answer = self.ask(action, resource, details)
        assert answer["status"] == "success", answer
        return answer["details"]


@dataclass
class Desk:
    """One scope and its people."""

    scope_id: UUID
    now: datetime
    people: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def new(cls, owner: str = "alice", **settings: Any) -> "Desk":
        now = datetime.now(UTC).replace(microsecond=0)
        slug = f"desk-{next(_slugs)}"
        scope = scopes.create(
            slug=slug, name=slug, settings=ScopeSettings(**settings), now=now - timedelta(days=3)
        )
        desk = cls(scope_id=scope.id, now=now)
        desk.person(owner, "super-admin")
        return desk

    @property
    def system(self) -> Actor:
        return actor.system(self.scope_id)

    def person(self, name: str, *roles: str) -> Person:
        """The person of this name, made with these roles when first named."""
        if name not in self.people:
            with current.in_scope(self.scope_id):
                self.people[name] = self._made(name, roles)
        return self.people[name]

    def _made(self, name: str, roles: tuple[str, ...]) -> Person:
        before = self.now - timedelta(days=2)
        own = keys(next(_taken) % 24)
        user = users.create_invited(
            public_id=ids.new(),
            email=f"{name}@example.test",
            first_name=name.title(),
            last_name="",
            mobile="",
            customer_id="",
            by=self.system,
            now=before,
        )
        device = devices.register(
            user=user,
            name=f"{name}'s device",
            signature_key=own.signature_pubkey,
            encryption_key=own.encryption_pubkey,
            push_token="",
            registration_kind=KnownKey.Registration.KEYS_AT_CREATION,
            registration=None,
            signer_key="",
            by=self.system,
            now=before,
        )
        users.activate(user=user, verifier="", by=self.system, now=before)
        for role in roles:
            role_assignments.grant(user_id=user.id, role=role, by=self.system, now=before)
        user.refresh_from_db()
        return Person(user=user, device=device, keys=own, now=self.now)

    def invited(self, email: str) -> "Holder":
        """The holder of a fresh invitation from the operator's shell."""
        bundle = onboarding.invite(email=email, role_names=[], by=self.system, now=self.now)
        return Holder.of(bundle, self.now)

    def client_keys(self) -> server_keys.ClientKeys:
        return server_keys.client_keys()


@dataclass
class Holder:
    """Who holds an invitation, and the keys that the new device will have."""

    invitation: Invitation
    invite_string: str
    one_time_key: ecdsa_p256.PrivateKey
    keys: DeviceKeys
    now: datetime

    @classmethod
    def of(cls, bundle: Mapping[str, Any], now: datetime) -> "Holder":
        return cls(
            invitation=Invitation.objects.select_related("user").get(id=bundle["invitation"]),
            invite_string=bundle["invite_string"],
            one_time_key=ecdsa_p256.parse_private(bundle["one_time_private_key"]),
            keys=keys(next(_taken) % 24),
            now=now,
        )

    def send(self, payload: Mapping[str, Any], now: datetime | None = None) -> Answer:
        at = now or self.now
        device_id = self.invitation.temporary_device_id
        by = Actor(
            kind=ActorKind.INVITATION,
            scope_id=self.invitation.scope_id,
            user_id=self.invitation.user_id,
            public_id=self.invitation.user.public_id,
            device_id=device_id,
        )
        call = Call(
            actor=by,
            now=at,
            evidence=Evidence(sign1=signed(payload, device_id, self.one_time_key, at)),
            device_id=device_id,
            invitation_id=self.invitation.id,
        )
        return methods.answer(payload, call)

    def details(self, **more: Any) -> dict[str, Any]:
        return {
            "invite_string": self.invite_string,
            "device_name": "a new device",
            "device_signature_pubkey": self.keys.signature_pubkey,
            "device_encryption_pubkey": self.keys.encryption_pubkey,
        } | more

    def authorize(self, now: datetime | None = None, **more: Any) -> Answer:
        """The answer to `add /account-management/authorize`."""
        payload = {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": self.details(**more),
        }
        return self.send(payload, now)

    def authorize_with(self, changes: Mapping[str, Any]) -> Answer:
        """The same with some details in place of the right ones."""
        return self.authorize(None, **changes)
