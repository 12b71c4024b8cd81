"""Every place that takes a token, and what each says of one that it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from tests import cast, signed_in
from tests.faces.v1.client import BASE, Bearer, InProcess
from tests.faces.v1.test_bearers import key_of
from tests.signed_in import SignedIn


@dataclass
class Target:
    """A scope with somebody signed in, and a program that may look into tokens."""

    world: cast.World
    held: SignedIn
    program: Bearer

    @classmethod
    def new(cls) -> "Target":
        world = cast.world()
        world.member("owner", "super-admin")
        held = signed_in.start(world, world.member("bob", "super-admin"))
        return cls(world, held, key_of(world, "sessions:introspect"))

    def ask(self, token: str) -> httpx.Response:
        return Bearer.of(token, self.world.scope.slug).get("/me")

    def introspect(self, token: str) -> httpx.Response:
        return self.program.post("/token/introspect", {"token": token})

    def revoke(self, token: str) -> httpx.Response:
        return self.program.post("/token/revoke", {"token": token})

    def renew(self, token: str) -> httpx.Response:
        http = httpx.Client(base_url=BASE, transport=InProcess())
        address = f"/s/{self.world.scope.slug}/v1/token/refresh"
        headers = {"User-Agent": "Laptop/1"}
        return http.post(address, json={"refresh_token": token}, headers=headers)

    def require_refused(self, token: str) -> None:
        """No place takes it, each says the same as always, and the session goes on."""
        for place, refusal in REFUSALS.items():
            answer = place(self, token)
            told = (answer.status_code, answer.json())
            assert told == refusal, (place.__name__, told)
        assert self.ask(self.held.access).status_code == 200


REFUSALS: Mapping[Callable[[Target, str], httpx.Response], object] = {
    Target.ask: (
        401,
        {
            "type": "/problems/unauthenticated",
            "title": "We could not tell who you are.",
            "status": 401,
        },
    ),
    Target.introspect: (200, {"active": False}),
    Target.revoke: (200, {}),
    Target.renew: (
        401,
        {"type": "/problems/token.refused", "title": "This token is not valid.", "status": 401},
    ),
}
