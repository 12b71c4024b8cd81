"""One write to the public network, in a process that the network's stand-in may kill meanwhile.

    python -m tests.crash.network_program < {"settings": …, "call": …, "given": …}

The answer is a line of JSON on standard output.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Any
from uuid import UUID

import django


def main(asked: dict[str, Any]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    django.setup()
    from accounts.ledger import Receipt, signing
    from accounts.ledger.hedera.opening import open_hedera
    from identity.ledger_environment import LedgerSettings

    nodes = tuple((address, account) for address, account in asked["settings"].pop("nodes"))
    ledger = open_hedera(UUID(int=1), LedgerSettings(nodes=nodes, **asked["settings"]))
    given = asked["given"]
    signer = signing.local(bytes.fromhex(given.pop("seed")))
    if asked["call"] == "create_account":
        given |= {"public_key": signer.public_key, "balance": 5}
    else:
        given["signer"] = signer
    if "message" in given:
        given["message"] = given["message"].encode()
    answer = getattr(ledger, asked["call"])(**given)
    if isinstance(answer, Receipt):
        answer = asdict(answer) | {"running_hash": answer.running_hash.hex()}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(json.load(sys.stdin))
