"""Accepting an invitation: a wallet over DID Connect, a code by mail, an account at a provider."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail

from accounts.models import ExternalIdentity, Profile, RoleCredential, User
from accounts.models import Wallet as WalletRow
from accounts.services import users
from identity.crypto.did_address import KeyKind
from identity.models import AuditEvent
from identity.scoping import current
from invitations.models import Invitation, Proposal
from invitations.services import invitations, policies
from sessions_app.models import Session
from tests import acts, cast
from tests.faces.blocklet.browser import SERVICE, Answer, Browser, Wallet, sign_in
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_mail_codes import code as mailed
from tests.stand_in import StandIn
from tests.visitors import house

CAROL = "carol@example.com"
ROLE = "support"


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    """Nobody joins unasked."""
    return cast.world()


@pytest.fixture
def bundle(world: cast.World):
    return acts.invitation(world, CAROL, ROLE)


def begun(world: cast.World, invite_string: str, **more: str) -> tuple[Page, Phone]:
    page = Page(Browser(world), "invite")
    answer = page.begin(inviteId=invite_string, **more)
    assert answer.status == 200, answer.text
    return page, Phone(Browser(world, address="198.51.100.20"), Wallet.of(), page)


def refusal(world: cast.World, invite_string: str) -> Answer:
    return Browser(world).get("did/invite/token", query={"inviteId": invite_string})


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM])
def test_a_wallet_joins_in_the_role_of_the_invitation(world, bundle, kind) -> None:
    page, phone = begun(world, bundle["invite_string"], visitorId="visitor-7")
    phone.wallet = Wallet.of(kind)
    asked = phone.scan()
    assert "accept an invitation to" in asked["requestedClaims"][0]["description"]
    phone.sign()
    last = phone.sign(requestedClaims=[{"type": "profile", "fullName": "Carol <b>C</b>"}])
    assert last["status"] == "ok"
    vc = last["response"]["vc"]
    assert last["response"]["type"] == "VerifiableCredential"
    assert vc["credentialSubject"]["id"] == phone.wallet.did
    assert vc["credentialSubject"]["passport"]["name"] == ROLE
    told = page.status().json
    bearer = {"authorization": f"Bearer {told['sessionToken']}"}
    session = page.browser.get("did/session", x_blocklet_visitor_id="visitor-7", **bearer).json
    assert session["user"]["role"] == ROLE
    assert (session["user"]["did"], session["provider"]) == (phone.wallet.did, "wallet")
    assert session["user"]["fullName"] == "Carol C"
    (passport,) = session["user"]["passports"]
    assert (passport["id"], passport["source"]) == (vc["id"], "invite")
    again = sign_in(world, wallet=phone.wallet)
    assert again.get("did/session").json["user"]["role"] == ROLE
    with current.in_scope(world.scope.id):
        user = User.objects.get()
        assert (user.email, user.status) == (CAROL, "active")
        row = Invitation.objects.get()
        assert (row.state, row.joined_by, row.device_id) == ("used", "wallet", None)
        assert Session.objects.filter(role=ROLE).count() == 2
        used = AuditEvent.objects.get(name="invitation.used")
        assert used.facts["way"] == "wallet"
    assert mail.outbox[-1].to == [CAROL]
    assert "accepted with a wallet" in str(mail.outbox[-1].body)


def test_is_good_once_and_another_try_is_an_alarm(world, bundle) -> None:
    early, late = begun(world, bundle["invite_string"]), begun(world, bundle["invite_string"])
    assert early[1].answer()["status"] == "ok"
    said = late[1].answer()
    assert said["status"] == "error"
    assert said["errorMessage"] == "Invitation not found or invitation has been used"
    assert late[0].status().json["status"] == "error"
    assert refusal(world, bundle["invite_string"]).status == 404
    with current.in_scope(world.scope.id):
        assert AuditEvent.objects.filter(name="invitation.used-again").count() == 1
        assert WalletRow.objects.get().address == early[1].wallet.did


def test_the_winner_who_comes_again_is_no_alarm(world, bundle) -> None:
    first, second = begun(world, bundle["invite_string"]), begun(world, bundle["invite_string"])
    second[1].wallet = first[1].wallet
    assert first[1].answer()["status"] == "ok"
    assert second[1].answer()["status"] == "error"
    with current.in_scope(world.scope.id):
        assert not AuditEvent.objects.filter(name="invitation.used-again").exists()


def revoke(world: cast.World) -> None:
    row = Invitation.objects.get()
    invitations.revoke(invitation_id=row.id, by=world.system, now=acts.now())


def expire(world: cast.World) -> None:
    Invitation.objects.update(expires_at=acts.now() - timedelta(seconds=1))


def disable(world: cast.World) -> None:
    users.disable(user_id=User.objects.get().id, by=world.system, now=acts.now())


@pytest.mark.parametrize("end", [revoke, expire, disable])
def test_what_ended_while_the_wallet_was_asked_is_refused(world, bundle, end) -> None:
    _page, phone = begun(world, bundle["invite_string"])
    phone.scan()
    phone.sign()
    with current.in_scope(world.scope.id):
        end(world)
    said = phone.sign(requestedClaims=[{"type": "profile", "fullName": "Carol"}])
    assert said["status"] == "error"
    assert refusal(world, bundle["invite_string"]).status == 404
    with current.in_scope(world.scope.id):
        assert not WalletRow.objects.exists()
        assert not RoleCredential.objects.exists()


@pytest.mark.parametrize("text", ["", "nothing", "inv_" + "A" * 43])
def test_begins_with_no_invitation_that_there_is_not(world, text) -> None:
    answer = refusal(world, text)
    assert (answer.status, answer.text) == (
        404,
        "Invitation not found or invitation has been used",
    )


def test_begins_in_its_own_scope_alone(world, bundle) -> None:
    assert refusal(cast.world(), bundle["invite_string"]).status == 404


def test_keeps_the_secret_nowhere(world, bundle) -> None:
    from sessions_app.models import Exchange

    begun(world, bundle["invite_string"])
    with current.in_scope(world.scope.id):
        assert bundle["invite_string"] not in str(list(Exchange.objects.values()))


def test_an_account_in_use_takes_a_device(world) -> None:
    member = world.member("dora", ROLE)
    bundle = acts.invitation(world, member.user.email)
    answer = refusal(world, bundle["invite_string"])
    assert (answer.status, answer.json["code"]) == (409, "invitation.needs-device")


def test_an_account_with_a_password_asks_for_it_on_its_page(world, bundle) -> None:
    with current.in_scope(world.scope.id):
        User.objects.update(password="a verifier")
    assert refusal(world, bundle["invite_string"]).json["code"] == "invitation.needs-device"


def test_a_wallet_of_somebody_else_joins_nothing(world, bundle) -> None:
    other = acts.invitation(world, "dora@example.com")
    page, phone = begun(world, other["invite_string"])
    assert phone.answer()["status"] == "ok"
    second, wallet = begun(world, bundle["invite_string"])
    wallet.wallet = phone.wallet
    assert wallet.answer()["status"] == "error"
    assert second.status().json["status"] == "error"
    assert "sessionToken" in page.status().json
    with current.in_scope(world.scope.id):
        assert Invitation.objects.filter(state="open").count() == 1
    # The invitation is as good as before.
    third, fresh = begun(world, bundle["invite_string"])
    assert fresh.answer()["status"] == "ok"
    assert "sessionToken" in third.status().json


def review(world: cast.World, resource: str) -> None:
    with current.in_scope(world.scope.id):
        policies.create(
            public_id=world.scope.id,
            fields={
                "name": "Everybody who joins",
                "description": "",
                "resource": resource,
                "action": "*",
                "priority": 10,
                "expression": "true",
                "decision_on_true": "REVIEW",
                "status": "active",
                "review_expression": '{"all":[],"min":1}',
            },
            by=world.system,
            now=acts.now(),
        )


def test_waits_for_the_approval_that_policy_asks_for(world, bundle) -> None:
    boss = world.member("boss", "super-admin")
    review(world, "/account-management/authorize")
    page, phone = begun(world, bundle["invite_string"])
    said = phone.answer()
    assert said["status"] == "error"
    assert "approve" in said["errorMessage"]
    assert "sessionToken" not in page.status().json
    assert refusal(world, bundle["invite_string"]).status == 404
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "pending"
        assert not WalletRow.objects.exists()
        proposal = Proposal.objects.get()
    acts.approve(boss, proposal.id)
    signed = sign_in(world, wallet=phone.wallet)
    assert signed.get("did/session").json["user"]["role"] == ROLE
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "used"


def test_ends_with_the_proposal_that_is_rejected(world, bundle) -> None:
    boss = world.member("boss", "super-admin")
    review(world, "/account-management/authorize")
    _page, phone = begun(world, bundle["invite_string"])
    phone.answer()
    with current.in_scope(world.scope.id):
        proposal = Proposal.objects.get()
    acts.reject(boss, proposal.id)
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "refused"
        assert not WalletRow.objects.exists()


def test_gives_no_passport_where_policy_wants_a_say_in_those(world, bundle) -> None:
    world.member("boss", "super-admin")
    review(world, "/role-credentials")
    page, phone = begun(world, bundle["invite_string"])
    last = phone.answer()
    assert (last["status"], "vc" in last["response"]) == ("ok", False)
    token = page.status().json["sessionToken"]
    session = page.browser.get("did/session", authorization=f"Bearer {token}").json
    assert session["user"]["role"] == "guest"
    with current.in_scope(world.scope.id):
        assert not RoleCredential.objects.exists()


def by_mail(browser: Browser, text: str, invite_string: str, **more: str) -> Answer:
    body = {"action": "invite", "code": text, "inviteId": invite_string, **more}
    return browser.post("user/email/login", body)


def test_a_code_by_mail_joins_as_who_was_invited(world, bundle) -> None:
    browser = Browser(world)
    code_id = browser.post("user/email/sendCode", {"email": CAROL, "action": "invite"}).json["id"]
    text = mailed()
    assert "accept the invitation" in str(mail.outbox[-1].body)
    answer = by_mail(browser, text, bundle["invite_string"])
    assert answer.status == 200, answer.text
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    session = browser.get("did/session", **bearer).json
    assert (session["user"]["role"], session["provider"]) == (ROLE, "email")
    assert (session["user"]["email"], session["user"]["emailVerified"]) == (CAROL, True)
    status = browser.get("user/email/status", query={"codeId": code_id}).json
    assert status == {"verified": True, "id": code_id}
    assert by_mail(browser, text, bundle["invite_string"]).status == 400
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().joined_by == "mail"


def test_a_code_by_mail_is_of_the_invited_address_alone(world, bundle) -> None:
    browser = Browser(world)
    browser.post("user/email/sendCode", {"email": "mallory@example.com", "action": "invite"})
    answer = by_mail(browser, mailed(), bundle["invite_string"])
    assert answer.status == 404
    with current.in_scope(world.scope.id):
        assert Invitation.objects.get().state == "open"
        assert not Profile.objects.exists()


def test_the_page_of_an_invitation_gets_a_code_for_that(world, bundle, settings) -> None:
    """The pages of the original do not say what a code is for, but where they are."""
    browser = Browser(world)
    page = f"{settings.BASE_URL}{browser.prefix}{SERVICE}/invite?inviteId=x"
    browser.post("user/email/sendCode", {"email": CAROL}, referer=page)
    assert by_mail(browser, mailed(), bundle["invite_string"]).status == 200


@pytest.fixture
def stand_in():
    with StandIn() as found:
        found.claims |= {"name": "Carol", "email": "c@example.test", "email_verified": True}
        yield found


def at_provider(world: cast.World, stand_in: StandIn, invite_string: str) -> Answer:
    browser = Browser(world)
    sent = browser.ask("GET", f"{SERVICE}/oauth/login/house")
    query = urlsplit(stand_in.authorize(sent.headers["Location"])).query
    body = {
        "provider": "house",
        "action": "invite",
        "inviteId": invite_string,
        "code": base64.b64encode(query.encode()).decode(),
    }
    return browser.post("oauth/login", body)


def test_an_account_at_a_provider_joins_once(world, bundle, stand_in) -> None:
    house(world, stand_in)
    assert at_provider(world, stand_in, "inv_nothing").status == 404
    answer = at_provider(world, stand_in, bundle["invite_string"])
    assert answer.status == 200, answer.text
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    session = Browser(world).get("did/session", **bearer).json
    assert (session["user"]["role"], session["provider"]) == (ROLE, "house")
    assert session["user"]["emailVerified"] is False
    stand_in.claims |= {"sub": "mallory-there"}
    assert at_provider(world, stand_in, bundle["invite_string"]).status == 404
    with current.in_scope(world.scope.id):
        assert ExternalIdentity.objects.get().subject == "alice-there"
        assert Invitation.objects.get().joined_by == "provider"


def test_tells_when_it_was_used(world, bundle) -> None:
    _page, phone = begun(world, bundle["invite_string"])
    phone.answer()
    with current.in_scope(world.scope.id):
        used_at = Invitation.objects.get().used_at
    assert used_at is not None
    assert used_at <= datetime.now(UTC)
