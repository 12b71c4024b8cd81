"""The audit record is appended in the transaction of what it tells of, link by link."""

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection, transaction
from django.test.utils import CaptureQueriesContext

from identity import actor, ids
from identity.actor import Actor, ActorKind
from identity.crypto import audit_chain
from identity.models import AuditEvent, AuditHead, Scope
from identity.scoping import current
from identity.services import audit, audit_facts, audit_trail

ALICE = UUID("01900000-0000-7000-8000-0000000a11ce")
DEVICE = UUID("01900000-0000-7000-8000-00000000de1c")


def _record(name: str, by: Actor, now: datetime, **facts: Any) -> None:
    audit.record(name, by=by, subject=("device", str(DEVICE)), now=now, facts=facts)


def _names() -> list[str]:
    events = AuditEvent.objects.exclude(name__startswith="scope.").order_by("sequence")
    return list(events.values_list("name", flat=True))


def _statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]


def test_tells_who_did_what_to_whom_and_when(inside: Scope, now: datetime) -> None:
    alice = Actor(
        kind=ActorKind.DEVICE,
        scope_id=inside.id,
        user_id=ids.new(),
        public_id=ALICE,
        device_id=DEVICE,
        address="192.0.2.1",
    )
    local = now.astimezone(timezone(timedelta(hours=5)))
    with transaction.atomic():
        _record("device.revoked", alice, local, reason="lost at the café", count=2**53 - 1)
    event = AuditEvent.objects.get(name="device.revoked")
    assert event.actor == {
        "kind": "device",
        "user": str(ALICE),
        "device": str(DEVICE),
        "address": "192.0.2.1",
    }
    assert (event.subject_kind, event.subject_id) == ("device", str(DEVICE))
    assert event.at == now
    assert event.facts == {"reason": "lost at the café", "count": 2**53 - 1}


def test_links_each_event_to_the_one_before(inside: Scope, by: Actor, now: datetime) -> None:
    with transaction.atomic():
        _record("device.suspended", by, now)
        _record("device.resumed", by, now)
    *_, first, second = AuditEvent.objects.order_by("sequence")
    head = AuditHead.objects.get()
    assert (second.sequence, second.previous) == (first.sequence + 1, first.digest)
    assert (head.sequence, head.digest) == (second.sequence, second.digest)
    assert audit_trail.verify().last_seq == head.sequence


def test_begins_with_the_genesis_of_the_scope(inside: Scope) -> None:
    first = AuditEvent.objects.order_by("sequence").first()
    assert first is not None
    assert (first.sequence, first.previous) == (1, audit_chain.genesis(inside.id).hex())


def test_vanishes_with_the_transaction(inside: Scope, by: Actor, now: datetime) -> None:
    before = AuditHead.objects.get().sequence
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _record("device.revoked", by, now)
        raise ZeroDivisionError
    assert _names() == []
    assert AuditHead.objects.get().sequence == before
    audit_trail.verify()


@pytest.mark.django_db(transaction=True)
def test_needs_a_transaction(acme: Scope, by: Actor, now: datetime) -> None:
    with current.in_scope(acme.id):
        with pytest.raises(RuntimeError):
            _record("device.revoked", by, now)
        with pytest.raises(RuntimeError), audit.gathered():
            pass


def test_needs_the_actors_own_scope(acme: Scope, charlies: Scope, by: Actor, now: datetime) -> None:
    with transaction.atomic():
        with current.in_scope(charlies.id), pytest.raises(current.ForeignScopeError):
            _record("device.revoked", by, now)
        with pytest.raises(current.NoScopeError):
            _record("device.revoked", by, now)
        with current.across_scopes(why="test"), pytest.raises(current.NoScopeError):
            _record("device.revoked", by, now)


def test_says_when_a_scope_has_no_chain(inside: Scope, by: Actor, now: datetime) -> None:
    AuditHead.objects.all().delete()
    with pytest.raises(RuntimeError, match="no audit chain"), transaction.atomic():
        _record("device.revoked", by, now)


