"""People of this face: with a passkey in an authenticator in software, registered and signed in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from identity.services import scopes
from tests import cast
from tests.authenticator import Authenticator
from tests.faces.passport.client import Answer, Client


def welcome(world: cast.World) -> None:
    """Let whoever makes a passkey join."""
    with cast.in_scope(world):
        scopes.change_settings(
            changes={"passkey_sign_up": True}, by=world.system, now=datetime.now(UTC)
        )


@dataclass
class Person:
    """Somebody with a device, who calls as the published client does."""

    client: Client
    name: str = "alice"
    device: Authenticator = field(default_factory=Authenticator)

    @property
    def user(self) -> dict[str, str]:
        return {"username": self.name, "userDisplayName": self.name.title()}

    def begin(self, method: str, **more: Any) -> tuple[str, dict[str, Any], str]:
        """The id of the challenge, the options below "publicKey", and the encrypted user."""
        sealed = self.client.seal_json(self.user)
        told = self.client.call(method, {"encrypted_user": sealed, **more}).result
        name = next(name for name in told if name != "challenge_id")
        return told["challenge_id"], self.client.open_json(told[name])["publicKey"], sealed

    def register(self, **headers: Any) -> Answer:
        challenge_id, options, sealed = self.begin("initiateRegistration")
        given = self.device.create(options)
        return self.complete("completeRegistration", challenge_id, given, sealed, **headers)

    def authenticate(self, *, regenerate_seed: bool = False, **headers: Any) -> Answer:
        challenge_id, options, sealed = self.begin(
            "initiateAuthentication", regenerate_seed=regenerate_seed
        )
        given = self.device.get(options)
        return self.complete("completeAuthentication", challenge_id, given, sealed, **headers)

    def complete(
        self, method: str, challenge_id: Any, given: Any, sealed: str, **headers: Any
    ) -> Answer:
        kind = "attestation" if method == "completeRegistration" else "assertion"
        params = {
            "challenge_id": challenge_id,
            f"encrypted_{kind}": self.client.seal_json(given),
            "encrypted_user": sealed,
        }
        return self.client.call(method, params, **headers)

    def enter(self, **options: Any) -> dict[str, str]:
        """Sign in; the headers that the published client keeps."""
        sealed = self.authenticate(**options).result["encrypted_jwt"]
        return {
            "x-encrypted-session": sealed,
            "x-encrypted-user": self.client.seal_json(self.user),
        }


def registered(world: cast.World, name: str = "alice") -> Person:
    """Somebody new, with an account."""
    person = Person(Client(world), name)
    assert person.register().result["account_id"]
    return person
