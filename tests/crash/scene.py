"""A scope in a deployment of real processes, and clients whose server may die under them."""

import itertools
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from identity.sdk.client import Client
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.results import Done
from identity.sdk.session import Invitation, Session
from tests.crash.books import Books
from tests.serving import Program, Served


class Fated(httpx.BaseTransport):
    """Tells the server where to die in the next request, and looks at the books when it did.

    Only the first request is doomed; when the client asks again, the server lives.
    """

    def __init__(self, on_death: Callable[[], None]) -> None:
        self.die_at = 0
        self.deaths = 0
        self._on_death = on_death
        self._way = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.die_at:
            request.headers["Die-At"] = str(self.die_at)
            self.die_at = 0
        try:
            return self._way.handle_request(request)
        except httpx.HTTPError:
            self.deaths += 1
            self._on_death()
            raise


@dataclass
class Deployment:
    """A home with a database, and the mortal server on it."""

    served: Served
    books: Books
    process: Program | None = None
    fated: Fated = field(init=False)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.fated = Fated(self.books.require_whole)
        self.http = httpx.Client(transport=self.fated)

    def start(self) -> None:
        server = ("tests.crash.mortal_server", str(self.served.port))
        self.process = self.served.begin(*server, log=self.served.log)
        self.served.process = self.process
        while "ready" not in self.served.output():
            assert self.process.poll() is None, self.served.output()
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def die_everywhere(self, act: Callable[[], object]) -> list[str]:
        """Do it again and again, each time dying one point later, until it is survived.

        Returns what the deaths were at. Each act has to end well in spite of the death.
        """
        before = len(self.deaths())
        for point in itertools.count(1):
            deaths = self.fated.deaths
            self.fated.die_at = point
            act()
            self.books.require_whole()
            if self.fated.deaths == deaths:
                break
        return self.deaths()[before:]

    def deaths(self) -> list[str]:
        return [line for line in self.served.output().splitlines() if line.startswith("died ")]


@dataclass
class Company:
    """A scope with an owner, alice. `http` is what her client and everybody else's use."""

    url: str
    http: httpx.Client
    alice: Client

    @classmethod
    def found(cls, served: Served, slug: str, http: httpx.Client) -> "Company":
        served.manage("scopes", "create", slug)
        printed = served.manage("bootstrap_owner", "--scope", slug, "--email", f"alice@{slug}.test")
        url = f"{served.url}/s/{slug}/request"
        session = authorize(
            url, Invitation.from_json(json.loads(printed)), DeviceKeys.generate(), "x", http=http
        )
        assert isinstance(session, Session)
        return cls(url, http, Client(url, session, http=http))

    def invite(self, uid: str = "") -> Any:
        """alice, the only owner, invites somebody new; the bundle that she gets."""
        uid = uid or str(uuid4())
        details = {"uid": uid, "email": f"{uid}@example.test", "user_category": "regular"}
        answer = self.alice.request("add", "/users/invite", details, idempotency_key=uid)
        assert isinstance(answer, Done), answer
        return answer.details

    def join(self, bundle: Any, keys: DeviceKeys | None = None) -> Client:
        """Somebody's device is registered, and it signs requests."""
        invitation, keys = Invitation.from_json(bundle), keys or DeviceKeys.generate()
        session = authorize(self.url, invitation, keys, "laptop", http=self.http)
        assert isinstance(session, Session), session
        client = Client(self.url, session, http=self.http)
        me = client.request("get", "/me").details
        assert me["uid"] == session.user_id
        return client

    def revoke(self, client: Client) -> None:
        """alice, the only owner, revokes somebody's device."""
        session = client.session
        path = f"/users/{session.user_id}/devices/{session.device}"
        key = str(uuid4())
        answer = self.alice.request("delete", path, {"reason": "lost"}, idempotency_key=key)
        assert isinstance(answer, Done), answer

    def second_owner(self) -> Client:
        """bob, whose approval alice's changes need from now on."""
        bob = self.join(self.invite())
        path = f"/users/{bob.session.user_id}/roles"
        assert isinstance(self.alice.request("add", path, {"rid": "workspace-owner"}), Done)
        return bob

    def propose(self, plid: str = "") -> str:
        """alice proposes a policy; the proposal that waits for bob."""
        plid = plid or str(uuid4())
        details = {
            "plid": plid,
            "name": "nobody deletes groups",
            "resource": "/groups/{group}",
            "action": "delete",
            "decision_on_true": "DENY",
        }
        answer = self.alice.request("add", "/policies", details, idempotency_key=plid)
        waiting = getattr(answer, "proposal_id", None)
        assert isinstance(waiting, str), answer
        return waiting


def served_on(home: Path, database: str, **settings: str) -> Served:
    """A server with this home and this database, not started."""
    return Served(home, {"DATABASE_URL": database, **settings})