class Word(enum.StrEnum):
    REVIEW = "REVIEW"


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"nothing": None, "yes": True, "number": -(2**53 - 1), "text": 'ü €\u2028 \x1f \\ "'},
        {"nested": {"list": [1, "two", [None, {"a": False}]]}},
        {"decision": Word.REVIEW},
        {"is_password_protected": True, "has_token": None},
        {"signature_key": "02ab", "key": "k", "authenticated": "yes"},
    ],
)
def test_takes_plain_json_that_verifies_after_the_database(
    facts: Mapping[str, Any], inside: Scope, by: Actor, now: datetime
) -> None:
    with transaction.atomic():
        audit.record("a.b", by=by, subject=("k", "i"), now=now, facts=facts)
    assert AuditEvent.objects.get(name="a.b").facts == facts
    audit_trail.verify()


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": 1.5},
        {"amount": 1.0},
        {"big": 2**53},
        {"who": ALICE},
        {"when": datetime(2026, 1, 1)},  # noqa: DTZ001 - refused whatever its zone
        {"bytes": b"x"},
        {"set": {1}},
        {1: "x"},
        {"nul": "a\x00b"},
        {"half": "\ud800"},
        {"list": [{"deep": 0.5}]},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {}}}}}}}}}},
    ],
)
def test_refuses_what_is_no_plain_json(facts: Any, inside: Scope, by: Actor, now: datetime) -> None:
    with transaction.atomic(), pytest.raises(audit_facts.FactsRefused):
        audit.record("a.b", by=by, subject=("k", "i"), now=now, facts=facts)
    assert not AuditEvent.objects.filter(name="a.b").exists()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "client_secret",
        "oneTimePrivateKey",
        "private-key",
        "PRIVATE",
        "invite_string",
        "inviteString",
        "push_token",
        "accessToken",
        "password_verifier",
        "sealed_outcome",
        "passphrase",
    ],
)
def test_refuses_secrets_by_their_name_without_quoting_them(
    name: str, inside: Scope, by: Actor, now: datetime
) -> None:
    for facts in ({name: "canary"}, {"outer": [{name: "canary"}]}, {name: 123456}):
        with transaction.atomic(), pytest.raises(audit_facts.FactsRefused) as caught:
            audit.record("a.b", by=by, subject=("k", "i"), now=now, facts=facts)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("", ("k", "i")),
        ("a" * 65, ("k", "i")),
        ("a.b", ("", "i")),
        ("a.b", ("k" * 33, "i")),
        ("a.b", ("k", "")),
        ("a.b", ("k", "i" * 129)),
        ("a.b", ("k", "i\x00")),
    ],
)
def test_refuses_names_that_a_column_would_cut(
    name: str, subject: tuple[str, str], inside: Scope, by: Actor, now: datetime
) -> None:
    with transaction.atomic(), pytest.raises(audit_facts.FactsRefused):
        audit.record(name, by=by, subject=subject, now=now)


def test_costs_few_statements(inside: Scope, by: Actor, now: datetime) -> None:
    with transaction.atomic():
        _record("warm.up", by, now)
    with CaptureQueriesContext(connection) as statements, transaction.atomic():
        _record("device.revoked", by, now)
    expected = 2 if connection.vendor == "postgresql" else 3
    assert len(_statements(statements)) == expected


def test_gathers_events_and_appends_them_in_order(inside: Scope, by: Actor, now: datetime) -> None:
    with (
        CaptureQueriesContext(connection) as statements,
        transaction.atomic(),
        audit.gathered(),
    ):
        for name in ("first.done", "second.done", "third.done"):
            _record(name, by, now)
        assert _names() == []
    assert _names() == ["first.done", "second.done", "third.done"]
    locks = [sql for sql in _statements(statements) if "SELECT sequence, digest" in sql]
    assert len(locks) == 1
    audit_trail.verify()


@pytest.mark.parametrize(("count", "most"), [(1, 2), (5, 3), (6, 4), (12, 5)])
def test_appends_many_events_by_few_statements(
    count: int, most: int, inside: Scope, by: Actor, now: datetime
) -> None:
    names = [f"device.edited-{number}" for number in range(count)]
    with CaptureQueriesContext(connection) as captured, transaction.atomic(), audit.gathered():
        for name in names:
            _record(name, by, now)
    if connection.vendor == "postgresql":
        assert len(_statements(captured)) <= most
    assert _names() == names
    assert audit_trail.verify().last_seq == AuditHead.objects.get().sequence


def test_gathers_in_the_outermost_block(inside: Scope, by: Actor, now: datetime) -> None:
    with transaction.atomic(), audit.gathered():
        _record("first.done", by, now)
        with audit.gathered():
            _record("second.done", by, now)
        assert _names() == []
    assert _names() == ["first.done", "second.done"]


def test_drops_gathered_events_of_a_savepoint_that_is_rolled_back(
    inside: Scope, by: Actor, now: datetime
) -> None:
    with transaction.atomic(), audit.gathered():
        _record("first.done", by, now)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            _record("never.done", by, now)
            with transaction.atomic():
                _record("neither.done", by, now)
            raise ZeroDivisionError
        with transaction.atomic():
            _record("second.done", by, now)
    assert _names() == ["first.done", "second.done"]
    audit_trail.verify()


def test_appends_nothing_gathered_when_the_block_raises(
    inside: Scope, by: Actor, now: datetime
) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic(), audit.gathered():
        _record("never.done", by, now)
        raise ZeroDivisionError
    assert _names() == []
    with transaction.atomic():
        _record("first.done", by, now)
    assert _names() == ["first.done"]


def test_gathers_for_several_scopes(acme: Scope, charlies: Scope, now: datetime) -> None:
    with transaction.atomic(), audit.gathered():
        for scope in (acme, charlies, acme):
            with current.in_scope(scope.id):
                _record("door.opened", actor.system(scope.id), now)
    for scope, count in ((acme, 2), (charlies, 1)):
        with current.in_scope(scope.id):
            assert _names() == ["door.opened"] * count
            audit_trail.verify()


def test_can_only_be_appended_to(inside: Scope) -> None:
    changes = (
        "UPDATE identity_auditevent SET name = 'x'",
        "DELETE FROM identity_auditevent",
        "UPDATE identity_signedhead SET sequence = 0",
        "DELETE FROM identity_signedhead",
    )
    for sql in changes:
        if connection.vendor == "postgresql":
            # The run-time role lacks the right, whatever the code says.
            with pytest.raises(Error, match="permission denied"), transaction.atomic():
                connection.cursor().execute(sql)
    if connection.vendor != "postgresql":
        # SQLite knows no rights; there the chain tells afterwards.
        connection.cursor().execute(changes[0])
        with pytest.raises(audit_chain.ChainInvalid):
            audit_trail.verify()
    else:
        audit_trail.verify()
