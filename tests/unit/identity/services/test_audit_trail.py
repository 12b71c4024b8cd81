"""Whatever is done to the record afterwards is found, and the first bad event is named."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from identity import ids, paging, queries
from identity.actor import Actor
from identity.crypto import audit_chain
from identity.errors import Invalid, Missing
from identity.models import AuditEvent, AuditHead, Scope, SignedHead
from identity.paging import After, Page
from identity.scoping import current
from identity.services import audit, audit_heads, audit_trail, server_keys
from identity.services.server_keys import SIGNATURE

HOUR = timedelta(hours=1)


def _record(by: Actor, now: datetime, *names: str) -> None:
    with transaction.atomic():
        for number, name in enumerate(names):
            subject = ("device", f"device-{number}")
            audit.record(name, by=by, subject=subject, now=now, facts={"number": number})


def _owner(sql: str, *values: Any) -> None:
    """Somebody with the owner's rights, or with the disk, changes rows."""
    with current.as_owner(why="an attacker in a test"), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def first(inside: Scope, by: Actor, now: datetime) -> int:
    """The sequence of the first of eight events behind those of the scope's making."""
    before = AuditHead.objects.get().sequence
    _record(by, now, *(f"event.number-{number}" for number in range(8)))
    return before + 1


@pytest.fixture(params=[2000, 3], ids=["one chunk", "several chunks"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "_CHUNK", request.param)


def _fault() -> audit_chain.ChainInvalid:
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        audit_trail.verify()
    return caught.value


def test_holds_when_nothing_was_done(first: int, chunks: None, now: datetime) -> None:
    audit_heads.sign_head(now=now)
    report = audit_trail.verify()
    assert (report.last_seq, report.signed_seq, report.heads) == (first + 7, first + 7, 1)


FLIPS: dict[str, Any] = {
    "name": "event.forged",
    "subject_kind": "user",
    "subject_id": "somebody-else",
    "actor": '{"kind":"staff"}',
    "facts": '{"number":70}',
    "at": "2026-11-20 12:00:00.123457+00:00",
    "previous": "00" * 32,
    "digest": "00" * 32,
}


@pytest.mark.parametrize("column", FLIPS)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_finds_a_changed_column(column: str, place: int, first: int, chunks: None) -> None:
    bad = first + place
    _owner(f"UPDATE identity_auditevent SET {column} = %s WHERE sequence = %s", FLIPS[column], bad)
    assert _fault().seq == bad


def test_finds_a_digest_that_is_none(first: int) -> None:
    _owner("UPDATE identity_auditevent SET digest = 'gone' WHERE sequence = %s", first + 2)
    assert _fault().seq == first + 2


@pytest.mark.parametrize("place", [0, 3, 7])
def test_finds_a_deleted_event(place: int, first: int, chunks: None) -> None:
    _owner("DELETE FROM identity_auditevent WHERE sequence = %s", first + place)
    assert _fault().seq == first + place


def test_finds_a_deleted_beginning(first: int) -> None:
    _owner("DELETE FROM identity_auditevent WHERE sequence = 1")
    assert _fault().seq == 1


def test_finds_two_events_in_each_others_place(first: int, chunks: None) -> None:
    one, other = first + 2, first + 5
    for old, new in ((one, -1), (other, one), (-1, other)):
        _owner("UPDATE identity_auditevent SET sequence = %s WHERE sequence = %s", new, old)
    assert _fault().seq == one


def test_finds_an_event_before_the_beginning(first: int) -> None:
    _owner("UPDATE identity_auditevent SET sequence = 0 WHERE sequence = %s", first)
    assert _fault().seq == 1


def test_finds_a_missing_end(first: int) -> None:
    _owner("DELETE FROM identity_auditevent WHERE sequence > %s", first + 3)
    assert _fault().seq == first + 4


def _cut_behind(last: int) -> None:
    digest = AuditEvent.objects.get(sequence=last).digest
    _owner("DELETE FROM identity_auditevent WHERE sequence > %s", last)
    _owner("UPDATE identity_audithead SET sequence = %s, digest = %s", last, digest)


def test_finds_a_missing_end_that_was_signed_although_the_head_agrees(
    first: int, now: datetime
) -> None:
    audit_heads.sign_head(now=now)
    _cut_behind(first + 3)
    assert _fault().seq == first + 4


def test_finds_an_event_behind_the_end(first: int) -> None:
    digest = AuditEvent.objects.get(sequence=first + 6).digest
    _owner("UPDATE identity_audithead SET sequence = %s, digest = %s", first + 6, digest)
    assert _fault().seq == first + 7


def test_finds_an_event_that_was_rewritten_after_it_was_signed(
    first: int, by: Actor, now: datetime
) -> None:
    audit_heads.sign_head(now=now)
    _cut_behind(first + 6)
    # The last event is told anew, with a digest and an end that fit; only the signature does not.
    _record(by, now, "event.forged")
    assert AuditHead.objects.get().sequence == first + 7
    # Which of the events since the last good head it was, nobody can tell any more.
    assert _fault().seq == 1


def test_refuses_a_head_that_no_key_of_the_scope_signed(
    first: int, charlies: Scope, now: datetime
) -> None:
    with current.in_scope(charlies.id):
        foreign = audit_heads.sign_head(now=now)
    assert foreign is not None
    audit_heads.sign_head(now=now)
    statement = bytes(foreign.statement)
    _owner(
        "UPDATE identity_signedhead SET statement = %s WHERE sequence = %s", statement, first + 7
    )
    with pytest.raises(audit_chain.HeadInvalid):
        audit_trail.verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [("signed_at", "2026-11-20 12:00:00.123457+00:00"), ("digest", "00" * 32), ("sequence", 3)],
)
def test_finds_a_changed_column_of_a_signed_head(
    column: str, value: Any, first: int, now: datetime
) -> None:
    audit_heads.sign_head(now=now)
    _owner(f"UPDATE identity_signedhead SET {column} = %s", value)
    with pytest.raises(audit_chain.HeadInvalid):
        audit_trail.verify()


