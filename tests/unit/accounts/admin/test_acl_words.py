"""What people are told about an access list: verdicts, the lines that decide, faults, presets."""

import pytest

from accounts.acl import decision, grammar
from accounts.acl.functions import FUNCTIONS
from accounts.admin import acl_words
from accounts.admin.acl_words import Reading

DOCUMENTED = """\
ALLOW store/READ
ALLOW store/storeFileCreate
ALLOW thread/ALL
DENY thread/deleteThread"""


def verdict(reading: Reading, function: str) -> tuple[str, list[str]]:
    (row,) = [row for room in reading.rooms for row in room.rows if row.function == function]
    return row.verdict, list(row.lines)


def test_tells_every_function_once() -> None:
    rows = [row.function for room in acl_words.read("ALLOW ALL").rooms for row in room.rows]
    assert sorted(rows) == sorted(FUNCTIONS)


def test_names_the_line_that_decides() -> None:
    reading = acl_words.read("ALLOW ALL\nDENY thread/WRITE\nALLOW thread/threadMessageSend")
    assert verdict(reading, "thread/threadGet") == ("allowed", ["line 1: ALLOW ALL"])
    assert verdict(reading, "thread/threadDelete") == ("denied", ["line 2: DENY thread/WRITE"])
    sent = ("allowed", ["line 3: ALLOW thread/threadMessageSend"])
    assert verdict(reading, "thread/threadMessageSend") == sent
    (threads,) = [room for room in reading.rooms if room.key == "thread"]
    assert threads.about == "all reads, 1 of 10 writes"


def test_names_no_line_where_none_speaks() -> None:
    reading = acl_words.read("ALLOW thread/READ")
    assert verdict(reading, "store/storeGet") == ("denied", [])
    assert "6 of 82" in reading.about


def test_tells_what_depends_on_arguments() -> None:
    reading = acl_words.read("ALLOW ALL\nDENY thread/threadGet threadId=a")
    told, lines = verdict(reading, "thread/threadGet")
    assert told == "depends"
    assert lines == ["line 2: DENY thread/threadGet threadId=a", "line 1: ALLOW ALL"]
    assert reading.about.endswith("1 depends on what it is called with.")
    (threads,) = [room for room in reading.rooms if room.key == "thread"]
    assert threads.about == "5 of 6 reads (1 more in part), all writes"


@pytest.mark.parametrize(
    ("text", "line", "instead"),
    [
        (DOCUMENTED, 4, "DENY thread/threadDelete"),
        ("ALLOW ALL\nallow thread/READ", 2, "ALLOW thread/READ"),
        ("ALLOW all", 1, "ALLOW ALL"),
        ("ALLOW  ALL", 1, "ALLOW ALL"),
        ("ALLOW thread/threadGett threadId=a", 1, "ALLOW thread/threadGet threadId=a"),
        ("ALLOW ALL\n\nDENY READ", 2, ""),
        ("ALLOW thread/ALL threadId=x", 1, ""),
        ("", 1, ""),
        ("ALLOW something else", 1, ""),
    ],
)
def test_says_where_a_fault_is_and_what_may_have_been_meant(
    text: str, line: int, instead: str
) -> None:
    fault = acl_words.read(text).fault
    assert fault is not None
    assert (fault.line, fault.instead) == (line, instead)
    assert fault.reason


def test_every_advice_is_a_good_line() -> None:
    for name in FUNCTIONS:
        fault = acl_words.read(f"DENY {name.upper()}").fault
        assert fault is not None
        assert grammar.parse(fault.instead).text == f"DENY {name}"


@pytest.mark.parametrize("preset", acl_words.PRESETS, ids=lambda preset: preset.key)
def test_every_preset_is_good(preset: acl_words.Preset) -> None:
    assert acl_words.read(preset.text).fault is None


def test_presets_do_what_they_say() -> None:
    texts = {preset.key: grammar.parse(preset.text) for preset in acl_words.PRESETS}

    def allowed(key: str) -> set[str]:
        return {name for name in FUNCTIONS if decision.is_allowed(texts[key], name)}

    assert allowed("all") == set(FUNCTIONS)
    assert allowed("none") == set()
    kept = {name for name in FUNCTIONS if "Delete" in name}
    assert allowed("keep") == set(FUNCTIONS) - kept
    assert len(kept) == 18
    begun = {name for name in FUNCTIONS if name.endswith(("threadCreate", "storeCreate"))}
    begun |= {"inbox/inboxCreate", "stream/streamRoomCreate", "kvdb/kvdbCreate"}
    assert allowed("take-part") == set(FUNCTIONS) - begun
    assert "thread/threadGet" in allowed("read")
    assert "thread/threadMessageSend" not in allowed("read")


def test_warns_of_what_surprises() -> None:
    (hint,) = acl_words.read("ALLOW WRITE").hints
    assert "thread/WRITE" in hint
    (hint,) = acl_words.read("DENY thread/threadDelete\nALLOW ALL").hints
    assert "last line" in hint
    assert not acl_words.read("ALLOW ALL\nDENY thread/threadDelete").hints
