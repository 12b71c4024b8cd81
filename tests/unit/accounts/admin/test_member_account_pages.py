"""Whose account a member of a context is, said in the admin: once, and in the own scope alone."""

from datetime import UTC, datetime

from accounts.models import ContextMember
from accounts.services import roles, rules, users
from identity import ids
from tests import cast
from tests.matrix.scene import PASSWORD_ROOM
from tests.unit.accounts.admin.desk import SOMEWHERE, Desk
from tests.unit.accounts.admin.test_context_pages import (
    CONTEXTS,
    context,
    key,
    living,
    member,
    page,
)


def words(world: cast.World, *held: str) -> str:
    """The id of a role that has these words alone."""
    now = datetime.now(UTC)
    with cast.in_scope(world):
        made = []
        for word in held:
            noun, verb = word.split(":")
            rule = rules.create(
                public_id=ids.new(),
                name=word,
                description="",
                resource=PASSWORD_ROOM.get(noun, f"/{noun}"),
                action=verb,
                proposal_resource="",
                by=world.system,
                now=now,
            )
            made.append(rule.public_id)
        role = roles.create(
            public_id=ids.new(),
            name="worded",
            description="",
            rule_ids=made,
            by=world.system,
            now=now,
        )
    return str(role.public_id)


def test_adds_a_member_with_its_account(desk: Desk, world: cast.World) -> None:
    row, bob, eve = context(desk), world.member("bob"), world.member("eve")
    for who, said in ((bob, bob.uid), (eve, " EVE@example.test ")):
        made = member(desk, row, who.user.username[0], user=said)
        assert made.user_id == who.user.id
        shown = desk.get(page(made))
        assert f"accounts/user/{who.user.id}/change/" in shown
        assert "Link an account" not in shown
        assert desk.status(page(made, "accounts")) == 404
    form = {"member": "again", "public_key": key(), "acl": "ALLOW ALL", "user": bob.uid}
    told = desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **form)
    assert "This account is another member of this context already." in told
    assert member(desk, row, "nobody", user="").user_id is None


def test_refuses_an_account_that_is_none(desk: Desk, world: cast.World) -> None:
    row, other = context(desk), cast.world()
    charlie = other.member("charlie")
    gone = world.member("gone")
    with cast.in_scope(world):
        users.delete(user_id=gone.user.id, by=world.system, now=datetime.now(UTC))
    form = {"member": "alice", "public_key": key(), "acl": "ALLOW ALL"}
    for said in (charlie.uid, "charlie@example.test", gone.uid, str(ids.new()), "x", "a\u0000"):
        shown = desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **form, user=said)
        assert "Nobody here has this name or id." in shown or "\u0000" in said
    with cast.in_scope(desk.world):
        assert not ContextMember.objects.exists()


def test_only_who_may_edit_members_says_whose_account_one_is(desk: Desk, world: cast.World) -> None:
    row, bob = context(desk), world.member("bob")
    adder = Desk(world, "dave", words(world, "members:create", "members:get", "contexts:list"))
    address = f"{CONTEXTS}{row.pk}/members/new/"
    assert "Account here" in desk.get(address)
    assert "Account here" not in adder.get(address)
    form = {"member": "b", "public_key": key(), "acl": "ALLOW ALL", "user": bob.uid}
    adder.client.post(f"/admin/{address}", form)
    made = living(desk, "b")
    assert made.user_id is None
    assert "Link an account" not in adder.get(page(made))
    for path in (page(made, "accounts"), page(made, f"accounts/{bob.user.id}")):
        assert adder.status(path) == 403
        assert adder.client.post(f"/admin/{path}").status_code == 403


def test_links_an_account_once(desk: Desk, world: cast.World) -> None:
    alice = member(desk, context(desk), is_staff="on", acl="ALLOW READ")
    bob, eve = world.member("bob"), world.member("eve")
    assert page(alice, "accounts") in desk.get(page(alice))
    found = desk.get(page(alice, "accounts"), q="bo")
    assert page(alice, f"accounts/{bob.user.id}") in found
    assert str(eve.user.id) not in found
    told = desk.send(page(alice, f"accounts/{bob.user.id}"))
    assert told == ["The member is linked to the account."]
    now = living(desk)
    assert (now.pk, now.user_id) == (alice.pk, bob.user.id)
    assert (now.acl, now.is_staff, now.public_key) == ("ALLOW READ", True, alice.public_key)
    for path in (page(alice, "accounts"), page(alice, f"accounts/{eve.user.id}")):
        assert desk.status(path) == 404
        assert desk.client.post(f"/admin/{path}").status_code == 404
    assert living(desk).user_id == bob.user.id


def test_links_nobody_of_another_scope(desk: Desk) -> None:
    alice, other = member(desk, context(desk)), cast.world()
    charlie = other.member("charlie")
    assert "Nobody has a user name that begins so." in desk.get(
        page(alice, "accounts"), q="charlie"
    )
    for user in (charlie.user.id, SOMEWHERE):
        path = page(alice, f"accounts/{user}")
        assert desk.status(path) == 404
        assert desk.client.post(f"/admin/{path}").status_code == 404
    assert living(desk).user_id is None
