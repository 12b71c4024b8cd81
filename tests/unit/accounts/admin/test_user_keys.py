"""What a user signs with, on the user's page: counted, named and linked for who may know of it."""

from datetime import UTC, datetime

import pytest

from accounts.models import Profile, User, Wallet
from accounts.queries import managed_keys as queries
from accounts.services import managed_keys, profile_editing, proving_keys, vouched
from accounts.services.profile_editing import Changes
from identity import ids
from identity.models import AuditEvent
from sessions_app.models import Session
from sessions_app.services.sessions import Proof
from tests import acts, cast, circles, lambdas, passkey_holders, signed_in, user_key_holders
from tests.unit.accounts.admin.desk import Desk

HEADING = "Keys and lambdas"


def page(user: User) -> str:
    return f"accounts/user/{user.pk}/change/"


def test_counts_and_links_what_there_is(desk: Desk, world: cast.World) -> None:
    lambdas.turn_on(world)
    bob = world.member("bob")
    lambdas.made(world, bob, lambdas.config())
    with cast.in_scope(world):
        passkey_holders.passkey(bob.user, by=world.system)
        account = queries.of_user(bob.user.id)
    assert account is not None
    shown = desk.get(page(bob.user))
    assert f'/admin/accounts/managedkey/{account.id}/change/">{account.address}</a>' in shown
    assert '/admin/accounts/lambda/?q=bob%40example.test">1</a>' in shown
    assert '/admin/accounts/passkey/?q=bob%40example.test">1</a>' in shown
    for listed in ("lambda", "passkey"):
        # The word searched for is shorter than the name in the row.
        assert "bob@example.test" in desk.get(f"accounts/{listed}/", q="bob@exam")


def test_tells_those_who_have_none(desk: Desk, world: cast.World) -> None:
    section = desk.get(page(world.member("bob").user)).split(HEADING)[1].split("</section>")[0]
    assert section.count(">none<") == 4


def test_says_nothing_to_who_may_not_know(world: cast.World) -> None:
    bob = world.member("bob").user
    with cast.in_scope(world):
        account = managed_keys.create(user=bob, by=world.system, now=datetime.now(UTC))
    shown = Desk(world, "dave", "support").get(page(bob))
    assert HEADING not in shown
    assert account.address not in shown


def test_a_user_of_a_developer_was_not_made_by_the_platform(desk: Desk, world: cast.World) -> None:
    with cast.in_scope(world):
        user = vouched.register(
            name="erin",
            display_name="erin",
            developer_key_id=ids.new(),
            address="192.0.2.1",
            now=datetime.now(UTC),
        )
    shown = desk.get(page(user))
    assert "a developer&#x27;s word" in shown
    assert "the platform" not in shown.split("Audit trail")[0].split("Made by")[1]


def test_a_user_key_is_shown_and_removed_with_a_reason(desk: Desk, world: cast.World) -> None:
    bob, key = world.member("bob"), user_key_holders.key("bob")
    row = user_key_holders.bound(world, bob.user, key)
    word = proving_keys.of_wallet(key.public.text)
    proof = Proof(Session.Method.USER_KEY, key=word)
    begun = signed_in.start(world, bob, proof=proof).session
    page_of_act = f"accounts/user/{bob.user.pk}/user-keys/{row.id}/remove/"
    shown = desk.get(page(bob.user))
    assert row.public_key in shown
    assert f'href="/admin/{page_of_act}"' in shown
    assert row.public_key in desk.get(page_of_act)
    assert "required" in desk.refused(page_of_act, reason="")
    assert desk.send(page_of_act, reason="left in a taxi") == ["The user key is removed."]
    assert row.public_key not in desk.get(page(bob.user)).split("Audit trail")[0]
    assert desk.status(page_of_act) == 404
    with cast.in_scope(world):
        assert not Wallet.objects.filter(id=row.id, is_keyless=False).exists()
        assert AuditEvent.objects.get(name="wallet.removed").facts["reason"] == "left in a taxi"
        assert Session.objects.get(id=begun.id).ended_reason == "key-removed"


def test_a_user_key_of_somebody_else_is_not_there(desk: Desk, world: cast.World) -> None:
    bob, erin = world.member("bob").user, world.member("erin").user
    row = user_key_holders.bound(world, bob, user_key_holders.key("bob"))
    assert desk.status(f"accounts/user/{erin.pk}/user-keys/{row.id}/remove/") == 404


@pytest.mark.parametrize("role", ["support", "workspace-auditor"])
def test_who_may_not_remove_a_user_key_is_not_offered_it(world: cast.World, role: str) -> None:
    bob = world.member("bob").user
    row = user_key_holders.bound(world, bob, user_key_holders.key("bob"))
    desk = Desk(world, "dave", role)
    shown = desk.get(page(bob))
    assert (row.public_key in shown) == (role == "workspace-auditor")
    assert "user-keys/" not in shown
    assert desk.status(f"accounts/user/{bob.pk}/user-keys/{row.id}/remove/") == 403


def test_shows_what_a_user_says_of_itself(desk: Desk, world: cast.World) -> None:
    bob = world.member("bob").user
    with cast.in_scope(world):
        said = Changes(
            name="bobby",
            full_name="Bob Bee",
            phone="+49301234",
            locale="de",
            metadata={"bio": "likes tea"},
            privacy={"fullName": "private", "bio": "follower-only"},
        )
        profile_editing.edit(user_id=bob.pk, changes=said, by=world.system, now=acts.now())
        # Bios of earlier days may hold what is refused by now.
        bio = {"bio": "likes\u202e tea"}
        Profile.objects.filter(user=bob).update(is_phone_verified=True, metadata=bio)
        User.objects.filter(id=bob.id).update(first_name="", last_name="")
    section = desk.get(page(bob)).split(">Profile<")[1].split("</section>")[0]
    for text in ("bobby", "Bob Bee", "+49301234", ">verified<", "bob@example.test"):
        assert text in section
    assert "full name (private), bio (follower-only)" in section
    assert "\u202e" not in section
    assert "Bob Bee" in desk.get("accounts/user/")


def test_shows_the_lines_of_a_bio_as_lines(desk: Desk, world: cast.World) -> None:
    bob = world.member("bob").user
    with cast.in_scope(world):
        said = Changes(metadata={"bio": "likes tea\r\nand <lines>\n\u00e9"})
        profile_editing.edit(user_id=bob.pk, changes=said, by=world.system, now=acts.now())
    bio = "likes tea\nand \n\u00e9"
    assert f'<span class="wrapped lines">{bio}</span>' in desk.get(page(bob))
    assert "likes tea" not in desk.get("accounts/user/")


def test_shows_in_which_contexts_a_user_is(desk: Desk, world: cast.World) -> None:
    bob = world.member("bob").user
    assert "No member of a context is this account" in desk.get(page(bob))
    circle = circles.circle(world)
    circle.add("bob-there", user_key_holders.key("bob"), user_id=bob.id, is_staff=True)
    section = desk.get(page(bob)).split(">Contexts<")[-1].split("</section>")[0]
    assert f"/admin/accounts/context/{circle.row.id}/members/" in section
    assert "bob-there" in section
    assert "yes" in section
