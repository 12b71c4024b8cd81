"""People with passkeys, and what their browsers send: plain, and through the channel of a face."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.models import User
from accounts.services import managed_keys, profiles
from bench import people, rehearsal
from bench.sessions import guests
from bench.tape import Sent
from identity.actor import Actor, ActorKind
from sessions_app.services import passkey_ceremonies
from sessions_app.services.passkey_options import Ceremony
from tests.authenticator import Authenticator

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
USERNAME = "person-{}@bench.test"


def town(slug: str) -> people.Town:
    """A scope where people may join with a passkey, and access tokens outlive the run."""
    return people.town(slug, passkey_sign_up=True, access_minutes=24 * 60)


def later() -> datetime:
    """When ceremonies are begun here: their minute is over only when everything was measured."""
    return datetime.now(UTC) + timedelta(hours=2)


@dataclass
class Holder:
    """Somebody with an authenticator; `username` may be nobody's yet."""

    town: people.Town
    username: str
    device: Authenticator = field(default_factory=lambda: Authenticator(counter=None))

    def begin_sign_in(self) -> Sent:
        """`POST /v1/passkeys/authentication`."""
        return self._posted("authentication", {"username": self.username})

    def sign_in(self) -> Sent:
        """`POST /v1/passkeys/authentication/complete`, to a challenge that waits."""
        with self.town.inside():
            begun = passkey_ceremonies.begin_authentication(name=self.username, now=later())
        return self._posted(
            "authentication/complete",
            {
                "challenge_id": str(begun.challenge_id),
                "username": self.username,
                "credential": self.device.get(begun.options),
            },
        )

    def begin_joining(self) -> Sent:
        """`POST /v1/passkeys/joining`."""
        return self._posted("joining", {"username": self.username})

    def join(self) -> Sent:
        """`POST /v1/passkeys/joining/complete`."""
        begun = self.newcomer()
        return self._posted(
            "joining/complete",
            {
                "challenge_id": str(begun.challenge_id),
                "username": self.username,
                "credential": self.device.create(begun.options),
            },
        )

    def newcomer(self) -> Ceremony:
        """Options to join with, as they were handed out."""
        with self.town.inside():
            return passkey_ceremonies.begin_newcomer(
                name=self.username, display_name=self.username, now=later()
            )

    def _posted(self, path: str, body: Mapping[str, Any]) -> Sent:
        return guests.posted(f"/s/{self.town.slug}/v1/passkeys/{path}", dict(body))


def holder(town: people.Town, name: str) -> Holder:
    """A person who has a passkey, and an account that signs, and was here before."""
    user = people.person(town, name)
    found = Holder(town, user.username)
    with town.inside():
        by = Actor(ActorKind.SESSION, town.scope_id, user_id=user.id, public_id=user.public_id)
        now = datetime.now(UTC)
        begun = passkey_ceremonies.begin_registration(user=user, by=by, now=now)
        passkey_ceremonies.complete_registration(
            challenge_id=begun.challenge_id,
            user=user,
            credential=found.device.create(begun.options),
            name="Key",
            by=by,
            now=now,
        )
        managed_keys.create(user=User.objects.get(id=user.id), now=now)
        profiles.ensure(user_id=user.id, by=by, now=now)
    return found


@dataclass
class Line:
    """A holder's channel to the face: one AES key, wrapped once, as the published client does."""

    holder: Holder
    key: bytes = field(default_factory=lambda: os.urandom(32))

    def __post_init__(self) -> None:
        wrapped = self.holder.town.server_key.key.encrypt(base64.b64encode(self.key), OAEP)
        self._wrapped = base64.b64encode(wrapped).decode()
        self.user = self.seal({"username": self.holder.username})

    def seal(self, value: Any) -> str:
        plain = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        nonce = os.urandom(12)
        return base64.b64encode(nonce + AESGCM(self.key).encrypt(nonce, plain, None)).decode()

    def open(self, text: str) -> str:
        raw = base64.b64decode(text)
        return AESGCM(self.key).decrypt(raw[:12], raw[12:], None).decode()

    def call(self, method: str, params: Any, **headers: str) -> Sent:
        given = {
            "X-Scope-Id": str(self.holder.town.scope_id),
            "X-Encrypted-Key": self._wrapped,
            "X-Encrypted-User": self.user,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return guests.posted("/passport", body, **given, **headers)

    def begin_registration(self) -> Sent:
        return self.call("initiateRegistration", {"encrypted_user": self.user})

    def registration(self) -> Sent:
        begun = self.holder.newcomer()
        return self._answer(
            "completeRegistration", "encrypted_attestation", begun, self.holder.device.create
        )

    def begin_authentication(self) -> Sent:
        return self.call("initiateAuthentication", {"encrypted_user": self.user})

    def authentication(self) -> Sent:
        with self.holder.town.inside():
            begun = passkey_ceremonies.begin_authentication(name=self.holder.username, now=later())
        return self._answer(
            "completeAuthentication", "encrypted_assertion", begun, self.holder.device.get
        )

    def _answer(self, method: str, name: str, begun: Ceremony, act: Any) -> Sent:
        params = {
            "encrypted_user": self.user,
            "challenge_id": str(begun.challenge_id),
            name: self.seal(act(begun.options)),
        }
        return self.call(method, params)

    def session(self) -> "Session":
        """Signed in, in this process."""
        told = json.loads(rehearsal.answered(self.authentication()))
        address = json.loads(
            rehearsal.answered(
                self.call("eth_accounts", [], **self._proof(told["result"]["encrypted_jwt"]))
            )
        )
        return Session(self, self._proof(told["result"]["encrypted_jwt"]), address["result"][0])

    def _proof(self, sealed: str) -> dict[str, str]:
        return {"X-Encrypted-Session": self.seal(self.open(sealed))}


@dataclass(frozen=True)
class Session:
    """A session at the face."""

    line: Line
    proof: Mapping[str, str]
    address: str

    def sign(self, number: int) -> Sent:
        """`personal_sign` of a message that was never signed."""
        message = "0x" + f"benchmark message {number}".encode().hex()
        return self.line.call("personal_sign", [message, self.address], **self.proof)
