"""The audit chain: digests, heads, verification of a chain and of an export."""

import dataclasses
import hashlib
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import cbor2
import pytest

from identity.crypto import audit_chain
from tests.unit.identity.crypto import bundles, chains

EVENTS = chains.chain(9)
KEYS = [chains.SERVER_KEY]


def verify(events: list[audit_chain.Recorded], *places: int, **options: Any) -> audit_chain.Report:
    given: dict[str, Any] = {
        "scope": chains.SCOPE,
        "heads": [chains.head(EVENTS, seq) for seq in places],
        "expected_server_keys": KEYS,
    }
    return audit_chain.verify_chain(events, **{**given, **options})


def first_bad(events: list[audit_chain.Recorded], *places: int, **options: Any) -> int:
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        verify(events, *places, **options)
    assert str(caught.value).startswith(f"event {caught.value.seq}: ")
    return caught.value.seq


def test_digests_the_deterministic_array() -> None:
    made = EVENTS[0].event
    encoded = cbor2.dumps(
        [
            "countersign-audit/1",
            made.scope.bytes,
            1,
            made.at,
            "user.invited",
            '{"kind":"device","user":"user-1"}',
            "user",
            "subject-1",
            '{"count":1,"inner":{"a":2,"b":1},"words":["ä",null,true]}',
            audit_chain.genesis(made.scope),
        ]
    )
    assert audit_chain.digest(made) == hashlib.sha256(encoded).digest()


def test_begins_each_scope_elsewhere() -> None:
    assert audit_chain.genesis(chains.SCOPE) != audit_chain.genesis(chains.OTHER_SCOPE)
    assert len(audit_chain.genesis(chains.SCOPE)) == 32


