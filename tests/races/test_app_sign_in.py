"""One request of an application's server signs in once; one account is one user."""

from datetime import UTC, datetime

import pytest

from accounts.models import ExternalIdentity, User
from identity.services import app_keys
from tests import cast
from tests.faces.blocklet.browser import Browser, Wallet
from tests.faces.blocklet.test_sign_in import BODY, log_in, signed
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(sign_up=True)


def test_a_signed_request_works_once(world) -> None:
    key = app_keys.mint(name="backend", by=world.system, now=datetime.now(UTC))
    log_in(world, key, BODY)
    body = BODY | {"locale": "de"}
    headers = signed(world, key, body)

    def ask(_: int) -> int:
        return int(Browser(world).post("user/login", body, **headers).status)

    assert sorted(together.run(ask, count=8)) == [200] + [401] * 7


def test_an_account_that_arrives_many_times_is_one_user(world) -> None:
    key = app_keys.mint(name="backend", by=world.system, now=datetime.now(UTC))

    def ask(number: int) -> tuple[int, str]:
        answer = log_in(world, key, BODY | {"visitorId": f"v{number}"})
        return answer.status, answer.json["user"]["did"]

    ends = together.run(ask, count=8)
    assert {end[0] for end in ends} == {200}
    assert len({end[1] for end in ends}) == 1
    with cast.in_scope(world):
        assert ExternalIdentity.objects.count() == 1
        assert User.objects.count() == 1


def test_a_wallets_token_works_once(world) -> None:
    body = Wallet.of().body()

    def ask(_: int) -> int:
        return int(Browser(world).post("user/loginByWallet", body).status)

    assert sorted(together.run(ask, count=8)) == [200] + [401] * 7
    with cast.in_scope(world):
        assert User.objects.count() == 1
