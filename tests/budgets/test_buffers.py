"""The look-up in front of every request reads by index: its cost does not grow with the tables."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from identity.scoping import current, door_lookups
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

MOST_BUFFERS = 40
"""Pages of eight joined tables, three or four for each by its index."""


def plan(sql: str, parameters: dict[str, Any]) -> Any:
    with current.as_owner(why="reads a plan"), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", parameters)
            (found,) = cursor.fetchone() or ("[]",)
            cursor.execute("RESET enable_seqscan")
            return found if isinstance(found, list) else json.loads(found)
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [row[3] for row in cursor.fetchall()]


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("Plans", []) for below in nodes(child))]


def test_the_door_reads_by_index() -> None:
    alice = cast.world().member("alice", "super-admin")
    device = alice.device.id if connection.vendor == "postgresql" else alice.device.id.hex
    found = plan(door_lookups.REQUEST_DOOR.sql, {"device": device, "kid": uuid4().hex * 2})
    if connection.vendor == "postgresql":
        root = found[0]["Plan"]
        assert not [node for node in nodes(root) if node["Node Type"] == "Seq Scan"], root
        assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] <= MOST_BUFFERS
        return
    tables = [line for line in found if line.startswith("SCAN") and "always" not in line]
    assert not [line for line in tables if "CONSTANT" not in line], found
    assert sum(line.startswith("SEARCH") for line in found) >= 6
