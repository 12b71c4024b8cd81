"""Writes to the ledger in the database in processes that die, each one point later than the last.

    python -m tests.crash.mortal_ledger SLUG

Each of three calls has one transaction id, stored before. What the processes died at is said on
standard output, until one lives; a line `answers [...]` says what the three calls answer then.
"""

import json
import os
import sys
from typing import Any

import django
from django.db import connections

from tests.crash import mortal_server


def main(slug: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    django.setup()
    from accounts.ledger import open_ledger
    from identity.crypto import ed25519
    from identity.scoping import doors

    found = doors.scope_by_slug(slug)
    assert found is not None
    ledger = open_ledger(found.scope_id)
    stored = [ledger.begin() for _ in range(3)]
    seed = ed25519.private_bytes(ed25519.generate())
    connections.close_all()
    for call in range(3):
        point = 1
        while _dies_at(point, call, found.scope_id, stored, seed):
            point += 1
    answers = [_write(call, found.scope_id, stored, seed) for call in range(3)]
    sys.stdout.write(f"answers {json.dumps(answers)}\n")


def _dies_at(point: int, call: int, *given: Any) -> bool:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    fate = mortal_server.Fate()
    mortal_server.make_mortal(fate)
    fate.die_at = point
    answer = _write(call, *given)
    fate.die_at = 0
    assert _write(call, *given) == answer
    connections.close_all()
    os._exit(0)


def _write(call: int, scope_id: Any, stored: list[str], seed: bytes) -> Any:
    from accounts.ledger import open_ledger, signing

    ledger, signer, once = open_ledger(scope_id), signing.local(seed), stored[call]
    if call == 0:
        return ledger.create_account(
            transaction_id=once, public_key=signer.public_key, balance=100, memo=""
        )
    if call == 1:
        return ledger.create_topic(transaction_id=once, memo="", signer=signer)
    receipt = ledger.submit_message(
        transaction_id=once, topic_id="0.0.1002", message=b"once", signer=signer
    )
    return [receipt.sequence, receipt.timestamp]


if __name__ == "__main__":
    main(sys.argv[1])
