"""Access lists: every function, every case of the grammar, every decision of the vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.acl import decision, functions, grammar
from accounts.acl.decision import Verdict
from accounts.acl.functions import Kind
from accounts.context_errors import AclInvalid

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "bridge.json").read_text())["acl"]


def test_knows_every_function_with_its_arguments() -> None:
    assert len(functions.FUNCTIONS) == 82
    expected = {name: frozenset(given) for name, given in VECTORS["functions"].items()}
    assert dict(functions.FUNCTIONS) == expected


def test_knows_every_group() -> None:
    expected = {name: frozenset(members) for name, members in VECTORS["groups"].items()}
    found = {name: members for name, members in functions.GROUPS.items() if members}
    assert found == expected
    assert functions.GROUPS["ALL"] == functions.FUNCTIONS.keys()


@pytest.mark.parametrize("known", VECTORS["syntax"], ids=lambda known: repr(known["acl"])[:40])
def test_reads_lists(known: dict[str, Any]) -> None:
    if known["valid"]:
        assert grammar.parse(known["acl"]).text == known["acl"]
        return
    with pytest.raises(AclInvalid) as refused:
        grammar.parse(known["acl"])
    assert refused.value.detail == known["why"]
    assert refused.value.facts["line"] == int(known["why"].rsplit(" ", 1)[1])


@pytest.mark.parametrize("name", ["constructor", "toString"])
def test_a_name_of_nothing_allows_nothing(name: str) -> None:
    acl = grammar.parse(f"ALLOW {name}")
    assert not any(decision.is_allowed(acl, each) for each in functions.FUNCTIONS)
    assert decision.reach(acl) == decision.starts(acl) == Kind(0)


@pytest.mark.parametrize(
    "text",
    [
        "ALLOW",
        "ALLOW ",
        "ALLOW  ALL",
        "ALLOW ALL\r",
        "ALLOW ALL\r\nDENY ALL",
        "ALLOW thread/threadGet threadId=a\r",
        "ALLOW thread/threadGet threadId=\0",
        "ALLOW thread/threadGet threadId=\ud800",
        "ALLOW thread/threadGet threadId=a threadId=b",
        "ALLOW thread/threadGet threadId=a threadId=a",
        "ALLOW thread/threadGet threadId",
        "ALLOW thread/threadGet  threadId=a",
        "ALLOW thread/threadGet ",
        "ALLOW __proto__",
        "ALLOW constructor x=y",
        "ALLOW thread/READ storeId=1",
        "\n".join(["ALLOW ALL"] * 101),
        "ALLOW ALL\n" * 50 + "ALLOW thread/threadGet threadId=" + "x" * 4096,
    ],
    ids=lambda text: repr(text)[:40],
)
def test_refuses_lists(text: str) -> None:
    with pytest.raises(AclInvalid) as refused:
        grammar.parse(text)
    assert len(refused.value.detail) < 300


def test_takes_a_hundred_lines() -> None:
    assert len(grammar.parse("\n".join(["ALLOW ALL"] * 100)).lines) == 100


@pytest.mark.parametrize("known", VECTORS["evaluation"], ids=lambda known: known["acl"][:40])
def test_decides(known: dict[str, Any]) -> None:
    acl = grammar.parse(known["acl"])
    given = dict(argument.split("=") for argument in known["args"])
    assert decision.is_allowed(acl, known["fn"], given) is known["allowed"]


def explained(text: str, function: str) -> tuple[Verdict, list[int]]:
    acl = grammar.parse(text)
    found = {each.function: each for each in decision.explain(acl)}
    assert list(found) == list(functions.FUNCTIONS)
    return found[function].verdict, [line.number for line in found[function].lines]


@pytest.mark.parametrize(
    ("text", "verdict", "lines"),
    [
        ("ALLOW ALL", "allowed", [1]),
        ("DENY ALL", "denied", [1]),
        ("ALLOW store/ALL", "denied", []),
        ("ALLOW thread/READ\nDENY thread/threadGet", "denied", [2]),
        ("ALLOW ALL\nDENY thread/threadGet threadId=a", "depends", [2, 1]),
        ("DENY thread/threadGet threadId=a\nALLOW ALL", "allowed", [2]),
        ("ALLOW thread/threadGet threadId=a", "depends", [1]),
        ("DENY thread/threadGet threadId=a", "denied", [1]),
        ("DENY ALL\nDENY thread/threadGet threadId=a", "denied", [2, 1]),
    ],
)
def test_explains(text: str, verdict: str, lines: list[int]) -> None:
    assert explained(text, "thread/threadGet") == (Verdict(verdict), lines)


@pytest.mark.parametrize(
    ("text", "reach", "starts"),
    [
        ("ALLOW ALL", functions.EVERY_KIND, functions.EVERY_KIND),
        ("DENY ALL", Kind(0), Kind(0)),
        ("ALLOW READ", functions.EVERY_KIND, Kind(0)),
        ("ALLOW WRITE", Kind.THREAD | Kind.INBOX | Kind.STREAM, Kind.STORE | Kind.KVDB),
        ("ALLOW thread/threadGet threadId=a", Kind.THREAD, Kind(0)),
        ("ALLOW stream/ALL\nDENY stream/streamRoomCreate", Kind.STREAM, Kind(0)),
        ("ALLOW inbox/inboxCreate\nALLOW kvdb/ALL", Kind.KVDB, Kind.INBOX | Kind.KVDB),
    ],
)
def test_says_where_a_member_takes_part(text: str, reach: Kind, starts: Kind) -> None:
    acl = grammar.parse(text)
    assert decision.reach(acl) == reach
    assert decision.starts(acl) == starts
