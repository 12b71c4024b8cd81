"""Class 18 of the known attacks: an account that is bound to networks, used from another one.

A disabled thing that still works on one of many ways (CVE-2026-3009, CVE-2026-9705 of Keycloak):
each way to sign in asks where the request comes from, not only each request afterwards, since
an application that verifies tokens by itself would never ask.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping

import pytest

from accounts.models import User
from identity.crypto import eip191, ethereum_address, secp256k1
from sessions_app.models import Session, SignIn
from tests import cast, staff
from tests.faces.blocklet.browser import Browser, Wallet
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_mail_codes import code
from tests.stand_in import StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db(transaction=True)

KEY = secp256k1.parse_private(b"\x41" * 32)
ADDRESS = ethereum_address.of_key(KEY.public.uncompressed[1:])
MAIL = "alice@example.test"
NAME = "alice"
_tries = itertools.count(1)


class Scene:
    """Alice comes by each way, each time as another user of the scope."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.world = cast.world(sign_up=True)
        house(self.world, stand_in)
        staff.add(self.world, NAME)
        self.wallet = Wallet.of()

    def by_password(self) -> None:
        Visitor(self.world).post(step="password", username=NAME, password=staff.PASSWORD)

    def by_mail(self) -> None:
        visitor = Visitor(self.world)
        visitor.post(step="email", address=MAIL)
        visitor.post(step="code", address=MAIL, code=code())

    def by_wallet(self) -> None:
        visitor = Visitor(self.world)
        page = visitor.post("/login/wallet", address=ADDRESS, chain="eip155:1")
        text = page.json()["message"]  # type: ignore[attr-defined]
        visitor.post(step="wallet", message=text, signature=eip191.sign(KEY, text.encode()))

    def by_provider(self) -> None:
        Visitor(self.world).through(self.stand_in)

    def by_token(self) -> None:
        Browser(self.world).post("user/loginByWallet", self.wallet.body(f"try {next(_tries)}"))

    def by_exchange(self) -> None:
        page = Page(Browser(self.world))
        page.begin()
        try:
            Phone(Browser(self.world), self.wallet, page).answer()
        except (AssertionError, KeyError):
            return
        page.status()

    def sessions(self) -> int:
        with cast.in_scope(self.world):
            return Session.objects.count()


WAYS: Mapping[str, Callable[[Scene], None]] = {
    "password": Scene.by_password,
    "mailed code": Scene.by_mail,
    "wallet": Scene.by_wallet,
    "provider": Scene.by_provider,
    "wallet's token": Scene.by_token,
    "exchange": Scene.by_exchange,
}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_from_another_network(stand_in: StandIn, way: str) -> None:
    scene = Scene(stand_in)
    WAYS[way](scene)
    assert scene.sessions() == 1
    with cast.in_scope(scene.world):
        User.objects.update(networks=["203.0.113.0/24"])
    WAYS[way](scene)
    assert scene.sessions() == 1
    with cast.in_scope(scene.world):
        User.objects.update(networks=["192.0.2.0/24", "198.51.100.0/24"])
    WAYS[way](scene)
    assert scene.sessions() == 2


@pytest.mark.parametrize("way", ["password", "mailed code", "wallet", "provider", "wallet's token"])
def test_the_refusal_is_in_the_history(stand_in: StandIn, way: str) -> None:
    scene = Scene(stand_in)
    WAYS[way](scene)
    with cast.in_scope(scene.world):
        User.objects.update(networks=["203.0.113.0/24"])
        WAYS[way](scene)
        assert SignIn.objects.filter(outcome="refused").count() == 1
