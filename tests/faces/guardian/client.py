"""A client of this face in this process: it has a user name, a password and what these gave it."""

import io
import itertools
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.services import passwords, registrations
from identity import ids
from identity.actor import Actor
from identity.wsgi import application
from tests import acts, cast

PASSWORD = "examplePassword123"
OTHER = "anotherPassword456"
_names = itertools.count(1)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def message(self) -> Any:
        return self.json["message"]


def envelope(status: int, message: Any, error: str) -> dict[str, Any]:
    """What every refusal is."""
    return {"statusCode": status, "message": message, "error": error}


UNAUTHORIZED = envelope(401, "Unauthorized", "Unauthorized")
FORBIDDEN = envelope(403, "Forbidden", "Forbidden")
NOT_FOUND = envelope(404, "Not Found", "Not Found")


def carried(
    method: str,
    path: str,
    raw: bytes = b"",
    *,
    token: str = "",
    query: str = "",
    media_type: str = "application/json",
    address: str = "192.0.2.30",
    **more: Any,
) -> Answer:
    """One HTTP request to the server, fast lane and all."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": address,
        "CONTENT_TYPE": media_type if raw else "",
        "CONTENT_LENGTH": str(len(raw)),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "HTTP_HOST": "testserver",
        "HTTP_USER_AGENT": "client/1",
        "wsgi.input": io.BytesIO(raw),
        "wsgi.url_scheme": "http",
        **more,
    }
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    told: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told.extend((status, headers))
        return lambda _: None

    content = b"".join(application(environ, start))
    return Answer(int(told[0].split()[0]), dict(told[1]), content)


@dataclass
class Client:
    """Calls below the scope's prefix; `mount` is what stands in front of the documented path."""

    world: cast.World
    username: str = ""
    password: str = PASSWORD
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    mount: str = ""
    address: str = "192.0.2.30"

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        more.setdefault("token", self.access)
        more.setdefault("address", self.address)
        where = f"/s/{self.world.scope.slug}{self.mount}{path}"
        return carried(method, where, raw, **more)

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("PUT", path, body, **more)

    def login(self, **more: Any) -> Answer:
        body = {"username": self.username, "password": self.password, **more}
        return self.post("/accounts/login", body)

    def sign_in(self, **more: Any) -> "Client":
        """As clients do: a refresh token first, then an access token for it."""
        answer = self.login(**more)
        assert answer.status == 200, answer.text
        self.refresh = answer.json["refreshToken"]
        return self.renew()

    def renew(self) -> "Client":
        answer = self.post("/accounts/access-token", {"refreshToken": self.refresh})
        assert answer.status == 200, answer.text
        self.access = answer.json["accessToken"]
        return self


def registering(username: str, role: str = "USER", **more: Any) -> dict[str, Any]:
    """The body of a registration."""
    body = {
        "username": username,
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        "role": role,
    }
    return body | more


def registered(
    world: cast.World,
    role: str = "USER",
    username: str = "",
    *,
    by: Actor | None = None,
    now: datetime | None = None,
) -> Client:
    """Somebody with an account, made by the operator's shell; not signed in."""
    name = username or f"{role.lower().replace('_', '-')}-{next(_names)}"
    with cast.in_scope(world):
        registrations.register(
            public_id=ids.new(),
            username=name,
            role=role,
            verifier=passwords.make_verifier(PASSWORD),
            by=by or world.system,
            now=now or acts.now(),
        )
    return Client(world, name)


def registry(world: cast.World, username: str = "") -> Client:
    """A registry that is signed in."""
    return registered(world, "STANDARD_REGISTRY", username).sign_in()


def member(world: cast.World, username: str = "") -> Client:
    """A user of no registry yet who is signed in."""
    return registered(world, "USER", username).sign_in()
