"""Whoever doubts the ledger in the database recomputes it: every change is found."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.ledger import LocalSigner, open_ledger, verification
from accounts.models import LedgerMessage, LedgerTopic
from identity.crypto import ed25519
from identity.models import Scope
from identity.scoping import current
from identity.services import scopes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def filled(slug: str) -> Scope:
    scope, signer = scopes.create(slug=slug, name=slug, now=NOW), LocalSigner(ed25519.generate())
    ledger = open_ledger(scope.id)
    for _ in range(2):
        topic = ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=signer)
        for text in (b"one", b"two", b"three"):
            ledger.submit_message(
                transaction_id=ledger.begin(), topic_id=topic, message=text, signer=signer
            )
    return scope


@pytest.fixture
def acme() -> Scope:
    return filled("acme")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ledger", "verify", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def second(topic_number: int) -> Any:
    return LedgerMessage.objects.filter(topic__number=topic_number, sequence=2)


def test_what_was_written_holds(acme: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    scopes.create(slug="empty", name="empty", now=NOW)
    monkeypatch.setattr(verification, "_AT_ONCE", 2)
    assert run("--scope", "acme") == "acme: 2 topics and 6 messages hold\n"
    assert "empty: 0 topics and 0 messages hold" in run()


CHANGES: dict[str, Callable[[], Any]] = {
    "the running hash": lambda: second(1001).update(content=b"TWO"),
    "its signature": lambda: second(1001).update(signature=bytes(64)),
    "its time": lambda: second(1001).update(timestamp=1),
    "its number": lambda: second(1001).delete(),
    "ends at message 2, not at 3": lambda: LedgerMessage.objects.filter(sequence=3).delete(),
    "ends at message 3, not at 3": lambda: LedgerTopic.objects.update(running_hash=bytes(48)),
    "topic 0.0.1001, message 1": lambda: LedgerTopic.objects.update(submit_key=b"k" * 32),
}


@pytest.mark.parametrize("found", CHANGES)
def test_finds_what_was_changed(acme: Scope, found: str) -> None:
    with current.as_owner(why="a test changes what nobody may"):
        CHANGES[found]()
    # Written after the change, and looked at all the same.
    filled("other")
    out = io.StringIO()
    with pytest.raises(CommandError, match="wrong in: acme"):
        call_command("ledger", "verify", stdout=out, stderr=out)
    assert found in out.getvalue()
    assert "other: 2 topics and 6 messages hold" in out.getvalue()


def test_knows_no_scope_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no scope"):
        run("--scope", "nowhere")
