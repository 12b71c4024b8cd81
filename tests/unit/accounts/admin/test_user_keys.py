"""What a user signs with, on the user's page: counted, named and linked for who may know of it."""

from datetime import UTC, datetime

from accounts.models import User
from accounts.queries import managed_keys as queries
from accounts.services import managed_keys, vouched
from identity import ids
from tests import cast, lambdas, passkey_holders
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
