"""The payload of one envelope: its two forms, its bounds, batches of both kinds."""

from typing import Any

import pytest

from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import (
    ME,
)


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ({}, "action"),
        ({"action": "get"}, "resource"),
        ({"resource": "/me"}, "action"),
        ({"action": "", "resource": ""}, "action"),
        ({"action": 1, "resource": "/me"}, "action"),
        ({"action": "get", "resource": ["/me"]}, "resource"),
        ({"action": "get", "resource": "/" + "x" * 256}, "resource"),
        (ME | {"details": []}, "details"),
        (ME | {"details": None}, "details"),
        (ME | {"details": "x"}, "details"),
        (ME | {"device": "x"}, "device"),
        (ME | {"user_id": "x"}, "user_id"),
        (ME | {"batch": []}, "batch"),
        ({"details": {"a": 1}, "batch": [ME]}, "batch"),
        ({"batch": []}, "50"),
        ({"batch": [], "atomicBatch": []}, "50"),
        ({"batch": [ME] * 51}, "50"),
        ({"batch": [ME] * 25, "atomicBatch": [ME] * 26}, "50"),
        ({"batch": ME}, "batch"),
        ({"batch": ["x"]}, "batch"),
        ({"atomic_batch": [ME]}, "atomic_batch"),
        (ME | {"idempotency_key": ""}, "idempotency_key"),
        (ME | {"idempotency_key": "x" * 129}, "idempotency_key"),
        (ME | {"idempotency_key": "a\x00b"}, "idempotency_key"),
        (ME | {"idempotency_key": 7}, "idempotency_key"),
    ],
)
def test_refuses_other_forms(desk: Desk, payload: dict[str, Any], word: str) -> None:
    answer = desk.person("alice").send(payload)
    assert (answer["status"], answer["error_code"]) == ("failed", "-7"), answer
    assert word in answer["message"]


def test_details_may_be_left_out(desk: Desk) -> None:
    answer = desk.person("alice").send({"action": "get", "resource": "/me"})
    assert answer["status"] == "success"


def test_a_fault_names_the_field_and_not_its_value(desk: Desk) -> None:
    long_name = "field" * 200
    answer = desk.person("alice").ask("get", "/me", {long_name: "a secret value"})
    assert answer["error_code"] == "-7"
    assert "a secret value" not in answer["message"]
    assert len(answer["message"]) < 400
