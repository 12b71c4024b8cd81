"""An app of a user's over `/v1`: it keeps cookies as a browser does, and sends tokens."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from accounts.models import User
from accounts.services import passwords
from sessions_app.models import Session
from tests import cast
from tests.faces.v1.client import BASE, InProcess

PASSWORD = "correct horse battery staple"


@dataclass
class App:
    """One browser or app at one address."""

    world: cast.World
    address: str = "192.0.2.7"
    token: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        transport = InProcess(self.address)
        self.http = httpx.Client(base_url=BASE, transport=transport)

    def send(self, method: str, path: str, json: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = f"/s/{self.world.scope.slug}/v1{path}"
        return self.http.request(method, address, json=json, headers=headers)

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def post(self, path: str, json: Any = None) -> httpx.Response:
        return self.send("POST", path, json)

    def enter(self, answer: httpx.Response) -> dict[str, Any]:
        """Go on with the tokens of a sign-in that is complete."""
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert told["status"] == "signed-in"
        self.token = told["access_token"]
        return told

    def by_password(self, username: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/sign-in/password", {"username": username, "password": password})


def protect(world: cast.World, user: User, password: str = PASSWORD) -> None:
    """Give an account a password."""
    with cast.in_scope(world):
        verifier = passwords.make_verifier(password)
        passwords.set_first(
            user_id=user.id, verifier=verifier, by=world.system, now=datetime.now(UTC)
        )


def left_alone(world: cast.World, *, minutes: int = 6) -> None:
    """Every session's proof is some minutes old."""
    with cast.in_scope(world):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(minutes=minutes))


def code_in(text: Any) -> str:
    found = re.search(r"\b\d{6}\b", str(text))
    assert found
    return found[0]