@pytest.mark.parametrize(("column", "value"), [("digest", "00" * 32), ("sequence", 5)])
def test_finds_a_changed_end(column: str, value: Any, first: int) -> None:
    _owner(f"UPDATE identity_audithead SET {column} = %s", value)
    _fault()


def test_leaves_for_later_what_comes_while_it_reads(
    first: int, by: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = server_keys.signature_keys

    def read_slowly() -> Any:
        _record(by, now, "event.late", "event.later")
        audit_heads.sign_head(now=now)
        return read()

    monkeypatch.setattr(server_keys, "signature_keys", read_slowly)
    assert audit_trail.verify().last_seq == first + 7


def test_signs_only_what_is_new(first: int, by: Actor, now: datetime) -> None:
    signed = audit_heads.sign_head(now=now)
    assert signed is not None
    assert (signed.sequence, signed.signed_at) == (first + 7, now)
    assert audit_heads.sign_head(now=now + HOUR) is None
    _record(by, now, "event.next")
    assert audit_heads.sign_head(now=now + HOUR) is not None
    assert SignedHead.objects.count() == 2


def test_verifies_heads_of_a_key_that_was_replaced(first: int, by: Actor, now: datetime) -> None:
    audit_heads.sign_head(now=now)
    server_keys.rotate(purpose=SIGNATURE, by=by, now=now)
    audit_heads.sign_head(now=now)
    server_keys.retire_expired(now=now + timedelta(days=91))
    audit_heads.sign_head(now=now + timedelta(days=91))
    report = audit_trail.verify()
    assert (report.heads, len(report.server_kids)) == (3, 2)


def test_signs_every_scope_once(acme: Scope, charlies: Scope, now: datetime) -> None:
    assert audit_heads.sign_every_head(now=now) == 2
    assert audit_heads.sign_every_head(now=now) == 0
    for scope in (acme, charlies):
        with current.in_scope(scope.id):
            end = audit_trail.end()
            assert (end.signed_sequence, end.signed_at) == (end.sequence, now)


def test_exports_what_verifies_offline(first: int, chunks: None, by: Actor, now: datetime) -> None:
    audit_heads.sign_head(now=now)
    server_keys.rotate(purpose=SIGNATURE, by=by, now=now)
    lines = list(audit_trail.export(now=now + HOUR))
    key = server_keys.active_signing_key().public.hex
    report = audit_chain.verify_export(lines, expected_server_key=key)
    assert (report.last_seq, report.signed_seq, report.heads) == (first + 8, first + 8, 2)
    events = [json.loads(line) for line in lines if '"seq"' in line]
    assert [event["seq"] for event in events] == list(range(1, first + 9))


def _without(lines: list[str], place: int) -> list[str]:
    return lines[:place] + lines[place + 1 :]


def _swapped(lines: list[str], place: int) -> list[str]:
    return [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]


def _flipped(lines: list[str], place: int) -> list[str]:
    changed = lines[place].replace("event.number", "event.forged")
    return [*lines[:place], changed, *lines[place + 1 :]]


@pytest.mark.parametrize("damage", [_without, _swapped, _flipped])
def test_refuses_a_damaged_export(
    damage: Callable[[list[str], int], list[str]], first: int, now: datetime
) -> None:
    lines = list(audit_trail.export(now=now))
    place = first + 2
    with pytest.raises(audit_chain.ChainInvalid) as caught:
        audit_chain.verify_export(damage(lines, place))
    assert caught.value.seq == place


def test_exports_one_scope_only(first: int, charlies: Scope, now: datetime) -> None:
    with current.in_scope(charlies.id):
        lines = list(audit_trail.export(now=now))
        report = audit_chain.verify_export(lines)
    assert report.scope == charlies.id
    assert "event.number" not in "".join(lines)


@pytest.mark.django_db
def test_has_no_end_outside_a_scope() -> None:
    with pytest.raises(current.NoScopeError):
        audit_trail.end()


def test_lists_events_by_page(first: int) -> None:
    page = queries.audit_page(Page(limit=3, offset=first - 1))
    assert [row.sequence for row in page.rows] == [first, first + 1, first + 2]
    assert page.total == first + 7
    newest = queries.audit_page(Page(limit=2, is_descending=True))
    assert [row.name for row in newest.rows] == ["event.number-7", "event.number-6"]


def test_filters_events(first: int) -> None:
    filters = {"subject_kind": "device", "subject_id": "device-3"}
    page = queries.audit_page(Page(filters=filters))
    assert ([row.name for row in page.rows], page.total) == (["event.number-3"], 1)


@pytest.mark.parametrize("filters", [{"actor": "x"}, {"name": 7}, {"name": "\x00"}, {"name": None}])
def test_refuses_other_filters(filters: dict[str, Any], inside: Scope) -> None:
    with pytest.raises(Invalid):
        queries.audit_page(Page(filters=filters))


def test_shows_one_event(first: int, charlies: Scope) -> None:
    assert queries.audit_event(first + 1).facts == {"number": 1}
    with pytest.raises(Missing):
        queries.audit_event(first + 8)
    with current.in_scope(charlies.id), pytest.raises(Missing):
        queries.audit_event(first + 1)


def walked(**asked: Any) -> list[int]:
    found: list[int] = []
    after = ""
    for _ in range(99):
        shown = queries.audit_window(After(after=after, **asked))
        found += [row.sequence for row in shown.rows]
        if shown.next is None:
            return found
        after = shown.next
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("filters", [{}, {"from": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_walks_the_chain_by_window(first: int, limit: int, filters: dict[str, Any]) -> None:
    newest = walked(limit=limit, filters=filters)
    assert newest == list(range(first + 7, 0, -1))
    assert walked(limit=limit, filters=filters, is_descending=False) == newest[::-1]


def test_narrows_a_window(first: int, by: Actor, now: datetime) -> None:
    with transaction.atomic():
        facts = {"alarm": True}
        audit.record("event.alarm", by=by, subject=("device", "x"), now=now, facts=facts)
        alice = dataclasses.replace(by, public_id=ids.new())
        late = now + timedelta(days=1)
        audit.record("event.last", by=alice, subject=("user", "x"), now=late)
    alarm, last = first + 8, first + 9
    assert walked(filters={"alarm": True}) == [alarm]
    assert walked(filters={"user": str(alice.public_id)}) == [last]
    assert walked(filters={"subject_kind": "user", "subject_id": "x"}) == [last]
    kinds = ("user", "device")
    assert walked(filters={"subject_kind": kinds, "subject_id": "x"}) == [last, alarm]
    assert walked(filters={"name_begins": "event."}, limit=3) == list(range(last, first - 1, -1))
    assert walked(filters={"name": "event.number-3"}) == [first + 3]
    assert walked(filters={"from": late}) == [last]
    assert last not in walked(filters={"to": late}, limit=2)


@pytest.mark.parametrize(
    "filters",
    [
        {"actor": "x"},
        {"name": 7},
        {"name": "\x00"},
        {"from": "yesterday"},
        {"from": datetime(2020, 1, 1)},  # noqa: DTZ001 that is the fault
        {"alarm": "yes"},
        {"subject_kind": ("user", 7)},
    ],
)
def test_a_window_refuses_other_filters(filters: dict[str, Any], inside: Scope) -> None:
    with pytest.raises(Invalid):
        queries.audit_window(After(filters=filters))


@pytest.mark.parametrize("text", ["x", paging.cursor("x"), paging.cursor(2**63)])
@pytest.mark.parametrize("filters", [{}, {"to": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_a_window_refuses_other_cursors(text: str, filters: dict[str, Any], inside: Scope) -> None:
    with pytest.raises(paging.CursorInvalid):
        queries.audit_window(After(after=text, filters=filters))
