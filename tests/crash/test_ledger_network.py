"""Writes to the public network, whose process dies meanwhile: one effect, one answer."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from identity.crypto import ed25519
from tests.hedera_node import Node
from tests.serving import ROOT


@pytest.fixture
def node() -> Iterator[Node]:
    with Node() as running:
        yield running


def start(node: Node, call: str, given: dict[str, Any]) -> "subprocess.Popen[str]":
    asked = {"settings": asdict(node.settings), "call": call, "given": given}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.network_program"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked))
    process.stdin.close()
    return process


@pytest.mark.parametrize("call", ["create_account", "create_topic", "submit_message"])
def test_a_process_that_dies_between_submission_and_answer(node: Node, call: str) -> None:
    seed = ed25519.private_bytes(ed25519.generate()).hex()
    given = {"seed": seed, "transaction_id": "", "memo": "once"}
    if call == "submit_message":
        before = {**given, "transaction_id": node.begin()}
        process = start(node, "create_topic", before)
        topic = json.loads(read(process))
        given = {"seed": seed, "topic_id": topic, "message": "once"}
    given["transaction_id"] = node.begin()
    effects = node.state.effects()
    process = start(node, call, given)
    node.on_taken = process.kill
    assert read(process) == ""
    assert process.returncode == -9
    assert node.state.effects() == effects + 1
    node.on_taken = None
    answers = [json.loads(read(start(node, call, given))) for _ in range(2)]
    assert answers[0] == answers[1]
    assert node.state.effects() == effects + 1


def read(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    with process.stdout as output:
        told = output.read()
    process.wait(timeout=60)
    return told
