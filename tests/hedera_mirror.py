"""The mirror of the local stand-in: its REST API, as far as we read it."""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.hedera_state import SECOND, State


class Mirror(ThreadingHTTPServer):
    """Answers for a state. Tests set what goes wrong.

    `behind` is how many nanoseconds ago it read the ledger for the last time; `answer` (a status
    and a body), if it is set, is what everybody gets.
    """

    daemon_threads = True

    def __init__(self, state: State) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state
        self.behind = 0
        self.answer: tuple[int, bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def seen(self) -> int:
        return self.state.now() - self.behind


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.server.answer is not None:
            self._send(*self.server.answer)
            return
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with self.server.state.lock:
            for form, tell in ROUTES:
                found = re.fullmatch(f"/api/v1{form}", url.path)
                told = tell(self.server, query, *found.groups()) if found else None
                if told is not None:
                    self._send(200, json.dumps(told).encode())
                    return
        self._send(404, b'{"_status":{"messages":[{"message":"Not found"}]}}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def time_text(at: int) -> str:
    return f"{at // SECOND}.{at % SECOND:09d}"


def _account(mirror: Mirror, _: dict[str, str], number: str) -> dict[str, Any] | None:
    found = mirror.state.accounts.get(int(number))
    if found is None:
        return None
    return {"account": f"0.0.{number}", "balance": {"balance": found["balance"]}}


def _message(topic: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "consensus_timestamp": time_text(row["at"]),
        "message": base64.b64encode(row["message"]).decode(),
        "running_hash": base64.b64encode(row["hash"]).decode(),
        "running_hash_version": 3,
        "sequence_number": row["sequence"],
        "topic_id": f"0.0.{topic}",
    }


def _seen(mirror: Mirror, topic: str) -> list[dict[str, Any]] | None:
    found = mirror.state.topics.get(int(topic))
    if found is None:
        return None
    return [_message(topic, row) for row in found["messages"] if row["at"] <= mirror.seen()]


def _messages(mirror: Mirror, query: dict[str, str], topic: str) -> dict[str, Any] | None:
    rows = _seen(mirror, topic)
    if rows is None:
        return None
    after = int(query.get("sequencenumber", "gt:0").removeprefix("gt:"))
    limit = min(int(query.get("limit", "25")), 100)
    return {"messages": [row for row in rows if row["sequence_number"] > after][:limit]}


def _at(mirror: Mirror, _: dict[str, str], at: str) -> dict[str, Any] | None:
    rows = [row for topic in mirror.state.topics for row in _seen(mirror, str(topic)) or []]
    return next((row for row in rows if row["consensus_timestamp"] == at), None)


def _transaction(mirror: Mirror, _: dict[str, str], *named: str) -> dict[str, Any] | None:
    payer, seconds, nanoseconds = map(int, named)
    found = mirror.state.taken.get((payer, seconds, nanoseconds))
    if found is None or found["at"] > mirror.seen():
        return None
    row = {
        "consensus_timestamp": time_text(found["at"]),
        "entity_id": None if found["entity"] is None else f"0.0.{found['entity']}",
        "name": found["name"],
        "nonce": 0,
        "result": found["result"],
    }
    return {"transactions": [{**row, "result": "DUPLICATE_TRANSACTION"}, {**row, "nonce": 1}, row]}


def _blocks(mirror: Mirror, _: dict[str, str]) -> dict[str, Any]:
    seen = mirror.seen()
    return {"blocks": [{"timestamp": {"from": time_text(seen - SECOND), "to": time_text(seen)}}]}


ROUTES: list[tuple[str, Any]] = [
    (r"/accounts/0\.0\.(\d+)", _account),
    (r"/topics/0\.0\.(\d+)/messages", _messages),
    (r"/topics/messages/(\d+\.\d+)", _at),
    (r"/transactions/0\.0\.(\d+)-(\d+)-(\d+)", _transaction),
    (r"/blocks", _blocks),
]
