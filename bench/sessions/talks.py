"""What clients of ours and of others' servers say on their connections."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from bench import load, people
from bench.load import Repeated, Talk
from bench.sessions import guests
from bench.tape import Sent

LINES = 4


class Renewing:
    """A chain of renewals: the token of each answer is spent by the next request."""

    def __init__(
        self, token: str, asked: Callable[[str], bytes], found: Callable[[Any], str]
    ) -> None:
        self.token = token
        self.asked = asked
        self.found = found

    def ask(self) -> bytes:
        return self.asked(self.token)

    def told(self, status: int, body: bytes) -> None:
        if status == 200:
            self.token = self.found(json.loads(body))


def raw(sent: Sent) -> bytes:
    """The bytes of a request."""
    return load.request(sent.method, sent.path, sent.headers, sent.body)


def round_robin(requests: Sequence[bytes], lines: int = LINES) -> list[Talk]:
    """Connections that begin at different places of the same round."""
    return [Repeated(requests, number * len(requests) // lines) for number in range(lines)]


def ours(town: people.Town, sessions: int) -> dict[str, list[Talk]]:
    """By the name of the case."""
    wallets = [guests.Wallet.number(20_000 + number) for number in range(sessions)]
    pairs = guests.wallet_sessions(town, wallets)
    users, secret = guests.persons(town, min(sessions, 40), "beside"), guests.backend(town)
    own = [guests.own_session(town, users[number % len(users)]) for number in range(sessions)]
    chains: list[Talk] = [
        Renewing(
            pair.refresh,
            lambda token: raw(guests.renewal(town, token)),
            lambda told: str(told["nextRefreshToken"]),
        )
        for pair in pairs[:LINES]
    ]
    own_chains: list[Talk] = [
        Renewing(
            guests.own_session(town, users[0]).refresh,
            lambda token: raw(guests.own_renewal(town, token)),
            lambda told: str(told["refresh_token"]),
        )
        for _ in range(LINES)
    ]
    introspections = [
        raw(guests.about_token(town, "introspect", each.access, secret)) for each in own
    ]
    # The first sessions are renewed elsewhere; their access tokens stay good.
    checks = [raw(guests.session_check(town, each)) for each in pairs]
    sign_ins = [raw(guests.password_sign_in(town, user)) for user in users]
    return {
        "session check": round_robin(checks),
        "introspection": round_robin(introspections),
        "refresh (face)": chains,
        "refresh (/v1)": own_chains,
        "password sign-in": round_robin(sign_ins),
    }


def better_auths(told: Any, users: int) -> dict[str, list[Talk]]:
    checks = [
        load.request("GET", "/api/auth/get-session", {"Cookie": cookie})
        for cookie in told["cookies"]
    ]
    return {
        "session check": round_robin(checks),
        "password sign-in": round_robin(better_auth_sign_ins(told, users)),
    }


def better_auth_sign_ins(told: Any, users: int) -> list[bytes]:
    headers = {"Content-Type": "application/json", "Origin": "http://127.0.0.1"}
    return [
        load.request("POST", "/api/auth/sign-in/email", headers, json.dumps(body).encode())
        for body in (
            {"email": f"u{number}@example.test", "password": told["password"]}
            for number in range(1, min(users, 40) + 1)
        )
    ]


def oidc_providers(told: Any) -> dict[str, list[Talk]]:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": told["authorization"],
    }

    renewing = "grant_type=refresh_token&refresh_token="

    def posted(path: str, body: str) -> bytes:
        return load.request("POST", path, headers, body.encode())

    introspections = [
        posted("/token/introspection", f"token={quote(each['access'])}") for each in told["tokens"]
    ]
    chains: list[Talk] = [
        Renewing(
            each["refresh"],
            lambda token: posted("/token", f"{renewing}{quote(token)}"),
            lambda answer: str(answer["refresh_token"]),
        )
        for each in told["tokens"][:LINES]
    ]
    return {"introspection": round_robin(introspections), "refresh": chains}
