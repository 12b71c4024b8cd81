"""Writes to ledgers, killed at each point: a stored transaction id has one effect, one answer."""

import json
from pathlib import Path
from typing import Any

from tests.crash import books, scene


def test_the_ledger_in_the_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with books.opened(home) as database:
        served = scene.served_on(home, database)
        served.manage("scopes", "create", "acme")
        with served.begin("tests.crash.mortal_ledger", "acme") as done:
            assert done.wait() == 0, done.complaints()
            lines = done.output().splitlines()
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
