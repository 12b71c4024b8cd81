"""The cast of the tests: scopes with owners and members whose devices hold real keys.

alice is an owner, bob a member (an owner too where a test says so), charlie lives in another
scope, robot is a program.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from accounts.models import Device, KnownKey, User
from accounts.services import devices, role_assignments, users
from identity import actor, ids
from identity.api.enterprise import views
from identity.crypto import ecdsa_p256
from identity.models import Scope
from identity.scoping import current
from identity.sdk.client import Client
from identity.sdk.keys import DeviceKeys
from identity.sdk.session import ServerKeys, Session, read_rsa_key
from identity.services import scopes, server_keys
from identity.services.scope_settings import ScopeSettings
from identity.web import scope_resolution

URL = "http://countersign.test/request"
_counter = itertools.count(1)


class InProcess(httpx.BaseTransport):
    """Carries envelopes to the view without a socket; `slug` is the path prefix of the address."""

    def __init__(self, slug: str = "", address: str = "192.0.2.1") -> None:
        self.slug = slug
        self.address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = views.respond(
            views.Sent(
                body=request.read(),
                media_type=request.headers.get("content-type", ""),
                address=self.address,
                named=scope_resolution.Named(slug=self.slug, path="/request"),
            ),
            now=datetime.now(UTC),
        )
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=stream)


@dataclass
class Member:
    """A user with a device and the client that uses it."""

    user: User
    device: Device
    session: Session
    client: Client

    @property
    def uid(self) -> str:
        return str(self.user.public_id)


@dataclass
class World:
    """One scope and what the server's clients know of it."""

    scope: Scope
    server: ServerKeys

    @property
    def system(self) -> actor.Actor:
        return actor.system(self.scope.id)

    def http(self) -> httpx.Client:
        return httpx.Client(transport=InProcess(self.scope.slug))

    def member(self, name: str, *roles: str) -> Member:
        """A user with these roles and one active device."""
        now = datetime.now(UTC)
        keys = DeviceKeys.generate()
        with current.in_scope(self.scope.id):
            user = users.create_invited(
                public_id=ids.new(),
                email=f"{name}@example.test",
                first_name=name.title(),
                last_name="",
                mobile="",
                customer_id="",
                by=self.system,
                now=now,
            )
            device = devices.register(
                user=user,
                name=f"{name}'s device",
                signature_key=keys.signature_pubkey,
                encryption_key=keys.encryption_pubkey,
                push_token="",
                registration_kind=KnownKey.Registration.KEYS_AT_CREATION,
                registration=None,
                signer_key="",
                by=self.system,
                now=now,
            )
            users.activate(user=user, verifier="", by=self.system, now=now)
            for role in roles:
                role_assignments.grant(user_id=user.id, role=role, by=self.system, now=now)
            user.refresh_from_db()
        session = Session(
            user_id=str(user.public_id), device=device.id, keys=keys, server=self.server
        )
        client = Client(URL, session, http=self.http())
        return Member(user=user, device=device, session=session, client=client)


def world(slug: str = "", **settings: Any) -> World:
    """A new scope with its keys, built-in policies and audit chain."""
    slug = slug or f"scope-{next(_counter)}"
    scope = scopes.create(
        slug=slug, name=slug, settings=ScopeSettings(**settings), now=datetime.now(UTC)
    )
    return known(scope)


def known(scope: Scope) -> World:
    """A scope that was made elsewhere."""
    with current.in_scope(scope.id):
        keys = server_keys.client_keys()
    server = ServerKeys(
        encryption=read_rsa_key(keys.encryption_pem_base64),
        signatures=(ecdsa_p256.parse_public(keys.signature_hex),),
    )
    return World(scope=scope, server=server)


def in_scope(world: World) -> Any:
    """Enter a world's scope."""
    return current.in_scope(world.scope.id)


__all__ = ["InProcess", "Member", "World", "in_scope", "known", "world"]
