"""Classes 12 and 13 of the known attacks, on ways to accept an invitation without a device.

Seen as CVE-2026-1529 (Keycloak: an invitation led into a foreign organisation), GHSA-fmh4 (Better
Auth) and CVE-2026-37982 (Keycloak: an action's token enrolled an attacker's key). Replayed, taken
to another scope or browser, revoked and issued anew, with something switched off; after a crash.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import ExternalIdentity, RoleCredential, User, Wallet
from accounts.services import users
from identity.models import AuditEvent
from identity.services import scopes
from invitations.models import Invitation
from invitations.services import invitations, onboarding
from sessions_app.models import Provider, Session
from tests import acts, cast
from tests.attacks import death
from tests.faces.blocklet import browser as clients
from tests.faces.blocklet.browser import Browser
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_joining import CAROL, ROLE, at_provider, by_mail
from tests.faces.blocklet.test_mail_codes import code
from tests.stand_in import StandIn
from tests.visitors import house

pytestmark = pytest.mark.django_db(transaction=True)
PROFILE = [{"type": "profile", "fullName": "Carol"}]


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def secret(world: cast.World) -> str:
    return str(acts.invitation(world, CAROL, ROLE)["invite_string"])


def half_way(world: cast.World, secret: str) -> tuple[Page, Phone]:
    """A wallet that said who it is, and is asked for the rest."""
    page = Page(Browser(world), "invite")
    assert page.begin(inviteId=secret).status == 200
    phone = Phone(Browser(world), clients.Wallet.of(), page)
    phone.scan()
    phone.sign()
    return page, phone


def made(world: cast.World) -> tuple[int, ...]:
    with cast.in_scope(world):
        kinds: tuple[Any, ...] = (Wallet, ExternalIdentity, RoleCredential, Session)
        used = Invitation.objects.filter(state="used").count()
        return (used, *(kind.objects.count() for kind in kinds))


NOTHING = (0, 0, 0, 0, 0)


def test_an_answer_counts_in_its_own_exchange_once(world, secret) -> None:
    _, first = half_way(world, secret)
    _, second = half_way(world, secret)
    answer = first.wallet.token(
        first.asked["challenge"], action="responseAuth", requestedClaims=PROFILE
    )
    thief = Phone(second.browser, first.wallet, second.page)
    assert thief.sign(token=answer)["errorMessage"] == "Challenge mismatch"
    assert made(world) == NOTHING
    assert first.sign(token=answer)["status"] == "ok"
    assert first.sign(token=answer)["status"] == "error"
    assert made(world) == (1, 1, 0, 1, 0)


def test_what_came_of_it_is_for_the_browser_that_began(world, secret) -> None:
    page, phone = half_way(world, secret)
    assert phone.sign(requestedClaims=PROFILE)["status"] == "ok"
    for thief in (Browser(world), phone.browser):
        assert "sessionToken" not in page.status(thief).json
    assert "sessionToken" in page.status().json
    assert "sessionToken" not in page.status().json


def test_another_scope_knows_neither_secret_nor_exchange(world, secret) -> None:
    other = cast.world(sign_up=True)
    page, phone = half_way(world, secret)
    there = Page(Browser(other, cookies=dict(page.browser.cookies)), "invite", page.token)
    assert there.begin(inviteId=secret).status == 404
    assert there.status().status == 400
    foreign = Phone(Browser(other), phone.wallet, page, dict(phone.asked))
    assert foreign.sign(requestedClaims=PROFILE)["status"] == "error"
    assert (made(world), made(other)) == (NOTHING, NOTHING)


def test_an_invitation_that_was_issued_anew_ends_the_one_before(world, secret) -> None:
    _, late = half_way(world, secret)
    fresh = str(acts.invitation(world, CAROL)["invite_string"])
    assert late.sign(requestedClaims=PROFILE)["status"] == "error"
    _, right = half_way(world, fresh)
    assert right.sign(requestedClaims=PROFILE)["status"] == "ok"
    with cast.in_scope(world):
        assert Wallet.objects.get().address == right.wallet.did


def test_the_kind_of_an_exchange_is_no_wish(world, secret) -> None:
    """Neither does a sign-in accept an invitation, nor an invitation sign a stranger in."""
    page, phone = half_way(world, secret)
    page.action = "login"
    assert phone.sign(requestedClaims=PROFILE)["status"] == "error"
    begun = Page(Browser(world), "login")
    begun.begin(inviteId=secret)
    assert Phone(Browser(world), clients.Wallet.of(), begun).answer()["status"] == "error"
    assert made(world) == NOTHING


def disabled(world: cast.World) -> None:
    user = User.objects.get(username=CAROL)
    users.disable(user_id=user.id, by=world.system, now=acts.now())


def revoked(world: cast.World) -> None:
    invitation = Invitation.objects.get()
    invitations.revoke(invitation_id=invitation.id, by=world.system, now=acts.now())


def suspended(world: cast.World) -> None:
    scopes.suspend(by=world.system, now=acts.now())


def joined(world: cast.World) -> None:
    User.objects.filter(username=CAROL).update(status="active")


@pytest.mark.parametrize("switch", [disabled, revoked, suspended, joined])
def test_nothing_leads_in_after_what_was_switched_off(world, secret, switch) -> None:
    _, phone = half_way(world, secret)
    mail = Browser(world)
    mail.post("user/email/sendCode", {"email": CAROL, "action": "invite"})
    text = code()
    with cast.in_scope(world):
        switch(world)
    try:
        assert phone.sign(requestedClaims=PROFILE)["status"] == "error"
    except AssertionError:
        # A suspended scope says nothing to wallets at all.
        assert switch is suspended
    assert by_mail(mail, text, secret).status in {403, 404, 409}
    assert made(world) == NOTHING


def test_a_code_is_of_its_browser_its_scope_and_its_purpose(world, secret) -> None:
    browser = Browser(world)
    browser.post("user/email/sendCode", {"email": CAROL, "action": "invite"})
    text = code()
    thief = Browser(world)
    thief.get("did/login/token")
    assert by_mail(thief, text, secret).status == 400
    assert browser.post("user/email/login", {"action": "login", "code": text}).status == 400
    other = cast.world()
    theirs = str(acts.invitation(other, CAROL)["invite_string"])
    assert by_mail(browser, text, theirs).status == 404
    there = Browser(other, cookies=dict(browser.cookies))
    assert by_mail(there, text, theirs).status == 400
    assert (made(world), made(other)) == (NOTHING, NOTHING)
    assert by_mail(browser, text, secret).status == 200


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        yield found


def test_a_provider_that_is_off_lets_nobody_join_nor_stay(world, secret, stand_in) -> None:
    house(world, stand_in)
    answer = at_provider(world, stand_in, secret)
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    assert Browser(world).get("did/session", **bearer).status == 200
    with cast.in_scope(world):
        Provider.objects.update(status="disabled")
    assert Browser(world).get("did/session", **bearer).status == 401


def test_an_account_at_a_provider_is_nobody_elses_already(world, secret, stand_in) -> None:
    house(world, stand_in)
    assert at_provider(world, stand_in, secret).status == 200
    other = str(acts.invitation(world, "dora@example.com")["invite_string"])
    assert at_provider(world, stand_in, other).status == 409
    with cast.in_scope(world):
        assert Invitation.objects.filter(state="open").count() == 1
        assert ExternalIdentity.objects.count() == 1


def test_after_a_crash_it_was_accepted_wholly_or_not_at_all(world) -> None:
    given: list[tuple[Page, Phone]] = []

    def prepare() -> None:
        with cast.in_scope(world):
            bundle = onboarding.invite(
                email=CAROL, role_names=[ROLE], by=world.system, now=acts.now()
            )
        given.append(half_way(world, bundle["invite_string"]))

    def join() -> dict[str, Any]:
        return given[-1][1].sign(requestedClaims=PROFILE)

    def look() -> None:
        assert made(world) == NOTHING
        with cast.in_scope(world):
            assert User.objects.get().status == "invited"
            assert not AuditEvent.objects.filter(name="invitation.used").exists()

    prepare()
    said, deaths = death.at_each_statement(join, look)
    assert said["status"] == "ok"
    assert deaths > 20
    assert made(world) == (1, 1, 0, 1, 0)
