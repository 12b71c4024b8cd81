"""Reads a mirror node: what the ledger did, over its REST API, without paying.

https://docs.hedera.com/hedera/sdks-and-apis/rest-api. A mirror is some seconds behind the ledger.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from accounts.ledger import timestamps
from accounts.ledger.errors import Unavailable
from accounts.ledger.protocol import Message

_TIMEOUT: Final = httpx.Timeout(10, connect=5)
_LARGEST: Final = 2 * 1024 * 1024
_BEHIND: Final = "The mirror of the ledger can't be reached, or says what nobody understands."


@dataclass(frozen=True, slots=True)
class Done:
    """How a transaction went: `result` is a status, `entity` what it made or wrote to."""

    result: str
    kind: str
    entity: str
    timestamp: str


class Mirror:
    """One mirror node. Every method raises Unavailable if it does not answer as it should."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(
            base_url=f"{address}/api/v1", timeout=_TIMEOUT, follow_redirects=False
        )

    def messages(self, topic_id: str, *, after: int, limit: int) -> Sequence[Message]:
        """Messages of a topic in order; empty for one that the mirror does not know."""
        query = {"sequencenumber": f"gt:{after}", "limit": str(limit), "order": "asc"}
        found = self._read(f"/topics/{topic_id}/messages", query)
        rows = [] if found is None else _list(found, "messages")
        return [_message(row) for row in rows[:limit]]

    def message_at(self, timestamp: str) -> Message | None:
        """The message that came at a time."""
        found = self._read(f"/topics/messages/{timestamp}")
        return None if found is None else _message(found)

    def balance(self, account_id: str) -> int | None:
        """Tinybars of an account."""
        found = self._read(f"/accounts/{account_id}", {"transactions": "false"})
        if found is None:
            return None
        balance = found.get("balance")
        return _whole(balance.get("balance") if isinstance(balance, dict) else None)

    def transaction(self, name: str) -> Done | None:
        """How a transaction went, by its id as `transaction_ids.for_mirror` writes it."""
        found = self._read(f"/transactions/{name}")
        rows = [] if found is None else _list(found, "transactions")
        for row in rows:
            # What was sent twice stands here twice, and one of them can have had an effect; what
            # a transaction caused besides has numbers (`nonce`) of its own.
            if row.get("result") != "DUPLICATE_TRANSACTION" and not row.get("nonce"):
                return Done(
                    result=_text(row, "result"),
                    kind=_text(row, "name"),
                    entity=str(row.get("entity_id") or ""),
                    timestamp=_text(row, "consensus_timestamp"),
                )
        return None

    def read_until(self) -> int:
        """The nanosecond up to which the mirror knows everything that took effect."""
        found = self._read("/blocks", {"limit": "1", "order": "desc"})
        blocks = [] if found is None else _list(found, "blocks")
        if not blocks:
            raise Unavailable(_BEHIND)
        timestamp = blocks[0].get("timestamp")
        try:
            return timestamps.parse(str(timestamp["to"] if isinstance(timestamp, dict) else ""))
        except (ValueError, KeyError):
            raise Unavailable(_BEHIND) from None

    def _read(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
        try:
            with self._http.stream("GET", path, params=query) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(_BEHIND)
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST:
                        raise Unavailable(_BEHIND)
            found = orjson.loads(body)
        except (httpx.HTTPError, orjson.JSONDecodeError):
            raise Unavailable(_BEHIND) from None
        if not isinstance(found, dict):
            raise Unavailable(_BEHIND)
        return found


def _list(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = found.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unavailable(_BEHIND)
    return rows


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise Unavailable(_BEHIND)
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise Unavailable(_BEHIND)
    return value


def _message(row: dict[str, Any]) -> Message:
    try:
        return Message(
            sequence=_whole(row.get("sequence_number")),
            timestamp=timestamps.text(timestamps.parse(_text(row, "consensus_timestamp"))),
            running_hash=base64.b64decode(_text(row, "running_hash"), validate=True),
            content=base64.b64decode(_text(row, "message"), validate=True),
        )
    except (ValueError, binascii.Error):
        raise Unavailable(_BEHIND) from None
