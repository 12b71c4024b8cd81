"""What comes out of an exchange with a wallet goes to one; of several answers one counts."""

from datetime import UTC, datetime

import pytest

from accounts.models import RoleCredential, User
from accounts.models import Wallet as WalletRow
from identity.crypto import base64url, sealed_box
from identity.models import ApiKey, AuditEvent
from identity.scoping import current
from invitations.models import Invitation
from sessions_app.models import Session
from tests import acts, cast
from tests.faces.blocklet.browser import Browser, Wallet, sign_in
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_access_keys import by_stamp, made
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


def test_of_many_who_authorize_a_program_one_makes_a_key() -> None:
    world = cast.world(sign_up=True)
    people = [sign_in(world) for _ in range(6)]
    key = base64url.encode(sealed_box.public_of(bytes(range(32))))
    sid = Browser(world).post("access-key/session", {"_ek_": key}).json["sid"]
    ends: list[int] = []

    def authorize(number: int) -> None:
        ends.append(people[number].post("access-key/authorize", {"sid": sid}).status)

    assert together.run(authorize, count=6) == [None] * 6
    assert sorted(ends) == [200] + [404] * 5
    with current.in_scope(world.scope.id):
        assert ApiKey.objects.count() == 1


def test_of_many_equal_stamps_one_is_taken() -> None:
    world = cast.world(sign_up=True)
    key_id, secret = made(world, sign_in(world), authType="signature")
    moment = datetime.now(UTC)
    ends: list[int] = []

    def ask(number: int) -> None:
        ends.append(by_stamp(world, key_id, secret, moment).status)

    assert together.run(ask, count=12) == [None] * 12
    assert sorted(ends) == [200] + [401] * 11


def test_of_fifty_wallets_with_one_invitation_one_joins() -> None:
    world = cast.world()
    bundle = acts.invitation(world, "carol@example.com", "support")
    profile = [{"type": "profile", "fullName": "Carol"}]
    phones = []
    for number in range(50):
        page = Page(Browser(world, address=f"192.0.2.{number}"), "invite")
        assert page.begin(inviteId=bundle["invite_string"]).status == 200
        phone = Phone(Browser(world), Wallet.of(), page)
        phone.scan()
        phone.sign()
        phones.append(phone)
    ends: list[str] = []

    def join(number: int) -> None:
        ends.append(phones[number].sign(requestedClaims=profile)["status"])

    assert together.run(join, count=50) == [None] * 50
    assert sorted(ends) == ["error"] * 49 + ["ok"]
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "used"
        assert (WalletRow.objects.count(), RoleCredential.objects.count()) == (1, 1)
        assert AuditEvent.objects.filter(name="invitation.used").count() == 1
        assert AuditEvent.objects.filter(name="invitation.used-again").count() == 1
    signed_in = [each for each in phones if "sessionToken" in each.page.status().json]
    assert len(signed_in) == 1
