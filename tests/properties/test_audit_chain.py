"""Audit chains and exports: whatever is changed is found."""

import dataclasses
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from identity.crypto import audit_chain
from tests.unit.identity.crypto import chains

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
TEXTS = st.text(max_size=8)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "at": st.integers(0, 2**62),
        "name": TEXTS,
        "actor": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "subject_kind": TEXTS,
        "subject_id": TEXTS,
        "facts": st.dictionaries(TEXTS, JSON, max_size=3),
    },
)


def built(changes: list[dict[str, Any]]) -> list[audit_chain.Recorded]:
    events: list[audit_chain.Recorded] = []
    previous = audit_chain.genesis(chains.SCOPE)
    for seq, change in enumerate(changes, 1):
        events.append(chains.record(chains.event(seq, previous, **change)))
        previous = events[-1].digest
    return events


CHAINS = st.lists(CHANGES, min_size=2, max_size=8).map(built)


def verify(events: list[audit_chain.Recorded], heads: list[bytes]) -> audit_chain.Report:
    return audit_chain.verify_chain(
        events, scope=chains.SCOPE, heads=heads, expected_server_keys=[chains.SERVER_KEY]
    )


@given(CHAINS, st.data())
def test_exports_and_verifies_any_chain(
    events: list[audit_chain.Recorded], data: st.DataObject
) -> None:
    places = data.draw(st.sets(st.integers(0, len(events))).map(sorted))
    lines = chains.export(events, (*places, len(events)))
    report = audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)
    assert report.digest == events[-1].digest
    heads = [chains.head(events, seq) for seq in (*places, len(events))]
    assert verify(events, heads) == report


@given(CHAINS, CHANGES, st.data())
def test_finds_any_changed_event(
    events: list[audit_chain.Recorded], change: dict[str, Any], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(events) - 1))
    changed = dataclasses.replace(events[index].event, **change)
    assume(audit_chain.digest(changed) != events[index].digest)
    kept = [*events[:index], audit_chain.Recorded(changed, events[index].digest)]
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        verify([*kept, *events[index + 1 :]], [])
    assert caught.value.seq == index + 1


@given(CHAINS, st.data())
def test_finds_any_other_sequence_of_the_same_events(
    events: list[audit_chain.Recorded], data: st.DataObject
) -> None:
    size = st.integers(0, len(events) + 2)
    mixed = data.draw(size.flatmap(lambda n: st.lists(st.sampled_from(events), max_size=n)))
    assume(mixed != events)
    same = 0
    while same < min(len(mixed), len(events)) and mixed[same] is events[same]:
        same += 1
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        verify(mixed, [chains.head(events, len(events))])
    assert caught.value.seq == same + 1


@given(CHAINS, st.data())
def test_finds_any_rewritten_end(events: list[audit_chain.Recorded], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(events) - 1))
    signed = data.draw(st.integers(0, index))
    kept, previous = events[:index], events[index].event.previous
    for recorded in events[index:]:
        name = f"{recorded.event.name}!"
        changed = dataclasses.replace(recorded.event, name=name, previous=previous)
        kept = [*kept, chains.record(changed)]
        previous = kept[-1].digest
    heads = [chains.head(events, signed), chains.head(events, len(events))]
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        verify(kept, heads)
    assert caught.value.seq == signed + 1 <= index + 1


EVENTS = chains.chain(4)
EXPORT = "".join(f"{line}\n" for line in chains.export(EVENTS, (2, 4))).encode()


def read(data: bytes) -> audit_chain.Report:
    lines = data.decode().splitlines(keepends=True)
    return audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)


@given(st.integers(0, len(EXPORT) * 8 - 1))
@example(len(EXPORT) * 8 - 1)
def test_finds_any_flipped_bit_of_an_export(bit: int) -> None:
    data = bytearray(EXPORT)
    data[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises((audit_chain.AuditInvalid, UnicodeDecodeError)):
        read(bytes(data))


def test_accepts_the_export_before_any_bit_is_flipped() -> None:
    assert read(EXPORT).last_seq == 4


@given(st.integers(0, len(EXPORT) - 2))
def test_finds_any_truncation_of_an_export(length: int) -> None:
    # It may end in the middle of a letter.
    with pytest.raises((audit_chain.AuditInvalid, UnicodeDecodeError)):
        read(EXPORT[:length])


@given(st.lists(st.text() | st.sampled_from(EXPORT.decode().splitlines()), max_size=8))
def test_reads_or_refuses_any_lines(lines: list[str]) -> None:
    assume(lines != EXPORT.decode().splitlines())
    try:
        report = audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)
    except audit_chain.AuditInvalid:
        return
    # Only the head between may be missing or repeated: the last one covers everything.
    assert report.digest == EVENTS[3].digest


@given(st.binary(max_size=200))
def test_refuses_any_bytes_as_a_head(statement: bytes) -> None:
    with pytest.raises(audit_chain.HeadInvalid):
        audit_chain.verify_head(
            statement,
            expected_scope=chains.SCOPE,
            expected_server_keys=[chains.SERVER_KEY],
        )


HEAD = chains.head(EVENTS, 4)


@given(st.integers(0, len(HEAD) * 8 - 1))
def test_refuses_a_head_with_any_flipped_bit(bit: int) -> None:
    data = bytearray(HEAD)
    data[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(audit_chain.HeadInvalid):
        audit_chain.verify_head(
            bytes(data), expected_scope=chains.SCOPE, expected_server_keys=[chains.SERVER_KEY]
        )
