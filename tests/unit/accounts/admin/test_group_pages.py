"""Pages about groups: made, changed, filled and deleted through the one door."""

import pytest

from accounts.models import Group, GroupMember
from invitations.models import Proposal
from tests import cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk

LIST = "accounts/group/"
RIGHTS = ("edit", "end", "members")


def made(desk: Desk, name: str = "readers", description: str = "") -> Group:
    told = desk.send(f"{LIST}new/", name=name, description=description)
    assert told == ["The group is made. Add its members on its page."]
    with cast.in_scope(desk.world):
        return Group.objects.get(name=name)


def test_makes_and_shows_a_group(desk: Desk) -> None:
    group = made(desk, description="Readers of the quarterly report")
    assert "quarterly report" in desk.get(LIST)
    shown = desk.get(f"{LIST}{group.pk}/change/")
    for text in ("readers", "carol", "Nobody is in the group yet.", "group.created"):
        assert text in shown
    assert "readers" in desk.get(LIST, q="rea")
    assert "readers" not in desk.get(LIST, q="eaders")


def test_refuses_a_name_that_is_taken_beside_the_form(desk: Desk) -> None:
    made(desk)
    shown = desk.refused(f"{LIST}new/", name="readers", description="")
    assert 'value="readers"' in shown


def test_renames_and_describes(desk: Desk) -> None:
    group = made(desk)
    path = f"{LIST}{group.pk}/edit/"
    assert "Nothing is changed." in desk.refused(path, name="readers", description="")
    assert desk.send(path, name="writers", description="They write.") == ["The group is changed."]
    desk.refresh(group)
    assert (group.name, group.description) == ("writers", "They write.")


def test_finds_members_by_how_their_names_begin(desk: Desk, world: cast.World) -> None:
    group, bob = made(desk), world.member("bob").user
    world.member("alice")
    found = desk.get(f"{LIST}{group.pk}/members/", q="BO")
    assert "bob@example.test" in found
    assert "alice@example.test" not in found
    add = f"{LIST}{group.pk}/members/{bob.pk}/add/"
    assert add in found
    assert desk.send(add) == ["The user is in the group."]
    assert f"{bob.pk}/add/" not in desk.get(f"{LIST}{group.pk}/members/", q="bob")
    assert "bob@example.test" in desk.get(f"{LIST}{group.pk}/change/")
    remove = f"{LIST}{group.pk}/members/{bob.pk}/remove/"
    assert desk.send(remove) == ["The user is out of the group."]
    with cast.in_scope(world):
        assert not GroupMember.objects.exists()


def test_leafs_through_members(
    desk: Desk, world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.admin import groups

    monkeypatch.setattr(groups, "MOST", 2)
    group = made(desk)
    for name in ("alice", "bob", "charlie"):
        desk.send(f"{LIST}{group.pk}/members/{world.member(name).user.pk}/add/")
    first = desk.get(f"{LIST}{group.pk}/change/")
    assert "charlie@example.test" not in first.split("Audit trail")[0]
    more = first.split('href="?q=&amp;after=')[1].split('"')[0]
    assert "charlie@example.test" in desk.get(f"{LIST}{group.pk}/change/", after=more)
    assert "bob@example.test" in desk.get(f"{LIST}{group.pk}/change/", q="bob")
    assert desk.get(f"{LIST}{group.pk}/change/", after="nonsense", q="a\u0000")


def test_deletes_a_group_and_keeps_its_members(desk: Desk, world: cast.World) -> None:
    group, bob = made(desk), world.member("bob").user
    desk.send(f"{LIST}{group.pk}/members/{bob.pk}/add/")
    assert "Its members stay users" in desk.get(f"{LIST}{group.pk}/end/")
    assert desk.send(f"{LIST}{group.pk}/end/") == ["The group is deleted."]
    desk.refresh(bob)
    assert bob.deleted_at is None
    assert desk.status(f"{LIST}{group.pk}/end/") == 404


def test_proposes_where_policy_asks_for_it(world: cast.World) -> None:
    world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    desk = Desk(world, "carol", "super-admin")
    (told,) = desk.send(f"{LIST}new/", name="readers", description="")
    with cast.in_scope(world):
        assert f"/proposal/{Proposal.objects.get().pk}/change/" in told
        assert not Group.objects.exists()


@pytest.mark.parametrize("act", RIGHTS)
def test_lets_only_who_has_the_right_act(desk: Desk, world: cast.World, act: str) -> None:
    group = made(desk)
    auditor = Desk(world, "dave", "workspace-auditor")
    assert auditor.status(f"{LIST}{group.pk}/change/") == 200
    before = auditor.traces()
    assert auditor.status(f"{LIST}{group.pk}/{act}/") == 403
    answer = auditor.client.post(f"/admin/{LIST}{group.pk}/{act}/", {"name": "x"})
    assert answer.status_code == 403
    assert auditor.status(f"{LIST}new/") == 403
    assert auditor.traces() == before
    assert "Make a group" not in auditor.get(LIST)
    assert Desk(world, "erin", "member").status(LIST) == 403


@pytest.mark.parametrize("act", RIGHTS)
def test_knows_no_group_and_no_user_of_another_scope(desk: Desk, act: str) -> None:
    elsewhere = Desk(cast.world(), "carol", "super-admin")
    foreign, own = made(elsewhere), made(desk)
    assert desk.status(f"{LIST}{foreign.pk}/{act}/") == 404
    assert desk.status(f"{LIST}{own.pk}/members/{elsewhere.user.pk}/add/") == 404
    assert desk.client.post(f"/admin/{LIST}{foreign.pk}/{act}/").status_code == 404
    assert "readers" not in desk.get(LIST).split(str(own.pk))[0].rsplit("<table", 1)[-1]


def test_changes_nothing_by_looking(desk: Desk, world: cast.World) -> None:
    group, bob = made(desk), world.member("bob").user
    before = desk.traces()
    acts = (*RIGHTS, "change", f"members/{bob.pk}/add", f"members/{bob.pk}/remove")
    for act in acts:
        desk.get(f"{LIST}{group.pk}/{act}/")
    assert desk.traces() == before


def test_escapes_names_that_others_chose(desk: Desk, world: cast.World) -> None:
    group, bob = made(desk, HOSTILE, HOSTILE), world.member("bob").user
    pages = ("change", *RIGHTS, f"members/{bob.pk}/add")
    for address in (LIST, *(f"{LIST}{group.pk}/{act}/" for act in pages)):
        assert HOSTILE not in desk.get(address)
    assert HOSTILE not in desk.get(f"accounts/user/{bob.pk}/groups/")


def test_says_whether_nothing_was_found_or_nothing_is_left(desk: Desk, world: cast.World) -> None:
    bob = world.member("bob").user
    page, left = f"accounts/user/{bob.pk}/groups/", "No group is left to choose here."
    sought = "No other group has a name that begins so."
    assert left in desk.get(page)
    assert sought not in desk.get(page)
    found = desk.get(page, q="nothing")
    assert sought in found
    assert left not in found