CHANGES: list[dict[str, Any]] = [
    {"scope": chains.OTHER_SCOPE},
    {"seq": 2},
    {"at": chains.AT},
    {"name": "user.removed"},
    {"actor": {"kind": "staff", "user": "user-1"}},
    {"subject_kind": "device"},
    {"subject_id": "subject-2"},
    {"facts": {}},
    {"previous": b"\x01" * 32},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_digests_every_field(change: dict[str, Any]) -> None:
    made = EVENTS[0].event
    assert audit_chain.digest(dataclasses.replace(made, **change)) != audit_chain.digest(made)


def test_does_not_care_for_the_order_of_names() -> None:
    made = EVENTS[0].event
    turned = dict(reversed(list(made.facts.items())))
    assert list(turned) != list(made.facts)
    assert audit_chain.digest(dataclasses.replace(made, facts=turned)) == EVENTS[0].digest


@pytest.mark.parametrize(
    "facts",
    [
        {"a": 1.5},
        {"a": [float("nan")]},
        {"a": {1: 2}},
        {"a": b"x"},
        {"a": UUID(int=1)},
        {"a": "\ud800"},
        json.loads('{"a":' * 20 + "1" + "}" * 20),
    ],
)
def test_refuses_facts_that_a_database_would_not_give_back(facts: dict[str, Any]) -> None:
    made = dataclasses.replace(EVENTS[0].event, facts=facts)
    with pytest.raises((TypeError, ValueError)):
        audit_chain.digest(made)


def test_digests_quickly() -> None:
    made = EVENTS[0].event
    best = min(_seconds(lambda: audit_chain.digest(made)) for _ in range(20))
    # The goal is 20 microseconds; the bound leaves room for a busy machine.
    assert best / 100 < 100e-6


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(100):
        call()
    return time.perf_counter() - begun


def test_signs_a_head_that_verifies() -> None:
    statement = chains.head(EVENTS, 4)
    found = audit_chain.verify_head(
        statement, expected_scope=chains.SCOPE, expected_server_keys=[chains.FORMER_KEY, *KEYS]
    )
    kid = bundles.kid(bundles.SERVER)
    at = chains.AT + 500
    assert found == audit_chain.Head(chains.SCOPE, 4, EVENTS[3].digest, at, kid)


def test_refuses_a_head_of_another_scope() -> None:
    with pytest.raises(audit_chain.HeadInvalid, match="another scope"):
        audit_chain.verify_head(
            chains.head(EVENTS, 4), expected_scope=chains.OTHER_SCOPE, expected_server_keys=KEYS
        )


def test_refuses_a_head_by_an_unknown_key() -> None:
    with pytest.raises(audit_chain.HeadInvalid, match="expected server key"):
        audit_chain.verify_head(
            chains.head(EVENTS, 4, bundles.FORMER_SERVER),
            expected_scope=chains.SCOPE,
            expected_server_keys=KEYS,
        )


def test_refuses_a_head_signed_by_another_key_than_it_names() -> None:
    forged = audit_chain.sign_head(
        scope=chains.SCOPE,
        seq=1,
        digest=b"\x00" * 32,
        at=chains.AT,
        sign=bundles.signer(bundles.FORMER_SERVER),
        kid=bundles.kid(bundles.SERVER),
    )
    with pytest.raises(audit_chain.HeadInvalid, match="does not verify"):
        audit_chain.verify_head(forged, expected_scope=chains.SCOPE, expected_server_keys=KEYS)


def head_like(payload: Any, typ: str = audit_chain.HEAD_TYPE) -> bytes:
    encoded = payload if isinstance(payload, bytes) else cbor2.dumps(payload)
    header = {1: -7, 4: bundles.kid(bundles.SERVER), 16: typ}
    return bundles.sign1(header, encoded, bundles.SERVER)


WORDS: list[Any] = [audit_chain.HEAD_FORMAT, chains.SCOPE.bytes, 4, EVENTS[3].digest, chains.AT]


@pytest.mark.parametrize(
    "statement",
    [
        b"",
        b"\x00",
        b"\xff" * 40,
        cbor2.dumps(cbor2.CBORTag(18, [])),
        cbor2.dumps(cbor2.CBORTag(18, 5)),
        cbor2.dumps(cbor2.CBORTag(18, [b"", {}, 5, b""])),
        cbor2.dumps(cbor2.CBORTag(17, [b"", {}, b"", b""])),
        head_like(b""),
        head_like(5),
        head_like("abcde"),
        head_like(WORDS[:4]),
        head_like(["countersign-audit-head/2", *WORDS[1:]]),
        head_like([*WORDS[:2], 4.0, *WORDS[3:]]),
        head_like([*WORDS[:2], True, *WORDS[3:]]),
        head_like(cbor2.dumps(WORDS) + b"\x00"),
        head_like(b"\x9f" + cbor2.dumps(WORDS)[1:] + b"\xff"),
        head_like(WORDS, typ="application/vnd.ecs.evidence.v1+cose"),
        chains.head(EVENTS, 4) + b"\x00",
        cbor2.dumps(cbor2.CBORTag(61, cbor2.loads(chains.head(EVENTS, 4)))),
    ],
)
def test_refuses_what_is_no_head(statement: bytes) -> None:
    with pytest.raises(audit_chain.HeadInvalid):
        audit_chain.verify_head(statement, expected_scope=chains.SCOPE, expected_server_keys=KEYS)


def test_accepts_the_whole_chain() -> None:
    report = verify(EVENTS, 0, 3, 3, 9, expected_end=(9, EVENTS[8].digest))
    assert report == audit_chain.Report(
        scope=chains.SCOPE,
        last_seq=9,
        digest=EVENTS[8].digest,
        heads=4,
        signed_seq=9,
        signed_at=chains.AT + 500,
        server_kids=frozenset({bundles.kid(bundles.SERVER)}),
    )


def test_accepts_an_empty_chain() -> None:
    report = verify([], expected_end=(0, audit_chain.genesis(chains.SCOPE)))
    assert (report.last_seq, report.signed_seq, report.heads) == (0, 0, 0)


def test_says_how_far_signatures_reach() -> None:
    assert verify(EVENTS, 3).signed_seq == 3


def test_accepts_heads_of_a_former_key() -> None:
    heads = [chains.head(EVENTS, 3, bundles.FORMER_SERVER), chains.head(EVENTS, 9)]
    keys = [chains.FORMER_KEY, chains.SERVER_KEY]
    report = verify(EVENTS, heads=heads, expected_server_keys=keys)
    assert len(report.server_kids) == 2


def flipped(index: int, **changes: Any) -> list[audit_chain.Recorded]:
    """The chain with one event changed but not its stored digest."""
    changed = dataclasses.replace(EVENTS[index].event, **changes)
    events = list(EVENTS)
    events[index] = audit_chain.Recorded(changed, EVENTS[index].digest)
    return events


def rewritten(index: int) -> list[audit_chain.Recorded]:
    """The chain with one event changed and everything after it made to fit."""
    events, previous = EVENTS[:index], EVENTS[index].event.previous
    for recorded in EVENTS[index:]:
        name = "user.removed" if len(events) == index else recorded.event.name
        changed = dataclasses.replace(recorded.event, name=name, previous=previous)
        events = [*events, chains.record(changed)]
        previous = events[-1].digest
    return events


@pytest.mark.parametrize("change", CHANGES[2:], ids=lambda change: next(iter(change)))
def test_finds_a_changed_field(change: dict[str, Any]) -> None:
    events = flipped(4, **change)
    assert first_bad(events) == 5


def test_finds_an_event_of_another_scope() -> None:
    made = chains.event(5, EVENTS[3].digest, scope=chains.OTHER_SCOPE)
    events = [*EVENTS[:4], chains.record(made), *EVENTS[5:]]
    assert first_bad(events) == 5


def test_finds_a_changed_stored_digest() -> None:
    events = list(EVENTS)
    events[8] = audit_chain.Recorded(EVENTS[8].event, b"\x00" * 32)
    assert first_bad(events) == 9


def test_finds_an_event_rewritten_with_its_digest() -> None:
    changed = chains.record(dataclasses.replace(EVENTS[4].event, name="user.removed"))
    assert first_bad([*EVENTS[:4], changed, *EVENTS[5:]]) == 6


@pytest.mark.parametrize("index", range(9))
def test_finds_a_deleted_event(index: int) -> None:
    events = EVENTS[:index] + EVENTS[index + 1 :]
    assert first_bad(events, 9) == index + 1


@pytest.mark.parametrize("index", range(8))
def test_finds_two_events_in_the_wrong_order(index: int) -> None:
    events = list(EVENTS)
    events[index], events[index + 1] = events[index + 1], events[index]
    assert first_bad(events) == index + 1


@pytest.mark.parametrize("index", range(9))
def test_finds_a_duplicated_event(index: int) -> None:
    events = [*EVENTS[: index + 1], *EVENTS[index:]]
    assert first_bad(events) == index + 2


@pytest.mark.parametrize("length", range(9))
def test_finds_a_truncated_chain_by_the_newest_head(length: int) -> None:
    assert first_bad(EVENTS[:length], 9) == length + 1


@pytest.mark.parametrize("length", range(9))
def test_finds_a_truncated_chain_by_the_stored_end(length: int) -> None:
    assert first_bad(EVENTS[:length], expected_end=(9, EVENTS[8].digest)) == length + 1


def test_finds_events_behind_the_stored_end() -> None:
    assert first_bad(EVENTS, expected_end=(7, EVENTS[6].digest)) == 8


@pytest.mark.parametrize("index", range(9))
def test_finds_a_rewritten_chain_by_a_signed_head(index: int) -> None:
    assert first_bad(rewritten(index), 0, 9) == 1


def test_names_the_first_event_that_no_head_vouches_for() -> None:
    assert first_bad(rewritten(5), 2, 5, 9) == 6


def test_finds_a_rewritten_chain_by_the_stored_end() -> None:
    assert first_bad(rewritten(5), expected_end=(9, EVENTS[8].digest)) == 1


def test_refuses_heads_in_the_wrong_order() -> None:
    with pytest.raises(audit_chain.HeadInvalid, match="place"):
        verify(EVENTS, 5, 3)


def test_finds_stored_facts_that_are_never_written() -> None:
    assert first_bad(flipped(4, facts={"a": 1.5})) == 5
    assert first_bad(flipped(4, name="\ud800")) == 5


def test_verifies_an_export() -> None:
    lines = chains.export(EVENTS, (0, 3, 9))
    report = audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)
    assert (report.last_seq, report.heads, report.signed_seq) == (9, 3, 9)
    with_ends = [f"{line}\n" for line in lines]
    assert audit_chain.verify_export(with_ends) == report


