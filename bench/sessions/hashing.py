"""What one password hash costs in a server: the share of a password sign-in that is wanted.

Measured as everything else is, in a bare server that does nothing but compare with a stored
verifier.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench import machine, stage
from bench.tape import Library, Sent, Tape

WARM: Final = 5
TIMES: Final = 60
_PASSWORD: Final = "correct horse"


def cost(databases: stage.Databases, home: Path) -> float:
    """Microseconds of processor time for one such request."""
    from django.contrib.auth import hashers

    sent = Sent(path="/hash", body=b"{}", headers={"Content-Type": "application/json"})
    verifier = hashers.make_password(_PASSWORD).encode()
    act = ("hashers.verify_password", verifier, b"", _PASSWORD.encode())
    library = Library(opening_key=_no_matter_which(), signing_key="01")
    library.tapes[sent.key] = Tape(answer=b"{}", crypto=[act])
    path = home / "hash.pickle"
    library.save(path)
    databases.make("hash")
    url = databases.url("hash").replace("postgres://", "postgresql://")
    environment = {**os.environ, "BENCH_LIBRARY": str(path), "BENCH_DATABASE": url}
    with stage.running(stage.FLOOR, environment) as server:
        for _ in range(WARM):
            server.send(sent).raise_for_status()
        before = machine.cpu(server.pid)
        for _ in range(TIMES):
            server.send(sent).raise_for_status()
        return (machine.cpu(server.pid) - before) / TIMES


def _no_matter_which() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
