"""What comes out of an exchange with a wallet goes to one; of several answers one counts."""

import pytest

from accounts.models import User
from identity.scoping import current
from sessions_app.models import Session
from tests import cast
from tests.faces.blocklet.browser import Browser, Wallet
from tests.faces.blocklet.exchange import Page, Phone
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def begun(world: cast.World, private: bytes = b"") -> tuple[Page, Phone]:
    page = Page(Browser(world), private=private)
    assert page.begin().status == 200
    return page, Phone(Browser(world), Wallet.of(), page)


def test_of_many_polls_one_gets_the_tokens() -> None:
    world = cast.world(sign_up=True)
    page, phone = begun(world)
    phone.answer()
    told: list[bool] = []

    def poll(number: int) -> None:
        told.append("sessionToken" in page.status().json)

    assert together.run(poll, count=12) == [None] * 12
    assert sorted(told) == [False] * 11 + [True]
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1


def test_sealed_answers_are_of_one_session() -> None:
    world = cast.world(sign_up=True)
    page, phone = begun(world, private=bytes(range(32)))
    phone.answer()
    together.run(lambda number: page.status(), count=12)
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1


def test_of_many_wallets_one_is_answered() -> None:
    world = cast.world(sign_up=True)
    page, first = begun(world)
    first.scan()
    phones = [Phone(Browser(world), Wallet.of(), page, dict(first.asked)) for _ in range(12)]
    profile = [{"type": "profile", "fullName": "Ada"}]
    ends: list[str] = []

    def sign(number: int) -> None:
        said = phones[number].sign()
        if "requestedClaims" in said:
            said = phones[number].sign(requestedClaims=profile)
        ends.append(said["status"])

    assert together.run(sign, count=12) == [None] * 12
    assert sorted(ends) == ["error"] * 11 + ["ok"]
    with current.in_scope(world.scope.id):
        assert User.objects.filter(profile__isnull=False).count() == 1