def test_verifies_the_export_of_an_empty_scope() -> None:
    assert audit_chain.verify_export(chains.export([], (0,))).last_seq == 0


def test_writes_the_documented_lines() -> None:
    lines = chains.export(EVENTS[:2], (2,))
    assert json.loads(lines[0]) == {
        "format": "countersign-audit/1",
        "last_seq": 2,
        "scope": str(chains.SCOPE),
        "server_keys": KEYS,
    }
    assert json.loads(lines[2])["previous"] == EVENTS[0].digest.hex()
    assert json.loads(lines[3]) == {"head": chains.head(EVENTS, 2).hex()}


def test_accepts_a_chain_whose_older_heads_another_key_signed() -> None:
    heads = [
        (3, chains.head(EVENTS, 3, bundles.FORMER_SERVER)),
        (9, chains.head(EVENTS, 9)),
    ]
    keys = [chains.FORMER_KEY, chains.SERVER_KEY]
    lines = chains.export(EVENTS, (), heads=heads, server_keys=keys)
    audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)
    with pytest.raises(audit_chain.HeadInvalid, match="the last head"):
        audit_chain.verify_export(lines, expected_server_key=chains.FORMER_KEY)


def refused(lines: list[str]) -> str:
    with pytest.raises(audit_chain.AuditInvalid) as caught:
        audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY)
    return str(caught.value)


