"""What is measured: adding a member, looking one up, and a hundred of them, in two proofs."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.services import contexts, solutions
from bench import people, rehearsal
from bench.bridge import members
from bench.requests import SLICES, WARM, Builder, Case
from bench.tape import Sent
from identity import actor, ids
from identity.crypto import user_key
from identity.services import api_key_secrets, api_keys

SINGLE, LIST = 3.0, 2.0
"""How much more than the floor a call may cost."""
CONTEXT = "bench"
WORDS = ("contexts", "members")


@dataclass(frozen=True)
class Program:
    """A program with an API key that has a secret."""

    town: people.Town
    key_id: str
    secret: str = field(repr=False)
    size: int = 0

    @property
    def path(self) -> str:
        return f"/s/{self.town.slug}/api"

    def bearer(self) -> Callable[[bytes], Mapping[str, str]]:
        """Calls with an access token, got as the documentation does it."""
        grant = {
            "grantType": "api_key_credentials",
            "apiKeyId": self.key_id,
            "apiKeySecret": self.secret,
            "scope": ["solution:*", "context"],
        }
        answer = json.loads(rehearsal.answered(self.sent(call("manager/auth", grant), {})))
        token = answer["result"]["accessToken"]
        return lambda _: {"Authorization": f"Bearer {token}"}

    def signed(self, body: bytes) -> Mapping[str, str]:
        """A call that the key signs (HMAC-SHA-256, its first twenty bytes)."""
        stamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(16)
        signed = f"{stamp};{nonce};POST\n{self.path}\n".encode() + body + b"\n"
        code = hmac.digest(self.secret.encode(), signed, hashlib.sha256)[:20]
        proof = base64.b64encode(code).decode()
        return {"Authorization": f"pmx-hmac-sha256 {self.key_id};1;{stamp};{nonce};{proof}"}

    def sent(self, body: bytes, headers: Mapping[str, str]) -> Sent:
        return Sent(self.path, body, headers={"Content-Type": "application/json", **headers})


def program(town: people.Town, size: int) -> Program:
    """The program, its solution and its context with so many members."""
    now, by = datetime.now(UTC), actor.system(town.scope_id)
    secret = api_key_secrets.new_hex_secret()
    key_id = secrets.token_hex(16)
    with town.inside():
        api_keys.create(
            key_id=ids.new(),
            called=key_id,
            name="bench",
            credential=api_key_secrets.shared(secret),
            words=sorted(word for word in by.permissions if word.partition(":")[0] in WORDS),
            by=by,
            now=now,
        )
        solutions.create(public_id=CONTEXT, name="bench", by=by, now=now)
        given = contexts.Given(solution_id=CONTEXT, name="bench")
        contexts.create(public_id=CONTEXT, given=given, by=by, now=now)
    members.fill(town.scope_id, CONTEXT, size)
    return Program(town, key_id, secret, size)


def call(method: str, params: Mapping[str, Any]) -> bytes:
    """One call of JSON-RPC."""
    return json.dumps({"jsonrpc": "2.0", "id": 128, "method": method, "params": params}).encode()


def added(_: Program, __: int) -> bytes:
    """Somebody who was not there yet."""
    params = {
        "contextId": CONTEXT,
        "userId": f"new-{secrets.token_hex(8)}",
        "userPubKey": user_key.generate().public.text,
    }
    return call("context/addUserToContext", params)


def looked_up(one: Program, number: int) -> bytes:
    """One of the members, another one each time; the blank makes equal calls differ."""
    member = 1 + number * 7919 % one.size
    body = call("context/getUserFromContext", {"contextId": CONTEXT, "userId": f"m{member}"})
    return body + b" " * (number // one.size)


def listed(_: Program, number: int) -> bytes:
    """The first hundred, from either end."""
    order = "asc" if number % 2 else "desc"
    params = {"contextId": CONTEXT, "skip": 0, "limit": 100, "sortOrder": order}
    body = call("context/listUsersFromContext", params)
    return body + b" " * number


KINDS: Sequence[tuple[str, Callable[[Program, int], bytes], float]] = (
    ("addUserToContext", added, SINGLE),
    ("getUserFromContext", looked_up, SINGLE),
    ("listUsersFromContext (100)", listed, LIST),
)


def plan(one: Program, per_slice: int) -> Sequence[tuple[Builder, int]]:
    """Every kind of call with either proof."""
    count = WARM + SLICES * per_slice
    return [
        (_builder(one, name, body, proof, goal), count)
        for proof in ("Bearer", "HMAC")
        for name, body, goal in KINDS
    ]


def _builder(
    one: Program,
    name: str,
    body: Callable[[Program, int], bytes],
    proof: str,
    goal: float,
) -> Builder:
    def case(_: people.Town, count: int) -> Case:
        prove = one.bearer() if proof == "Bearer" else one.signed
        bodies = [body(one, number) for number in range(count)]
        sent = [one.sent(each, prove(each)) for each in bodies]
        return Case(f"{name}, {proof}", sent, goal=goal)

    return case
