"""Writes to ledgers, killed at each point: a stored transaction id has one effect, one answer."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import ed25519
from tests.crash import books, scene
from tests.hedera_node import Node
from tests.serving import ROOT


def test_the_ledger_in_the_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        served.manage("scopes", "create", "acme")
        done = subprocess.run(
            [sys.executable, "-m", "tests.crash.mortal_ledger", "acme"],
            cwd=ROOT,
            env=served.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        deaths = [line for line in lines if line.startswith("died ")]
        tables = ("localledgerhead", "localledgertransaction", "ledgertopic", "ledgermessage")
        for table in tables:
            assert any(f"accounts_{table}" in line for line in deaths), table
        assert deaths.count("died before COMMIT") == deaths.count("died after COMMIT") == 3
        (answers,) = [json.loads(line[8:]) for line in lines if line.startswith("answers ")]
        require_whole(books.Books(database), answers)


def require_whole(kept: books.Books, answers: list[Any]) -> None:
    kept.require_sound_file()
    account, topic, (sequence, _) = answers
    assert (account, topic, sequence) == ("0.0.1001", "0.0.1002", 1)
    for table in ("localledgeraccount", "ledgertopic", "ledgermessage", "localledgerhead"):
        assert kept.count(f"accounts_{table}") == 1
    assert kept.count("accounts_localledgertransaction") == 3
    query = "SELECT next_number, treasury FROM accounts_localledgerhead"
    assert kept.rows(query) == [(1003, 50_000_000_000 * 10**8 - 100)]
    same = (
        "SELECT count(*) FROM accounts_ledgermessage m JOIN accounts_ledgertopic t"
        " ON m.topic_id = t.id AND m.sequence = t.sequence AND m.running_hash = t.running_hash"
    )
    assert kept.rows(same) == [(1,)]


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