LINES = chains.export(EVENTS, (3, 9))


HEAD_BETWEEN = 4


@pytest.mark.parametrize("index", [index for index in range(len(LINES)) if index != HEAD_BETWEEN])
def test_refuses_an_export_without_one_of_its_lines(index: int) -> None:
    refused(LINES[:index] + LINES[index + 1 :])


def test_needs_no_head_between_because_the_last_one_covers_all() -> None:
    lines = LINES[:HEAD_BETWEEN] + LINES[HEAD_BETWEEN + 1 :]
    assert audit_chain.verify_export(lines, expected_server_key=chains.SERVER_KEY).heads == 1


def test_keeps_line_separators_inside_texts() -> None:
    made = chains.record(chains.event(1, audit_chain.genesis(chains.SCOPE), name="a\u2028b\nc"))
    lines = chains.export([made], (1,))
    assert all("\n" not in line for line in lines)
    assert audit_chain.verify_export(lines).last_seq == 1


@pytest.mark.parametrize("index", range(len(LINES)))
def test_refuses_an_export_that_was_cut_off(index: int) -> None:
    refused(LINES[:index])


@pytest.mark.parametrize("index", range(1, len(LINES) - 1))
def test_refuses_an_export_with_two_lines_exchanged(index: int) -> None:
    lines = list(LINES)
    lines[index], lines[index + 1] = lines[index + 1], lines[index]
    refused(lines)


def header(**changes: Any) -> list[str]:
    written = json.dumps({**json.loads(LINES[0]), **changes}, sort_keys=True, separators=(",", ":"))
    return [written, *LINES[1:]]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "countersign-audit/2"},
        {"last_seq": 8},
        {"last_seq": 10},
        {"last_seq": True},
        {"last_seq": "9"},
        {"scope": str(chains.OTHER_SCOPE)},
        {"scope": str(chains.SCOPE).upper()},
        {"scope": "x"},
        {"scope": 1},
        {"server_keys": []},
        {"server_keys": {}},
        {"server_keys": [chains.FORMER_KEY]},
        {"server_keys": sorted([chains.SERVER_KEY, chains.FORMER_KEY])},
        {"server_keys": [chains.SERVER_KEY] * 2},
        {"server_keys": [chains.SERVER_KEY.upper()]},
        {"server_keys": ["02" + "ff" * 32]},
        {"server_keys": [1]},
        {"more": 1},
    ],
    ids=repr,
)
def test_refuses_another_header(change: dict[str, Any]) -> None:
    refused(header(**change))


def changed_line(index: int, **changes: Any) -> list[str]:
    value = {**json.loads(LINES[index]), **changes}
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return [*LINES[:index], written, *LINES[index + 1 :]]


