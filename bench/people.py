"""The people of a benchmark: a scope, devices with real keys, invitations, proposals."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts import queries
from accounts.models import Device, KnownKey, User
from accounts.services import devices, operators, role_assignments, users
from identity import actor, ids
from identity.actor import Actor, ActorKind
from identity.api.enterprise import results
from identity.crypto import cose_device, ecdsa_p256, rsa
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from identity.sdk.session import Invitation
from identity.services import scopes, server_keys
from identity.services.scope_settings import ScopeSettings
from invitations.models import Proposal
from invitations.services import governance, onboarding
from invitations.services.evidence import Evidence
from invitations.services.governance import Pending

LIFE = 300
TWO_OWNERS = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'


@dataclass(frozen=True)
class Sender:
    """A device that can seal envelopes."""

    user: User
    device: UUID
    keys: DeviceKeys


@dataclass(frozen=True)
class Town:
    """One scope with its server's public key."""

    scope_id: UUID
    slug: str
    server_key: rsa.PublicKey

    def inside(self) -> Any:
        return current.in_scope(self.scope_id)

    def sealed(self, payload: bytes, *, device: UUID, key: ecdsa_p256.PrivateKey) -> bytes:
        """One request as it goes over the wire, alive for five minutes."""
        return cose_device.seal_request(
            payload,
            device=device,
            signing_key=key,
            recipient=self.server_key,
            now=int(datetime.now(UTC).timestamp()),
            life=LIFE,
        ).body


def town(slug: str, **settings: Any) -> Town:
    """A new scope; governance off, so that set-up needs no votes."""
    chosen = ScopeSettings(governance=False, **settings)
    scope = scopes.create(slug=slug, name=slug, settings=chosen, now=datetime.now(UTC))
    with current.in_scope(scope.id):
        keys = server_keys.client_keys()
    import base64

    pem = base64.b64decode(keys.encryption_pem_base64).decode()
    return Town(scope.id, slug, rsa.parse_public(pem))


def sender(town: Town, name: str, *roles: str) -> Sender:
    """A user with one device."""
    now, by, keys = datetime.now(UTC), actor.system(town.scope_id), DeviceKeys.generate()
    with town.inside():
        user = _invited(name, by=by, now=now)
        device: Device = devices.register(
            user=user,
            name="bench",
            signature_key=keys.signature_pubkey,
            encryption_key=keys.encryption_pubkey,
            push_token="",
            registration_kind=KnownKey.Registration.KEYS_AT_CREATION,
            registration=None,
            by=by,
            now=now,
        )
        users.activate(user=user, verifier="", by=by, now=now)
        for role in roles:
            role_assignments.grant(user_id=user.id, role=role, by=by, now=now)
    return Sender(user, device.id, keys)


def person(town: Town, name: str) -> User:
    """A user without a device."""
    now, by = datetime.now(UTC), actor.system(town.scope_id)
    with town.inside():
        user = _invited(name, by=by, now=now)
        users.activate(user=user, verifier="", by=by, now=now)
    return user


def _invited(name: str, *, by: Actor, now: datetime) -> User:
    return users.create_invited(
        public_id=ids.new(),
        email=f"{name}@example.test",
        first_name="",
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=now,
    )


def staff(town: Town, name: str, password: str, *roles: str) -> None:
    """Somebody who signs in to the admin."""
    with town.inside():
        operators.add_staff(
            username=name,
            password=password,
            email="",
            first_name="",
            last_name="",
            roles=roles,
            by=actor.system(town.scope_id),
            now=datetime.now(UTC),
        )


def invitation(town: Town, number: int) -> Invitation:
    """An invitation of a new person."""
    with town.inside():
        answer = onboarding.invite(
            email=f"guest-{number}@example.test",
            role_names=[],
            by=actor.system(town.scope_id),
            now=datetime.now(UTC),
        )
    return Invitation.from_json(results.bundle(answer))


def proposal(town: Town, proposer: Sender) -> Proposal:
    """A policy change that waits for two owners."""
    with town.inside():
        by = queries.actor_of_user(
            user_id=proposer.user.id, kind=ActorKind.DEVICE, device_id=proposer.device
        )
        answer = governance.submit(
            action="policy.create",
            details={
                "policy": str(ids.new()),
                "name": "bench",
                "resource": "/recipients",
                "action": "add",
                "decision_on_true": "REVIEW",
                "review_expression": TWO_OWNERS,
            },
            by=by,
            now=datetime.now(UTC),
            evidence=Evidence(sign1=b"bench"),
        )
        if not isinstance(answer, Pending):
            raise TypeError("the set-up of the benchmark is wrong: this should be pending")
        return Proposal.objects.get(id=answer.proposal_id)
