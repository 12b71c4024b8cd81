"""Mails about invitations: a log of each, and the link sealed until it is sent."""

import importlib
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core import mail

from identity import mail_queries, tasks
from identity.models import SentMail
from identity.paging import After
from identity.services import mail as mail_log
from invitations import batch_queries, links
from invitations.errors import LinksByMailOff
from invitations.models import InvitationMail
from invitations.services import invitations, mails
from invitations.services.governance import Done
from tests import acts, cast

pytestmark = pytest.mark.django_db
Queued = list[tuple[UUID, UUID, int]]


@pytest.fixture
def world() -> cast.World:
    return cast.world(mail_invitation_links=True)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Queued:
    asked: Queued = []
    monkeypatch.setattr(mail_log, "queues", [lambda *given: asked.append(given)])
    return asked


def invite(member: cast.Member, **details: Any) -> Any:
    user = str(UUID(int=7))
    answer = acts.submit(
        member,
        "user.invite",
        user=user,
        email="new@example.test",
        **({"first_name": "New"} | details),
    )
    assert isinstance(answer, Done)
    return answer.result


def log(world: cast.World, result: Any) -> list[batch_queries.MailRow]:
    with cast.in_scope(world):
        return list(batch_queries.mails(UUID(result["invitation"])))


def test_sends_a_notice_without_a_secret(world: cast.World, alice: cast.Member) -> None:
    result = invite(alice)
    (row,) = log(world, result)
    assert (row.kind, row.to, row.state, row.tries) == ("notice", "new@example.test", "sent", 1)
    (message,) = mail.outbox
    assert message.to == ["new@example.test"]
    for secret in ("invite_string", "one_time_private_key"):
        assert result[secret] not in str(message.message())


def test_sends_the_link_where_it_is_asked_for(world: cast.World, alice: cast.Member) -> None:
    result = invite(alice, mails_link=True)
    assert {row.kind for row in log(world, result)} == {"notice", "link"}
    with cast.in_scope(world):
        assert any(links.link_of(result) in str(message.body) for message in mail.outbox)
        assert not SentMail.objects.exclude(sealed_context=None).exists()


def test_refuses_to_mail_links_where_the_scope_does_not() -> None:
    alice = cast.world().member("alice", "super-admin")
    with pytest.raises(LinksByMailOff):
        invite(alice, mails_link=True)


def test_keeps_the_link_sealed_until_it_is_sent(
    world: cast.World, alice: cast.Member, queued: Queued
) -> None:
    result = invite(alice, mails_link=True)
    assert len(queued) == 2
    assert not any(result["invite_string"] in str(given) for given in queued)
    with cast.in_scope(world):
        row = SentMail.objects.get(template="invitation-link")
        sealed = bytes(row.sealed_context or b"")
        assert sealed
        assert links.link_of(result).encode() not in sealed
        tasks.send_mail.func(str(world.scope.id), str(row.id))
        row.refresh_from_db()
        assert (row.state, row.sealed_context) == ("sent", None)
        # A task that runs twice sends nothing more.
        assert tasks.send_mail.func(str(world.scope.id), str(row.id)) is False
    assert len(mail.outbox) == 1


def test_sends_no_link_of_an_invitation_that_has_ended(
    world: cast.World, alice: cast.Member, queued: Queued
) -> None:
    result = invite(alice, mails_link=True)
    with cast.in_scope(world):
        invitations.revoke(
            invitation_id=UUID(result["invitation"]), by=acts.as_actor(alice), now=acts.now()
        )
        row = SentMail.objects.get(template="invitation-link")
        tasks.send_mail.func(str(world.scope.id), str(row.id))
        row.refresh_from_db()
    assert (row.state, row.sealed_context) == ("failed", None)
    assert mail.outbox == []
    assert queued


def test_tries_again_later_and_says_what_went_wrong(
    world: cast.World,
    alice: cast.Member,
    queued: Queued,
    settings: Any,
) -> None:
    settings.EMAIL_BACKEND = "tests.broken_mail.Backend"
    result = invite(alice)
    for _ in range(mail_log.MOST_TRIES + 2):
        scope_id, mail_id, _ = queued[-1]
        tasks.send_mail.func(str(scope_id), str(mail_id))
    assert [seconds for _, _, seconds in queued] == [0, 15, 60, 240, 960]
    (row,) = log(world, result)
    assert (row.state, row.tries, row.fault) == ("failed", 5, "SMTPDataError 451")


def test_forgets_links_whose_invitation_is_over(
    world: cast.World, alice: cast.Member, queued: Queued
) -> None:
    result = invite(alice, mails_link=True)
    assert queued
    with cast.in_scope(world):
        assert mails.forget_links(now=acts.now()) == 0
        assert mails.forget_links(now=acts.now() + invitations.LONGEST_LIFE) == 2
    assert {row.state for row in log(world, result)} == {"failed"}


def test_takes_over_the_log_that_invitations_had(world: cast.World, alice: cast.Member) -> None:
    result = invite(alice)
    upgrade = importlib.import_module("identity.migrations.0010_mails_about")
    with cast.in_scope(world):
        SentMail.objects.all().delete()
        for kind, state in (("notice", "sent"), ("link", "queued")):
            InvitationMail.objects.create(
                scope_id=world.scope.id,
                invitation_id=result["invitation"],
                kind=kind,
                to="new@example.test",
                state=state,
                sealed_link=b"sealed" if kind == "link" else None,
                tries=1,
                queued_at=acts.now(),
                ended_at=acts.now() if state == "sent" else None,
            )
        upgrade.take_over(apps, None)
    told = {(row.kind, row.state, row.fault) for row in log(world, result)}
    assert told == {("notice", "sent", ""), ("link", "failed", upgrade.CUT)}


def test_stands_in_the_one_log(world: cast.World, alice: cast.Member) -> None:
    result = invite(alice)
    with cast.in_scope(world):
        (row,) = mail_queries.mails_window(After()).rows
    assert (row.purpose, row.template, str(row.about)) == (
        "invitation",
        "invited",
        result["invitation"],
    )
