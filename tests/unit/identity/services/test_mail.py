"""The log of mail: written with the wish, told by the task, empty of what the mail said."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from django.db import transaction
from pytest_django import Settings

from identity import tasks
from identity.models import Scope, SentMail
from identity.scoping import current
from identity.services import mail, purge

Queued = list[tuple[UUID, UUID, int]]
SECRET = "479-021-canary"


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Queued:
    asked: Queued = []
    monkeypatch.setattr(mail, "queues", [lambda *given: asked.append(given)])
    return asked


def send(scope: Scope, now: datetime, *, useful_until: datetime | None = None) -> SentMail:
    with current.in_scope(scope.id):
        mail.send(
            to="alice@example.test",
            template="address-changed",
            context={"name": SECRET},
            now=now,
            useful_until=useful_until,
        )
        return SentMail.objects.get()


def present(scope: Scope) -> SentMail:
    with current.in_scope(scope.id):
        return SentMail.objects.get()


def test_is_sent_by_the_queue_and_keeps_nothing_of_the_text(
    acme: Scope, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    row = send(acme, now)
    (message,) = mailoutbox
    assert message.to == ["alice@example.test"]
    assert SECRET in message.body
    assert (row.state, row.tries, row.fault, row.purpose) == ("sent", 1, "", "address-changed")
    assert row.sealed_context is None


def test_waits_sealed(acme: Scope, now: datetime, queued: Queued) -> None:
    row = send(acme, now)
    assert queued == [(acme.id, row.id, 0)]
    assert row.state == "queued"
    assert SECRET.encode() not in bytes(row.sealed_context or b"")


def test_is_not_asked_for_by_what_is_undone(acme: Scope, now: datetime, queued: Queued) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        send(acme, now)
        raise RuntimeError
    with current.in_scope(acme.id):
        assert not SentMail.objects.exists()


def test_is_tried_five_times_and_tells_only_the_kind_of_failure(
    acme: Scope, now: datetime, queued: Queued, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "tests.broken_mail.Backend"
    row = send(acme, now)
    for number in range(mail.MOST_TRIES):
        assert present(acme).state == "queued"
        assert present(acme).tries == number
        assert not tasks.send_mail.call(str(acme.id), str(row.id))
    row = present(acme)
    assert (row.state, row.fault, row.sealed_context) == ("failed", "SMTPDataError 451", None)
    assert [seconds for _, _, seconds in queued] == [0, 15, 60, 240, 960]


def test_is_not_sent_when_it_is_of_no_use_any_more(
    acme: Scope, now: datetime, queued: Queued, mailoutbox: list[EmailMessage]
) -> None:
    row = send(acme, now, useful_until=now + timedelta(minutes=10))
    with current.in_scope(acme.id):
        assert mail.letter(row.id, now=now + timedelta(minutes=10)) is None
    assert (present(acme).state, present(acme).fault) == ("failed", mail.TOO_LATE)
    assert not mailoutbox


def test_what_a_lost_task_left_is_emptied_and_old_rows_go(
    acme: Scope, now: datetime, queued: Queued
) -> None:
    send(acme, now, useful_until=now + timedelta(minutes=10))
    assert purge.purge(now=now + timedelta(minutes=9)).late_mails == 0
    assert purge.purge(now=now + timedelta(minutes=10)).late_mails == 1
    assert present(acme).sealed_context is None
    assert purge.purge(now=now + mail.KEPT).mails == 0
    assert purge.purge(now=now + mail.KEPT + timedelta(seconds=1)).mails == 1


def test_is_of_one_scope(acme: Scope, charlies: Scope, now: datetime, queued: Queued) -> None:
    row = send(acme, now)
    with current.in_scope(charlies.id):
        assert not SentMail.objects.exists()
        assert mail.letter(row.id, now=now) is None
