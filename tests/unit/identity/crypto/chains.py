"""Audit chains and exports for tests."""

import dataclasses
from typing import Any
from uuid import UUID

from identity.crypto import audit_chain
from tests.unit.identity.crypto import bundles

SCOPE = UUID(int=0xA0)
OTHER_SCOPE = UUID(int=0xA1)
AT = 1_790_000_000_000_000
SERVER_KEY = bundles.public_hex(bundles.SERVER)
FORMER_KEY = bundles.public_hex(bundles.FORMER_SERVER)


def event(seq: int, previous: bytes, **changes: Any) -> audit_chain.Event:
    """One event that names its place everywhere."""
    made = audit_chain.Event(
        scope=SCOPE,
        seq=seq,
        at=AT + seq,
        name="user.invited",
        actor={"kind": "device", "user": f"user-{seq}"},
        subject_kind="user",
        subject_id=f"subject-{seq}",
        facts={"count": seq, "words": ["ä", None, True], "inner": {"b": 1, "a": 2}},
        previous=previous,
    )
    return dataclasses.replace(made, **changes)


def record(made: audit_chain.Event) -> audit_chain.Recorded:
    """The event as it is stored."""
    return audit_chain.Recorded(made, audit_chain.digest(made))


def chain(length: int) -> list[audit_chain.Recorded]:
    """A good chain."""
    found: list[audit_chain.Recorded] = []
    previous = audit_chain.genesis(SCOPE)
    for seq in range(1, length + 1):
        found.append(record(event(seq, previous)))
        previous = found[-1].digest
    return found


def head(
    events: list[audit_chain.Recorded], seq: int, secret: int = bundles.SERVER, **changes: Any
) -> bytes:
    """The signed head after event `seq`."""
    end = events[seq - 1].digest if seq else audit_chain.genesis(SCOPE)
    given: dict[str, Any] = {"scope": SCOPE, "seq": seq, "digest": end, "at": AT + 500}
    sign, kid = bundles.signer(secret), bundles.kid(secret)
    return audit_chain.sign_head(**{**given, **changes}, sign=sign, kid=kid)


def export(
    events: list[audit_chain.Recorded], places: tuple[int, ...], **changes: Any
) -> list[str]:
    """The lines of an export with heads at these places."""
    given: dict[str, Any] = {
        "scope": SCOPE,
        "last_seq": len(events),
        "heads": [(seq, head(events, seq)) for seq in places],
        "server_keys": [SERVER_KEY],
    }
    return list(audit_chain.export_lines(events, **{**given, **changes}))
