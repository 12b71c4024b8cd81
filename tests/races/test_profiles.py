"""Profiles that several change at once: no part is lost, and a name is somebody's once."""

import pytest

from accounts.errors import NameTaken
from accounts.models import Profile
from accounts.services import kept_profiles
from accounts.services.profile_editing import Changes
from identity.models import AuditEvent
from tests import acts, cast
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_parts_at_once_are_all_there() -> None:
    world = cast.world()
    bob = world.member("bob")

    def change(number: int) -> None:
        with cast.in_scope(world):
            kept_profiles.keep(
                user_id=bob.user.id,
                changes=Changes(metadata={f"part{number}": str(number)}),
                avatar=None,
                by=world.system,
                now=acts.now(),
            )

    assert together.run(change, count=20) == [None] * 20
    with cast.in_scope(world):
        profile = Profile.objects.get()
        assert profile.metadata == {f"part{number}": str(number) for number in range(20)}
        assert AuditEvent.objects.filter(name="profile.made").count() == 1
        assert AuditEvent.objects.filter(name="profile.edited").count() == 20


def test_of_ten_who_want_a_name_one_has_it() -> None:
    world = cast.world()
    people = [world.member(f"user{number}") for number in range(10)]

    def change(number: int) -> None:
        with cast.in_scope(world):
            kept_profiles.keep(
                user_id=people[number].user.id,
                changes=Changes(name="ally", locale="en"),
                avatar=None,
                by=world.system,
                now=acts.now(),
            )

    ends = together.run(change, count=10)
    assert ends.count(None) == 1, ends
    assert sum(isinstance(end, NameTaken) for end in ends) == 9, ends
    with cast.in_scope(world):
        # Whoever lost changed nothing at all.
        assert [each.name for each in Profile.objects.exclude(locale="")] == ["ally"]
