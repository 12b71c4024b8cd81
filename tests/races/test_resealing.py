"""Sealing anew beside servers and beside itself: each value once, and nobody's change is lost."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from identity import actor
from identity.crypto.sealing import LocalKeyEncryptionKey
from identity.management import sealed
from identity.models import AuditEvent, IdempotencyRecord
from identity.scoping import current
from identity.services import mail, resealing
from sessions_app.errors import ChallengeRefused
from sessions_app.models import Provider
from sessions_app.services import challenges, providers
from tests import sealed_rows
from tests.races import together
from tests.sealed_rows import NOW, Filled

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = b"o" * 32, b"n" * 32
NEW_ID = LocalKeyEncryptionKey(NEW).kek_id


@pytest.fixture
def acme(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """A scope whose values wait under the old key; the new one seals now."""
    settings.KEY_ENCRYPTION_KEYS = (OLD,)
    monkeypatch.setattr(mail, "queues", [])
    filled = sealed_rows.fill()
    settings.KEY_ENCRYPTION_KEYS = (NEW, OLD)
    yield filled
    sealed_rows.forget_opened()


def reseal(filled: Filled) -> int:
    """One run over all columns; how many values it sealed anew."""
    by, count = actor.system(filled.scope.id), 0
    for column in sealed.COLUMNS:
        last = None
        while (done := resealing.reseal(column, after=last, by=by, now=NOW)).last is not None:
            last, count = done.last, count + done.resealed
            assert done.broken == 0
    return count


def require_only_new(filled: Filled, settings: Settings) -> None:
    settings.KEY_ENCRYPTION_KEYS = (NEW,)
    sealed_rows.forget_opened()
    assert {line.kek_id for line in sealed.standing(now=NOW)} == {NEW_ID}
    with current.in_scope(filled.scope.id):
        events = AuditEvent.objects.filter(name="sealed-values.resealed")
        assert {event.facts["kek_id"] for event in events} == {NEW_ID}


def test_several_runs_seal_each_value_once(acme: Filled, settings: Settings) -> None:
    waiting = sum(line.count for line in sealed.standing(now=NOW))
    ends = together.run(lambda _: reseal(acme), count=6)
    assert sum(ends) == waiting
    require_only_new(acme, settings)
    with current.in_scope(acme.scope.id):
        events = AuditEvent.objects.filter(name="sealed-values.resealed")
        assert sum(event.facts["values"] for event in events) == waiting
    acme.require_open()


def test_what_people_change_meanwhile_stays(acme: Filled, settings: Settings) -> None:
    with current.in_scope(acme.scope.id):
        provider_id = Provider.objects.get().id
    by, is_over = actor.system(acme.scope.id), threading.Event()

    def work(number: int) -> Any:
        if number:
            while not is_over.is_set():
                reseal(acme)
            return None
        for turn in range(30):
            # Under the key of before, as a server does that has not been restarted.
            old = LocalKeyEncryptionKey(OLD)
            secret = f"secret {turn}".encode()
            told = sealed_by(old, secret, str(provider_id))
            changes = {"sealed_secret": told, "name": f"Hub {turn}"}
            providers.edit(provider_id=provider_id, changes=changes, by=by, now=NOW)
        is_over.set()
        return None

    def guarded(number: int) -> Any:
        try:
            return work(number)
        finally:
            is_over.set()

    assert together.run(guarded, count=4) == [None] * 4
    reseal(acme)
    require_only_new(acme, settings)
    with current.in_scope(acme.scope.id):
        provider = Provider.objects.get()
        assert (providers.secret_of(provider), provider.name) == ("secret 29", "Hub 29")


def sealed_by(kek: LocalKeyEncryptionKey, secret: bytes, subject: str) -> bytes:
    from identity.crypto import sealing

    return sealing.seal(kek, secret, purpose="provider.client-secret", subject=subject)


def test_what_is_taken_once_is_not_put_back(acme: Filled, settings: Settings) -> None:
    def work(number: int) -> Any:
        if number % 2:
            return reseal(acme)
        with current.in_scope(acme.scope.id):
            return challenges.take(acme.challenge, purpose="second-factor", now=NOW).sealed

    ends = together.run(work, count=8)
    assert ends.count(b"half signed in") == 1
    refused = [end for end in ends if isinstance(end, Exception)]
    assert {type(end) for end in refused} == {ChallengeRefused}
    require_only_new(acme, settings)


def test_what_is_removed_stays_removed(acme: Filled, settings: Settings) -> None:
    def work(number: int) -> Any:
        if number:
            return reseal(acme)
        with current.in_scope(acme.scope.id):
            return IdempotencyRecord.objects.all().delete()

    together.run(work, count=5)
    require_only_new(acme, settings)
    with current.in_scope(acme.scope.id):
        assert not IdempotencyRecord.objects.exists()
