"""A remote on a port of this machine: holds contexts and members, and fails as it is told.

It speaks what docs/remotes.md describes and checks the signature of every call. `lies`, `answers`
and `pause` make it one that lies, answers nonsense or takes its time; `seen` is every call.
"""

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY_ID = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"
SOLUTION = "solution"
UNAUTHORIZED = 0x612F
_NAMES = {
    "contextId": "context_id",
    "userId": "user_id",
    "userPubKey": "public_key",
    "pubKey": "public_key",
    "solutionId": "solution_id",
    "sortOrder": "sort_order",
}


class Refuse(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Member:
    user: str
    key: str
    acl: str
    created: int


@dataclass
class Circle:
    id: str
    name: str
    description: str
    members: dict[str, Member] = field(default_factory=dict)


class StandIn:
    """Listens for the length of a `with` block; a second one may take over its state and port."""

    def __init__(self, *, port: int = 0, circles: dict[str, Circle] | None = None) -> None:
        self.circles: dict[str, Circle] = {} if circles is None else circles
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.pause = 0.0
        self.status = 200
        self.lies: set[str] = set()
        """Methods that answer OK and do nothing."""
        self.refuses: dict[str, Refuse] = {}
        """Methods that are refused."""
        self.answers: Callable[[dict[str, Any], bytes], bytes] | None = None
        """Makes another answer of the call and the right answer."""
        self.before: Callable[[str, dict[str, Any]], None] | None = None
        self.secret = SECRET
        self.is_acl_dropped = True
        self.most_at_once = 0
        self._at_once = 0
        self._nonces: set[str] = set()
        self._clock = itertools.count(1)
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/api"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def circle(self, id: str = "there") -> Circle:  # noqa: A002 as the wire has it
        return self.circles.setdefault(id, Circle(id, "made by hand", ""))

    def members(self, context: str = "there") -> dict[str, tuple[str, str]]:
        with self._lock:
            rows = self.circles[context].members.values()
            return {row.user: (row.key, row.acl) for row in rows}

    def put(self, user: str, key: str, acl: str = "ALLOW ALL", context: str = "there") -> None:
        row = Member(user, key, acl, next(self._clock))
        self.circle(context).members[user] = row

    def methods(self) -> list[str]:
        return [method.removeprefix("context/") for method, _ in self.seen]

    def respond(self, path: str, authorization: str, body: bytes) -> bytes:
        call = json.loads(body)
        method, params = call["method"], call["params"]
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.seen.append((method, params))
        try:
            if self.before:
                self.before(method, params)
            time.sleep(self.pause)
            reply = {"jsonrpc": "2.0", "id": call["id"], **self._reply(path, authorization, body)}
        finally:
            with self._lock:
                self._at_once -= 1
        right = json.dumps(reply).encode()
        return self.answers(call, right) if self.answers else right

    def _reply(self, path: str, authorization: str, body: bytes) -> dict[str, Any]:
        call = json.loads(body)
        try:
            self._check(path, authorization, body)
            if call["method"] in self.refuses:
                raise self.refuses[call["method"]]
            if call["method"] in self.lies:
                return {"result": "OK"}
            with self._lock:
                return {"result": self._act(call["method"], call["params"])}
        except Refuse as refusal:
            error = {"code": refusal.code, "message": refusal.message, "data": None}
            return {"error": error}

    def _check(self, path: str, authorization: str, body: bytes) -> None:
        scheme, _, rest = authorization.partition(" ")
        parts = rest.split(";")
        if scheme != "pmx-hmac-sha256" or len(parts) != 5 or parts[:2] != [KEY_ID, "1"]:
            raise Refuse(UNAUTHORIZED, "Unauthorized")
        data = f"{parts[2]};{parts[3]};POST\n{path}\n".encode() + body + b"\n"
        expected = hmac.digest(self.secret.encode(), data, hashlib.sha256)[:20]
        is_late = abs(int(parts[2]) / 1000 - time.time()) > 600
        with self._lock:
            is_replay = parts[3] in self._nonces
            self._nonces.add(parts[3])
        if base64.b64decode(parts[4]) != expected or is_late or is_replay:
            raise Refuse(UNAUTHORIZED, "Unauthorized")

    def _act(self, method: str, params: dict[str, Any]) -> Any:
        acts: dict[str, Callable[..., Any]] = {
            "context/getContext": self._get_context,
            "context/createContext": self._create_context,
            "context/listContextsOfSolution": self._contexts,
            "context/addUserToContext": self._add,
            "context/removeUserFromContext": self._remove,
            "context/removeUserFromContextByPubKey": self._remove_key,
            "context/getUserFromContext": self._get,
            "context/getUserFromContextByPubKey": self._get_by_key,
            "context/setUserAcl": self._set_acl,
            "context/listUsersFromContext": self._users,
        }
        if method not in acts:
            raise Refuse(-32601, "Method not found")
        return acts[method](**{_NAMES.get(name, name): value for name, value in params.items()})

    def _circle(self, context: str) -> Circle:
        if context not in self.circles:
            raise Refuse(0x6116, "Context does not exist")
        return self.circles[context]

    def _get_context(self, context_id: str) -> Any:
        return {"context": self._shown(self._circle(context_id))}

    def _create_context(self, solution: str, name: str, description: str, scope: str) -> Any:
        assert scope in {"public", "private"}
        if solution != SOLUTION:
            raise Refuse(0x6130, "Solution does not exist")
        made = Circle(f"context-{next(self._clock)}", name, description)
        self.circles[made.id] = made
        return {"contextId": made.id}

    def _contexts(self, solution_id: str, skip: int, limit: int, sort_order: str) -> Any:
        assert (sort_order, solution_id) == ("asc", SOLUTION)
        rows = [self._shown(circle) for circle in self.circles.values()]
        return {"list": rows[skip : skip + limit], "count": len(rows)}

    def _add(self, context_id: str, user_id: str, public_key: str, acl: str = "ALLOW ALL") -> Any:
        members = self._circle(context_id).members
        if any(row.key == public_key and row.user != user_id for row in members.values()):
            raise Refuse(0x65, "Pub key already in use")
        present = members.get(user_id)
        if present and present.key == public_key and self.is_acl_dropped:
            return "OK"
        members.pop(user_id, None)
        members[user_id] = Member(user_id, public_key, acl, next(self._clock))
        return "OK"

    def _remove(self, context_id: str, user_id: str) -> Any:
        if self._circle(context_id).members.pop(user_id, None) is None:
            raise Refuse(9, "User doesn't exist")
        return "OK"

    def _remove_key(self, context_id: str, public_key: str) -> Any:
        return self._remove(context_id, self._holder(context_id, public_key).user)

    def _get(self, context_id: str, user_id: str) -> Any:
        return {"user": self._user(context_id, self._member(context_id, user_id))}

    def _get_by_key(self, context_id: str, public_key: str) -> Any:
        return {"user": self._user(context_id, self._holder(context_id, public_key))}

    def _set_acl(self, context_id: str, user_id: str, acl: str) -> Any:
        self._member(context_id, user_id).acl = acl
        return "OK"

    def _users(self, context_id: str, skip: int, limit: int, sort_order: str) -> Any:
        assert sort_order == "asc"
        rows = sorted(self._circle(context_id).members.values(), key=lambda row: row.created)
        users = [self._user(context_id, row) for row in rows[skip : skip + limit]]
        return {"users": users, "count": len(rows)}

    def _member(self, context: str, user: str) -> Member:
        row = self._circle(context).members.get(user)
        if row is None:
            raise Refuse(9, "User doesn't exist")
        return row

    def _holder(self, context: str, key: str) -> Member:
        for row in self._circle(context).members.values():
            if row.key == key:
                return row
        raise Refuse(9, "User doesn't exist")

    @staticmethod
    def _user(context: str, row: Member) -> dict[str, Any]:
        told = {"userId": row.user, "pubKey": row.key, "acl": row.acl, "created": row.created}
        return {**told, "contextId": context}

    @staticmethod
    def _shown(circle: Circle) -> dict[str, Any]:
        return {"id": circle.id, "name": circle.name, "description": circle.description}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = stand_in.respond(self.path, self.headers["Authorization"] or "", body)
            self.send_response(stand_in.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
            pass

    return Handler
