"""Proof that one event is in a scope's chain: the links from it up to a signed head."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from identity.crypto import audit_chain
from identity.crypto.audit_chain import ChainInvalid, Event, Head


@dataclass(frozen=True, slots=True)
class Proof:
    """The event in question first, then every later one up to the event that the head signs.

    The digest of each is the `previous` of the next one. `head` is a COSE_Sign1 of the scope.
    """

    scope: UUID
    events: Sequence[Event]
    head: bytes


def verify(proof: Proof, *, expected_server_keys: Collection[str]) -> Head:
    """The head that vouches for the first event of the proof.

    `expected_server_keys` are compressed points in hex that are known from elsewhere. Raises
    `audit_chain.ChainInvalid` with the first wrong sequence number, `HeadInvalid`.
    """
    head = audit_chain.verify_head(
        proof.head, expected_scope=proof.scope, expected_server_keys=expected_server_keys
    )
    if not proof.events:
        raise ChainInvalid(head.seq, "is missing")
    link = proof.events[0].previous
    for place, event in enumerate(proof.events, start=proof.events[0].seq):
        if (event.seq, event.previous, event.scope) != (place, link, proof.scope):
            raise ChainInvalid(place, "does not follow the event before it")
        link = audit_chain.digest(event)
    last = proof.events[-1].seq
    if (last, link) != (head.seq, head.digest):
        raise ChainInvalid(last, "is not the one that the head signs")
    return head