@pytest.mark.parametrize(
    "change",
    [
        {"seq": "2"},
        {"seq": True},
        {"at": 1.5},
        {"actor": []},
        {"facts": None},
        {"name": 5},
        {"digest": "zz"},
        {"digest": EVENTS[1].digest.hex().upper()},
        {"previous": ""},
        {"extra": 1},
        {"head": ""},
        {"name": "user.removed"},
        {"facts": {"a": 1.5}},
    ],
    ids=repr,
)
def test_refuses_another_event_line(change: dict[str, Any]) -> None:
    refused(changed_line(2, **change))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "5",
        '{"head":5}',
        '{"head":"zz"}',
        '{"head":"00"}',
        '{"head": "00"}',
        '{"head":"00","head":"00"}',
        "{" * 100_000,
        "[" * 100_000,
        '{"a":NaN}',
        '{"a":"' + "x" * audit_chain.MAX_LINE + '"}',
    ],
)
def test_refuses_a_line_that_is_neither_event_nor_head(line: str) -> None:
    refused([*LINES[:5], line, *LINES[5:]])


def test_says_what_is_wrong_with_a_line() -> None:
    assert "line 6 is longer than" in refused([*LINES[:5], "x" * (audit_chain.MAX_LINE + 1)])
    assert "line 6 is not JSON" in refused([*LINES[:5], "x" * audit_chain.MAX_LINE])
    assert "line 6 is not an object with sorted names" in refused([*LINES[:5], "{ }"])
    assert "line 6 is not an event" in refused([*LINES[:5], "{}"])
    assert "something else than lower hex" in refused([*LINES[:5], '{"head":"0"}'])


def test_says_which_event_is_missing() -> None:
    assert refused([*LINES[:2], *LINES[3:]]) == ("event 2: is missing, event 3 stands in its place")
    assert refused([*LINES[:2], LINES[-1]]) == ("event 2: is missing: a signed head names event 9")
    assert refused([header(last_seq=10)[0], *LINES[1:]]) == (
        "event 10: is missing: the header names event 10"
    )


def test_refuses_an_empty_file() -> None:
    refused([])


def test_names_the_first_bad_event_of_an_export() -> None:
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        audit_chain.verify_export(changed_line(6, name="user.removed"))
    assert json.loads(LINES[6])["seq"] == caught.value.seq


def test_reads_an_export_of_any_length_in_the_same_memory() -> None:
    def endless(length: int) -> Iterator[audit_chain.Recorded]:
        previous = audit_chain.genesis(chains.SCOPE)
        for seq in range(1, length + 1):
            recorded = chains.record(chains.event(seq, previous))
            previous = recorded.digest
            yield recorded

    def peak(length: int) -> int:
        tracemalloc.start()
        audit_chain.verify_chain(
            endless(length), scope=chains.SCOPE, heads=[], expected_server_keys=KEYS
        )
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(3000) < peak(300) + 20_000


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_runs_as_a_single_file_far_from_the_project(tmp_path: Path) -> None:
    script, exported = tmp_path / "audit_chain.py", tmp_path / "export.jsonl"
    script.write_text(Path(audit_chain.__file__).read_text())
    exported.write_text("".join(f"{line}\n" for line in LINES))
    done = run(script, str(exported), "--server-key", chains.SERVER_KEY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The 9 events of scope {chains.SCOPE} are whole")
    exported.write_text("".join(f"{line}\n" for line in changed_line(2, name="user.removed")))
    done = run(script, str(exported))
    assert done.returncode == 1
    assert done.stderr == "FAILED: event 2: was changed: its content has another digest\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe", "the file is not UTF-8"),
        (b"x" * (audit_chain.MAX_LINE + 5), "line 1 is longer"),
        (b"", "line 1 is not JSON"),
    ],
)
def test_refuses_a_hostile_file_on_the_command_line(
    tmp_path: Path, content: bytes, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = tmp_path / "export.jsonl"
    exported.write_bytes(content)
    assert audit_chain.main([str(exported)]) == 1
    assert capsys.readouterr().err.startswith(f"FAILED: {expected}")


def test_says_on_the_command_line_that_there_is_no_such_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        audit_chain.main([str(tmp_path / "missing.jsonl")])
    assert caught.value.code == 2
    assert "missing.jsonl" in capsys.readouterr().err
