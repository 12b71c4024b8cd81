"""Class 18 of the known attacks, on what leads into the face `blocklet` in more than one step.

Whatever was begun before something was switched off leads nowhere afterwards: codes on a screen,
codes in the mail, windows at a provider, access keys, programs that wait for one, passports.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest

from accounts.models import ExternalIdentity, User
from accounts.services import users
from identity.services import scopes
from sessions_app.models import Provider, Session
from tests import cast
from tests.faces.blocklet import test_mail_codes as mails
from tests.faces.blocklet import test_passports as passports
from tests.faces.blocklet import test_providers as windows
from tests.faces.blocklet.browser import Answer, Browser, sign_in
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_access_keys import begin, by_bearer, by_stamp, made
from tests.stand_in import StandIn
from tests.visitors import house

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


class Scene:
    """Alice with a wallet, an address, an account at a provider, keys and a passport.

    Each of them is halfway through, and would succeed if nothing came between.
    """

    def __init__(self, stand_in: StandIn) -> None:
        self.world = world = cast.world(sign_up=True)
        house(world, stand_in)
        self.alice = alice = sign_in(world)
        alice.post("kyc/email/send", {"email": mails.ADDRESS})
        alice.post("kyc/email/verify", {"code": mails.code()})
        body = {"provider": "house", "code": windows.code(alice.browser, stand_in)}
        assert alice.post("oauth/bind", body).json == {}
        passports.grant(world, alice)
        held = passports.issue(world, alice).credential_id
        self.simple = made(world, alice)[1]
        self.signing = made(world, alice, authType="signature")
        self.mail = Browser(world)
        assert mails.send(self.mail).status == 200
        self.code = mails.code()
        self.link = Browser(world, address="192.0.2.11")
        mails.send(self.link, mails.ADDRESS, referer=mails.page(self.link))
        self.token = mails.link()
        assert alice.post("user/email/sendCode", mails.LEAVE).status == 200
        self.leaving = {"action": "destroy-self", "code": mails.code()}
        self.window = Browser(world)
        self.answer = windows.code(self.window, stand_in)
        self.approved = self._exchange("login")
        self.phone(self.approved).answer()
        self.open = self._exchange("login")
        self.passport = self._exchange("issue-passport", id=held)
        self.sid = begin(world)
        with cast.in_scope(world):
            self.user = User.objects.get(
                wallets__address=alice.wallet.did, wallets__is_keyless=False
            )

    def _exchange(self, action: str, **given: str) -> Page:
        page = Page(Browser(self.world), action)
        assert page.begin(**given).status == 200
        return page

    def phone(self, page: Page) -> Phone:
        return Phone(Browser(self.world), self.alice.wallet, page)

    def ways(self) -> dict[str, bool]:
        """Which of them still lead to something."""
        return {
            "code in the mail": mails.login(self.mail, self.code).status == 200,
            "link in the mail": mails.by_link(self.link, self.token).status == 200,
            "code to leave": self.alice.post("user/email/login", self.leaving).status == 200,
            "window at a provider": windows.login(self.window, self.answer).status == 200,
            "approved code": "sessionToken" in told(self.approved.status()),
            "open code": is_well(self.phone(self.open)),
            "passport for a wallet": is_well(self.phone(self.passport)),
            "bearer": by_bearer(self.world, self.simple).status == 200,
            "stamp": by_stamp(self.world, *self.signing).status == 200,
            "program that waits": self.alice.post("access-key/authorize", {"sid": self.sid}).status
            == 200,
        }


def told(answer: Answer) -> dict:
    return dict(answer.json)


def is_well(phone: Phone) -> bool:
    try:
        return bool(phone.answer()["status"] == "ok")
    except (AssertionError, KeyError):
        return False


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


SWITCHES: Mapping[str, Callable[[Scene], object]] = {
    "user disabled": lambda scene: users.disable(
        user_id=scene.user.id, by=scene.world.system, now=now()
    ),
    "user expired": lambda scene: User.objects.filter(id=scene.user.id).update(
        kind="program", expires_at=now()
    ),
    "scope suspended": lambda scene: scopes.suspend(by=scene.world.system, now=now()),
}


def test_everything_leads_on_before(stand_in: StandIn) -> None:
    ways = Scene(stand_in).ways()
    assert all(ways.values()), ways


@pytest.mark.parametrize("name", SWITCHES)
def test_nothing_leads_on_afterwards(stand_in: StandIn, name: str) -> None:
    scene = Scene(stand_in)
    with cast.in_scope(scene.world):
        before = Session.objects.count()
        SWITCHES[name](scene)
    ways = scene.ways()
    assert not any(ways.values()), ways
    with cast.in_scope(scene.world):
        assert Session.objects.count() == before


def test_a_provider_that_was_switched_off_leads_nowhere(stand_in: StandIn) -> None:
    scene = Scene(stand_in)
    with cast.in_scope(scene.world):
        Provider.objects.update(status="disabled")
    assert windows.login(scene.window, scene.answer).status == 400
    assert scene.window.get("oauth/configs").json == {}


def test_an_account_that_was_unlinked_leads_to_nobody(stand_in: StandIn) -> None:
    scene = Scene(stand_in)
    assert scene.alice.post("oauth/unbind", {"provider": "house"}).status == 200
    answer = windows.login(scene.window, scene.answer)
    assert answer.status == 200  # a newcomer, who may join here
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    stranger = scene.window.get("did/session", **bearer).json["user"]["did"]
    assert stranger != scene.alice.wallet.did
    with cast.in_scope(scene.world):
        assert ExternalIdentity.objects.get().user_id != scene.user.id
