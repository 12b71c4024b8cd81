"""One scope with one thing of each noun and somebody in each role, for walks over every address."""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.core import signals
from django.db import close_old_connections, transaction
from django.test import Client

from accounts.models import Role, RoleRule, Rule, User
from accounts.services import own_dids, role_assignments, roles, rules, staff
from identity import ids, permissions
from identity.crypto import ecdsa_p256
from identity.pages import staff_session
from identity.sdk.keys import DeviceKeys
from identity.services import mail
from invitations.models import Proposal
from tests import (
    account_holders,
    cast,
    lambdas,
    onboarding,
    passkey_holders,
    programs,
    remotes,
    signed_in,
    user_key_holders,
)
from tests import staff as people
from tests.faces.v1.client import Signed

PASSWORD_ROOM = {
    "members": "/contexts/{context}/members",
    **{
        noun: f"/users/{{user}}/{room}"
        for noun, room in (
            ("devices", "devices"),
            ("passkeys", "passkeys"),
            ("passwords", "password"),
        )
    },
}


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is as if it had not been."""
    block = transaction.atomic()
    # As Django's own test cases mark theirs: services that insist on the outermost block may run.
    block._from_testcase = True  # type: ignore[attr-defined]
    # Requests through the WSGI application stay in the transaction of the test; Django's client
    # connects these again after each of its own.
    for signal in _AROUND_REQUESTS:
        signal.disconnect(close_old_connections)
    with block:
        yield
        transaction.set_rollback(True)


@contextlib.contextmanager
def one_connection() -> Iterator[None]:
    """As `undone`, for a whole module."""
    try:
        with undone():
            yield
    finally:
        for signal in _AROUND_REQUESTS:
            signal.connect(close_old_connections)


_AROUND_REQUESTS = (signals.request_started, signals.request_finished)


@dataclass
class Scene:
    """The scope, its things by the names of placeholders, and its people by the names of roles."""

    world: cast.World
    owner: Signed
    things: dict[str, str]
    people: dict[str, Signed] = field(default_factory=dict)
    keys: DeviceKeys = field(default_factory=DeviceKeys.generate)
    addresses: dict[str, str] = field(default_factory=dict)
    """Of the admin's pages, by their patterns, where a walk has asked for them before."""

    @classmethod
    def made(cls) -> "Scene":
        """Everything through the doors, while there is nobody but one owner."""
        world = cast.world(governance=False, lambdas=True)
        member = world.member("alice", "super-admin")
        scene = cls(world, Signed.of(member, world.scope.slug), {"scope": str(world.scope.id)})
        scene.people["super-admin"] = scene.owner
        scene._furnish()
        for name in permissions.PREDEFINED_ROLES:
            if name not in scene.people:
                made = world.member(name, name)
                scene.people[name] = Signed.of(made, world.scope.slug)
        scene._propose()
        return scene

    def _furnish(self) -> None:
        subject = self.world.member("subject")
        done = self._done
        group = done("/groups", {"name": "tea"})["id"]
        webhook = done("/webhooks", {"url": "https://hooks.example.org/", "events": ["*"]})["id"]
        done(f"/webhooks/{webhook}/ping", None)
        delivery = self.owner.get(f"/webhooks/{webhook}/deliveries").json()["items"][0]["id"]
        provider = {"slug": "google", "name": "Google", "kind": "google", **CLIENT}
        application = {"name": "Shop", "return_addresses": ["https://shop.example.org/back"]}
        rule = {"name": "see", "resource": "/groups", "action": "list"}
        batch = done("/invitations/batches", {"lines": [{"email": "one@example.test"}]})
        self.things |= {
            "user": subject.uid,
            "device": str(subject.device.id),
            "group": group,
            "webhook": webhook,
            "delivery": delivery,
            "provider": done("/providers", provider)["id"],
            "application": done("/applications", application)["id"],
            **remotes.furnish(self.world.scope.id),
            "change": str(ids.new()),
            "kind": "google",
            "rule": done("/rules", rule)["id"],
            "role": done("/roles", {"name": "guest"})["id"],
            "invitation": done("/invitations", {"email": "guest@example.test"})["id"],
            "policy": done("/policies", POLICY)["id"],
            "batch": batch["id"],
            "purpose": "signature",
            "event": "1",
        }
        self.things["api_key"] = done("/api-keys", {"name": "backend"})["id"]
        held = programs.begun(self.things["api_key"])
        self.things["machine_session"] = str(held.session_id)
        key = {"name": "Ours", "public_key": ecdsa_p256.generate().public.hex}
        self.things["developer_key"] = done("/developer-keys", key)["id"]
        with cast.in_scope(self.world):
            made = passkey_holders.passkey(subject.user, by=self.world.system)
        self.things["passkey"] = str(made.id)
        self.things["user_key"] = user_key_holders.furnish(self.world, subject.user)
        self.things["managed_key"] = str(account_holders.account(self.world, subject).id)
        done("/me/managed-key", {})
        with cast.in_scope(self.world):
            made_did = own_dids.add_web(
                user_id=subject.user.id, by=self.world.system, now=datetime.now(UTC)
            )
        self.things["did_document"] = str(made_did.id)
        self.things["signature"] = str(account_holders.waiting(self.world, subject).id)
        given = lambdas.config(authorization=lambdas.ANYBODY)
        stored = lambdas.made(self.world, subject, given)
        self.things["lambda"] = self.things["lambda_id"] = str(stored.id)
        self.things["onboarding"] = onboarding.waiting(self.world)
        onboarding.registry(self.world, "a-registry")
        self.things["session"] = str(signed_in.start(self.world, subject).session.id)
        now = datetime.now(UTC)
        with cast.in_scope(self.world):
            role_assignments.grant(
                user_id=subject.user.id, role="member", by=self.world.system, now=now
            )
        credential = {"user": subject.uid, "role": "member"}
        self.things["role_credential"] = done("/role-credentials", credential)["id"]
        self.things["solution"] = done("/solutions", {"name": "Main"})["id"]
        circle = {"solution": self.things["solution"], "name": "Circle", "visibility": "public"}
        self.things["context"] = done("/contexts", circle)["id"]
        joined = {"member": "somebody", "public_key": _MEMBER_KEY}
        done(f"/contexts/{self.things['context']}/members", joined)
        self.things["member"] = "somebody"
        said = {"user": subject.uid, "type": "Employee", "fields": {"desk": "4"}}
        credential = done("/credentials", said)
        self.things |= {
            "credential": credential["id"],
            "number": "1",
            "cid": credential["context"].removeprefix("ipfs://"),
        }
        with cast.in_scope(self.world):
            staff.admit(user_id=subject.user.id, by=self.world.system, now=datetime.now(UTC))
            mail.send(
                to="guest@example.test",
                template="address-changed",
                context={},
                now=datetime.now(UTC),
            )

    def _propose(self) -> None:
        answer = self.owner.post("/groups", {"name": "waits"})
        assert answer.status_code == 202, answer.text
        self.things["proposal"] = answer.json()["proposal"]["id"]
        with cast.in_scope(self.world):
            assert Proposal.objects.filter(id=self.things["proposal"]).exists()

    def _done(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.owner.post(path, body)
        assert answer.status_code in {200, 201}, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def path(self, template: str, things: Mapping[str, str] | None = None) -> str:
        """The address with the ids of this scope's things, or of others, in it."""
        return template.format_map({**self.things, **(things or {})})

    def query(self, method: str, template: str) -> str:
        """What has to stand behind the address."""
        asked = dict.fromkeys(
            ("DELETE /contexts/{context}/members", "GET /contexts/{context}/member-keys"),
            "?member={member}",
        )
        return asked.get(f"{method} {template}", "").format_map(self.things)

    def body(self, method: str, template: str) -> Any:
        """Input that the route would take."""
        keys = {
            "signature_key": self.keys.signature_pubkey,
            "encryption_key": self.keys.encryption_pubkey,
        }
        return _bodies(keys, self.things).get(f"{method} {template}")

    def browser(self, user: User, *, scope: str = "") -> Client:
        """A session that has just shown who it is."""
        client = Client()
        client.force_login(user, backend="accounts.backends.StaffBackend")
        session = client.session
        session[staff_session.PROVED_AT] = int(datetime.now(UTC).timestamp())
        if scope:
            session[staff_session.CHOSEN_SCOPE] = scope
        session.save()
        return client

    def operator(self) -> Client:
        """The platform's operator at work in this scope."""
        return self.browser(people.add_operator(), scope=self.world.scope.slug)

    def custom(self) -> "Words":
        """Somebody whose only role has the words that a test chooses."""
        return Words.made(self.world)


@dataclass
class Words:
    """A person with one custom role, and a rule for every word that there is."""

    member: cast.Member
    client: Signed
    role: Role
    rules: dict[str, Rule]

    @classmethod
    def made(cls, world: cast.World) -> "Words":
        """Without any word at first."""
        member = world.member("worded")
        now = datetime.now(UTC)
        with cast.in_scope(world):
            role = roles.create(
                public_id=ids.new(),
                name="worded",
                description="",
                rule_ids=[],
                by=world.system,
                now=now,
            )
            held = str(role.public_id)
            role_assignments.grant(user_id=member.user.id, role=held, by=world.system, now=now)
            made = {word: _rule(word, world, now) for word in sorted(permissions.ALL)}
        return cls(member, Signed.of(member, world.scope.slug), role, made)

    def hold(self, *words: str) -> None:
        """Exactly these, from the next request on."""
        RoleRule.objects.filter(role=self.role).delete()
        RoleRule.objects.bulk_create(
            RoleRule(scope_id=self.role.scope_id, role=self.role, rule=self.rules[word])
            for word in words
        )


def _rule(word: str, world: cast.World, now: datetime) -> Rule:
    noun, verb = word.split(":")
    return rules.create(
        public_id=ids.new(),
        name=word,
        description="",
        resource=PASSWORD_ROOM.get(noun, f"/{noun}"),
        action=verb,
        proposal_resource="",
        by=world.system,
        now=now,
    )


CLIENT: Final = {"client_id": "client", "client_secret": "not-a-real-one"}
REMOTE: Final = {
    "name": "elsewhere",
    "url": "https://bridge.example.org/api",
    "api_key_id": "0123456789abcdef",
    "api_key_secret": "not-a-real-one",
    "solution_there": "theirs",
}
PASSKEY: dict[str, Any] = {
    "challenge_id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3",
    "credential": {},
}
POLICY: dict[str, Any] = {
    "name": "deny",
    "resource": "/recipients",
    "action": "add",
    "decision_on_true": "DENY",
    "status": "disabled",
}


# Of the private key 1.
_MEMBER_KEY: Final = "5p78kHbL33Rn3JWkTWRE2B9uz6gy4r1KbfAKLNQGE3ovKxJ2W1"


def _bodies(keys: dict[str, str], things: Mapping[str, str]) -> dict[str, Any]:
    nothing = base64.b64encode(b"{}").decode()
    return {
        "POST /me/devices/challenge": keys,
        "POST /me/devices": {"statement": nothing, "signature": nothing},
        "POST /users": {"email": "program@example.test", **keys},
        "PATCH /users/{user}": {"first_name": "Other"},
        "PATCH /me/profile": {"full_name": "Other"},
        "PATCH /users/{user}/profile": {"full_name": "Other"},
        "POST /users/{user}/roles": {"role": "member"},
        "POST /role-credentials": {"user": things.get("user"), "role": "member"},
        "POST /credentials": {"user": things.get("user"), "type": "Employee", "fields": {"a": 1}},
        "POST /credentials/verify": {"credential": {}},
        "POST /solutions": {"name": "Other"},
        "PATCH /solutions/{solution}": {"name": "Other"},
        "POST /contexts": {"solution": things.get("solution"), "name": "Other"},
        "PATCH /contexts/{context}": {"name": "Other"},
        "POST /contexts/{context}/join/challenge": {"member": "new", "public_key": _MEMBER_KEY},
        "POST /contexts/{context}/join": {"message": "{}", "signature": "00"},
        "POST /contexts/{context}/members": {"member": "other", "public_key": _MEMBER_KEY},
        "PUT /contexts/{context}/members/{member}/acl": {"acl": "DENY ALL"},
        "PUT /contexts/{context}/members/{member}/staff": {"is_staff": True},
        "POST /groups": {"name": "coffee"},
        "PATCH /groups/{group}": {"name": "coffee"},
        "POST /groups/{group}/users": {"user": things.get("user")},
        "POST /roles": {"name": "other"},
        "PATCH /roles/{role}": {"description": "other"},
        "POST /rules": {"name": "get", "resource": "/groups", "action": "get"},
        "PATCH /rules/{rule}": {"description": "other"},
        "PATCH /devices/{device}": {"name": "other"},
        "POST /devices/{device}/revocation": {"reason": "lost"},
        "PUT /devices/{device}/keys": {**keys, "proof": nothing},
        "POST /invitations": {"email": "other@example.test"},
        "POST /users/{user}/invitations": {"life_minutes": 60},
        "POST /invitations/batches": {"lines": [{"email": "two@example.test"}]},
        "POST /invitations/lookup": {"invite_string": "x"},
        "POST /invitations/challenge": {"invite_string": "x", **keys},
        "POST /invitations/accept": {
            "invite_string": "x",
            "statement": nothing,
            "one_time_signature": nothing,
            "signature": nothing,
        },
        "POST /proposals/{proposal}/votes": {
            "decision": "approve",
            "proposal_hash": "0" * 64,
            "statement": nothing,
        },
        "POST /policies": {**POLICY, "name": "other"},
        "PATCH /policies/{policy}": {"description": "other"},
        "POST /policies/decide": {"command": "group.create", "details": {"name": "x"}},
        "PATCH /scopes/{scope}": {"name": "Other"},
        "POST /webhooks": {"url": "https://hooks.example.org/two", "events": ["*"]},
        "PATCH /webhooks/{webhook}": {"description": "other"},
        "POST /webhooks/{webhook}/replay": {"since": "2026-01-01T00:00:00Z"},
        "POST /providers": {"slug": "github", "name": "GitHub", "kind": "github", **CLIENT},
        "PATCH /providers/{provider}": {"name": "Other"},
        "POST /remotes": {**REMOTE, "name": "two"},
        "PATCH /remotes/{remote}": {"name": "other"},
        "POST /remotes/{remote}/retry": {},
        "POST /remotes/{remote}/contexts": {"context": "another circle"},
        "POST /remotes/{remote}/contexts/{carried}/resync": {},
        "POST /applications": {"name": "Two", "return_addresses": ["https://two.example.org/"]},
        "PATCH /applications/{application}": {"name": "Other"},
        "POST /staff": {"id": things.get("user")},
        "POST /me/sessions/end-others": {},
        "POST /me/lock": {},
        "POST /users/{user}/lock": {},
        "POST /token/introspect": {"token": "x"},
        "POST /token/revoke": {"token": "x"},
        "POST /token/refresh": {"refresh_token": "x"},
        "POST /sign-in/password": {"username": "nobody", "password": "x"},
        "POST /sign-in/second-factor": {"ticket": "x", "code": "x"},
        "POST /sign-in/email": {"email": "someone@example.test"},
        "POST /sign-in/email/code": {"email": "someone@example.test", "code": "x"},
        "PUT /me/password": {"password": "x"},
        "POST /me/step-up": {"password": "x"},
        "POST /me/step-up/email": {},
        "POST /me/step-up/wallet": {"address": "0x" + "11" * 20},
        "POST /me/step-up/user-key": {"public_key": _MEMBER_KEY},
        "POST /me/user-keys/challenge": {"public_key": _MEMBER_KEY},
        "POST /me/user-keys": {"message": "{}", "signature": "00"},
        "POST /me/step-up/passkey": {},
        "POST /passkeys/registration": {},
        "POST /passkeys": PASSKEY,
        "PUT /passkeys/{passkey}": {"name": "other"},
        "POST /passkeys/authentication": {},
        "POST /passkeys/authentication/complete": PASSKEY,
        "POST /passkeys/joining": {"username": "newcomer"},
        "POST /passkeys/joining/complete": {"username": "newcomer", **PASSKEY},
        "POST /me/one-time-password": {},
        "POST /me/one-time-password/confirm": {"code": "x"},
        "POST /me/recovery-codes": {},
        "POST /me/email": {"email": "someone@example.test"},
        "POST /me/email/code": {"email": "someone@example.test", "code": "x"},
        "POST /token": {"grant_type": "authorization_code", "code": "x"},
        "POST /developer-keys": {
            "name": "Two",
            "public_key": ecdsa_p256.generate().public.hex,
        },
        "POST /onboardings": {
            "role": "USER",
            "username": "newcomer",
            "password": "examplePassword123",
            "parent": "nobody",
        },
        "POST /onboardings/{onboarding}/retry": {},
        "POST /onboardings/{onboarding}/cancel": {},
        "POST /me/managed-key": {},
        "POST /me/dids": {"method": "web"},
        "POST /me/dids/{did_document}/deactivate": {},
        "POST /me/managed-key/messages": {"text": "hello"},
        "POST /me/managed-key/transactions": {"transaction": account_holders.PAYMENT},
        "POST /me/managed-key/typed-data": {"typed_data": account_holders.TYPED_DATA},
        "POST /me/lambdas": {"config": lambdas.config()},
        "POST /me/lambdas/{lambda_id}/executions": {},
        "POST /lambdas/{lambda_id}/executions": {},
        "POST /me/lambdas/{lambda_id}/disable": {},
        "POST /lambdas/{lambda_id}/disable": {},
        "POST /api-keys": {"name": "other"},
        "PATCH /api-keys/{api_key}": {"name": "third"},
        "POST /api-keys/{api_key}/rotation": {"overlap_minutes": 5},
        "POST /api-keys/{api_key}/disable": {},
        "POST /api-keys/{api_key}/enable": {},
    }
