"""Challenges that nobody stores are known again, for what they were made alone, and spent once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from identity import ids
from sessions_app.errors import ChallengeRefused
from sessions_app.models import Challenge, SpentToken
from sessions_app.services import passkey_challenges
from sessions_app.services.passkey_challenges import Asked
from tests import acts, cast

pytestmark = pytest.mark.django_db
ASKED = Asked("passkey-prove", "somebody", "browser")


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


def test_is_known_again_with_its_word(world: cast.World) -> None:
    now = acts.now()
    with cast.in_scope(world):
        for word in ("", "alone"):
            issued, sent = passkey_challenges.issue(ASKED, word=word, now=now)
            found = passkey_challenges.answered(issued, sent, ASKED, words=("", "alone"), now=now)
            assert (found.word, len(sent)) == (word, 32)
        assert not Challenge.objects.exists()
        assert not SpentToken.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"asked": Asked("passkey-again", "somebody", "browser")},
        {"asked": Asked("passkey-prove", "somebody else", "browser")},
        {"asked": Asked("passkey-prove", "somebody", "")},
        {"asked": Asked("passkey-prove", "somebody", "browser\nx")},
        {"words": ("alone",)},
        {"sent": bytes(32)},
        {"sent": b""},
        {"challenge_id": ids.new()},
        {"challenge_id": UUID(int=0)},
        {"challenge_id": UUID(int=(1 << 128) - 1)},
        {"later": timedelta(seconds=60)},
    ],
)
def test_refuses_what_it_was_not_made_for(world: cast.World, changed: dict[str, Any]) -> None:
    now = acts.now()
    with cast.in_scope(world):
        issued, sent = passkey_challenges.issue(ASKED, now=now)
        given: dict[str, Any] = {
            "challenge_id": issued,
            "sent": sent,
            "asked": ASKED,
            "words": ("",),
        }
        moment = now + changed.pop("later", timedelta())
        with pytest.raises(ChallengeRefused):
            passkey_challenges.answered(**given | changed, now=moment)
        passkey_challenges.answered(**given, now=now + timedelta(seconds=59))


def test_is_of_one_scope_and_one_deployment(world: cast.World, settings: Any) -> None:
    now = acts.now()
    with cast.in_scope(world):
        issued, sent = passkey_challenges.issue(ASKED, now=now)
    with cast.in_scope(cast.world(governance=False)), pytest.raises(ChallengeRefused):
        passkey_challenges.answered(issued, sent, ASKED, now=now)
    settings.SECRET_KEY = "another deployment's"
    with cast.in_scope(world), pytest.raises(ChallengeRefused):
        passkey_challenges.answered(issued, sent, ASKED, now=now)


def test_is_spent_once_with_its_transaction(world: cast.World) -> None:
    now = acts.now()
    with cast.in_scope(world):
        found = passkey_challenges.answered(
            *passkey_challenges.issue(ASKED, now=now), ASKED, now=now
        )
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            found.spend()
            raise ZeroDivisionError
        with transaction.atomic():
            found.spend()
        with pytest.raises(ChallengeRefused), transaction.atomic():
            found.spend()
        found.give_up()


def test_nobody_answers_what_was_given_up(world: cast.World) -> None:
    now = acts.now()
    with cast.in_scope(world):
        found = passkey_challenges.answered(
            *passkey_challenges.issue(ASKED, now=now), ASKED, now=now
        )
        found.give_up()
        with pytest.raises(ChallengeRefused), transaction.atomic():
            found.spend()


def test_differs_each_time(world: cast.World) -> None:
    now = acts.now()
    with cast.in_scope(world):
        assert len({passkey_challenges.issue(ASKED, now=now)[1] for _ in range(50)}) == 50


def test_an_id_says_when_it_was_made() -> None:
    now = acts.now()
    made = [ids.at(now) for _ in range(100)]
    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {ids.new().variant}
    assert len(set(made)) == 100
    assert all(timedelta() <= now - ids.made_at(each) < timedelta(milliseconds=1) for each in made)
    assert abs(ids.made_at(ids.new()) - now) < timedelta(seconds=5)
