"""Passports: issued, listed, switched to by REST and by the wallet, handed over, told, revoked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.errors import RoleUnknown
from accounts.models import Profile, RoleCredential
from accounts.services import role_assignments, role_credentials
from accounts.services.role_credentials import Granted
from identity import ids
from identity.api.blocklet import application
from identity.crypto import did_address, role_credential
from identity.crypto.role_credential import Signer
from identity.errors import Conflict, Invalid, Missing
from identity.models import AuditEvent
from identity.scoping import current
from tests import cast
from tests.faces.blocklet.browser import Browser, Signed, sign_in
from tests.faces.blocklet.exchange import Page, Phone
from tests.faces.blocklet.test_session import claims

ROLE = "support"


def now() -> datetime:
    return datetime.now(UTC)


def user_id(world: cast.World, signed: Signed):
    with current.in_scope(world.scope.id):
        return Profile.objects.get(address=signed.wallet.did).user_id


def grant(world: cast.World, signed: Signed, role: str = ROLE) -> None:
    role_assignments.grant(user_id=user_id(world, signed), role=role, by=world.system, now=now())


def issue(world: cast.World, signed: Signed, role: str = ROLE, **more: Any) -> RoleCredential:
    granted = Granted(user_id(world, signed), role, **more)
    return role_credentials.issue(granted, credential_id=ids.new(), by=world.system, now=now())


@pytest.fixture
def held(world: cast.World, alice: Signed) -> RoleCredential:
    grant(world, alice)
    return issue(world, alice, title="Support desk")


def as_session(signed: Signed, action: str, **more: str) -> tuple[Page, Phone]:
    page = Page(signed.browser, action, headers=signed.bearer)
    answer = page.begin(**more)
    assert answer.status == 200, answer.text
    return page, Phone(Browser(signed.browser.world), signed.wallet, page)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def switch(signed: Signed, passport: str | None, kind: str = "oauth") -> dict[str, str]:
    answer = signed.post(f"{kind}/switch", {"passportId": passport} if passport else {})
    assert answer.status == 200, answer.text
    told: dict[str, str] = answer.json
    signed.access, signed.refresh = told["sessionToken"], told["refreshToken"]
    return told


def test_issues_no_role_that_is_not_held(world, alice) -> None:
    with pytest.raises(RoleUnknown):
        issue(world, alice)
    with pytest.raises(RoleUnknown):
        issue(world, alice, "super-admin")
    grant(world, alice)
    with pytest.raises(Invalid):
        issue(world, alice, expires_at=now() - timedelta(seconds=1))


def test_issues_each_under_an_id_of_its_own(world, alice, held) -> None:
    again = issue(world, alice)
    assert again.credential_id != held.credential_id
    with pytest.raises(Conflict):
        role_credentials.issue(
            Granted(user_id(world, alice), ROLE), credential_id=held.id, by=world.system, now=now()
        )


def test_records_what_was_issued_and_revoked(world, held) -> None:
    for _ in range(2):
        role_credentials.revoke(credential_id=held.id, by=world.system, now=now())
    with current.in_scope(world.scope.id):
        names = [*AuditEvent.objects.filter(name__startswith="role-cred").values_list("name")]
    assert names == [("role-credential.issued",), ("role-credential.revoked",)]
    with pytest.raises(Missing):
        role_credentials.revoke(credential_id=ids.new(), by=world.system, now=now())


@pytest.mark.parametrize("kind", ["oauth", "passkey"])
def test_lists_and_switches(world, alice, held, kind) -> None:
    (row,) = alice.get(f"{kind}/passports").json
    assert row["id"] == held.credential_id
    assert (row["role"], row["title"], row["status"]) == (ROLE, "Support desk", "valid")
    before = alice.access
    told = switch(alice, row["id"], kind)
    assert claims(told["sessionToken"])["role"] == ROLE
    assert claims(told["sessionToken"])["passport"] == {"id": held.credential_id}
    session = alice.get("did/session").json
    assert session["user"]["role"] == ROLE
    assert [each["id"] for each in session["user"]["passports"]] == [held.credential_id]
    assert claims(alice.renew().json["nextToken"])["role"] == ROLE
    assert alice.browser.get("did/session", **bearer(before)).status == 200
    with current.in_scope(world.scope.id):
        assert RoleCredential.objects.get().last_used_at is not None
        assert AuditEvent.objects.filter(name="session.role-switched").count() == 1


def test_lays_a_role_down(world, alice, held) -> None:
    first = switch(alice, held.credential_id)
    told = switch(alice, None)
    assert claims(told["sessionToken"])["role"] == "guest"
    assert claims(told["sessionToken"])["passport"] == {}
    # The token that still names the role is refused on its next request.
    assert alice.browser.get("did/session", **bearer(first["sessionToken"])).status == 401
    assert alice.get("did/session").status == 200


def test_switches_to_no_passport_of_somebody_else(world, alice, bob, held) -> None:
    answer = bob.post("oauth/switch", {"passportId": held.credential_id})
    assert answer.status == 404
    assert bob.get("did/session").json["user"]["role"] == "guest"
    assert alice.post("oauth/switch", {"passportId": "z2nothing"}).status == 404


def test_the_spent_refresh_token_of_before_ends_the_session(world, alice, held) -> None:
    old = alice.refresh
    switch(alice, held.credential_id)
    thief = Browser(world, address="203.0.113.9", headers={"user-agent": "Other/1"})
    answer = thief.post("did/refreshSession", **bearer(old), x_blocklet_visitor_id=alice.visitor)
    assert answer.status == 400
    assert alice.get("did/session").status == 401


def revoked(world: cast.World, alice: Signed, held: RoleCredential) -> None:
    role_credentials.revoke(credential_id=held.id, by=world.system, now=now())


def withdrawn(world: cast.World, alice: Signed, held: RoleCredential) -> None:
    role_assignments.withdraw(user_id=user_id(world, alice), role=ROLE, by=world.system, now=now())


def expired(world: cast.World, alice: Signed, held: RoleCredential) -> None:
    with current.in_scope(world.scope.id):
        RoleCredential.objects.update(expires_at=now() - timedelta(seconds=1))


@pytest.mark.parametrize("end", [revoked, withdrawn, expired])
def test_a_role_that_ended_is_refused_on_the_next_request(world, alice, held, end) -> None:
    switch(alice, held.credential_id)
    assert alice.get("did/session").status == 200
    end(world, alice, held)
    assert alice.get("did/session").status == 401
    assert alice.post("oauth/switch", {"passportId": held.credential_id}).status == 401
    renewed = alice.renew().json
    assert claims(renewed["nextToken"])["role"] == "guest"
    alice.access = renewed["nextToken"]
    alice.browser.cookies.clear()
    assert alice.get("did/session").json["user"]["role"] == "guest"
    assert alice.get("oauth/passports").json == []
    assert alice.post("oauth/switch", {"passportId": held.credential_id}).status == 404


def test_signs_in_with_the_passport_that_is_asked_for(world, alice, held) -> None:
    page = Page(Browser(world))
    page.begin(passportId=held.credential_id)
    Phone(Browser(world), alice.wallet, page).answer()
    assert claims(page.status().json["sessionToken"])["role"] == ROLE
    page.begin()  # the one that was used last
    Phone(Browser(world), alice.wallet, page).answer()
    assert claims(page.status().json["sessionToken"])["role"] == ROLE
    page.begin(passportId="z2other")
    Phone(Browser(world), alice.wallet, page).answer()
    assert claims(page.status().json["sessionToken"])["role"] == "guest"


def role_of(signed: Signed) -> str:
    return str(signed.get("did/session").json["user"]["role"])


def test_signs_in_with_the_only_passport_and_then_with_the_one_that_was_used_last(
    world, alice, held
) -> None:
    assert role_of(alice) == "guest"
    second = sign_in(world, wallet=alice.wallet, challenge="2")
    assert role_of(second) == ROLE
    grant(world, alice, "member")
    other = issue(world, alice, "member")
    assert role_of(sign_in(world, wallet=alice.wallet, challenge="3")) == ROLE
    switch(second, other.credential_id)
    assert role_of(sign_in(world, wallet=alice.wallet, challenge="4")) == "member"


def test_who_has_several_passports_and_used_none_is_a_guest(world, alice, held) -> None:
    grant(world, alice, "member")
    other = issue(world, alice, "member")
    assert role_of(sign_in(world, wallet=alice.wallet, challenge="2")) == "guest"
    with current.in_scope(world.scope.id):
        role_credentials.revoke(credential_id=other.id, by=world.system, now=now())
    assert role_of(sign_in(world, wallet=alice.wallet, challenge="3")) == ROLE


@pytest.mark.parametrize("wanted", ["other's", "nothing"])
def test_signs_in_as_a_guest_where_the_passport_asked_for_is_not_held(
    world, alice, bob, held, wanted
) -> None:
    passport = held.credential_id if wanted == "other's" else "z1nothing"
    again = sign_in(world, wallet=bob.wallet, challenge="2", passportId=passport)
    assert role_of(again) == "guest"


def test_hands_a_passport_to_its_holders_wallet_alone(world, alice, bob, held) -> None:
    page = Page(Browser(world), "issue-passport")
    page.begin(id=held.credential_id)
    assert Phone(Browser(world), bob.wallet, page).answer()["status"] == "error"
    page.begin(id=held.credential_id)
    said = Phone(Browser(world), alice.wallet, page).answer()
    vc = said["response"]["vc"]
    assert vc["type"] == ["NFTPassport", "VerifiableCredential"]
    assert vc["credentialSubject"]["passport"] == {
        "specVersion": "1.0.0",
        "name": ROLE,
        "title": "Support desk",
    }
    with current.in_scope(world.scope.id):
        issuer = application.identity(now=now()).did
    read = role_credential.verify(
        vc, expected_holder=alice.wallet.did, trusted_issuers=[issuer], now=now()
    )
    assert read.id == held.credential_id


def signer(signed: Signed) -> Signer:
    return Signer(did_address.parse(signed.wallet.did), signed.wallet.private)


def handed(world: cast.World, signed: Signed, held: RoleCredential) -> dict[str, Any]:
    page = Page(Browser(world), "issue-passport")
    page.begin(id=held.credential_id)
    vc: dict[str, Any] = Phone(Browser(world), signed.wallet, page).answer()["response"]["vc"]
    return vc


def present(vc: dict[str, Any], challenge: str, by: Signed) -> list[dict[str, Any]]:
    shown = role_credential.present([vc], challenge=challenge, holder=signer(by), now=now())
    return [{"type": "verifiableCredential", "presentation": json.dumps(shown)}]


def test_the_wallet_switches_by_showing_a_passport(world, alice, held) -> None:
    vc = handed(world, alice, held)
    page, phone = as_session(alice, "switch-passport")
    phone.scan()
    asked = phone.sign()
    assert asked["requestedClaims"][0]["type"] == "verifiableCredential"
    last = phone.sign(requestedClaims=present(vc, asked["challenge"], alice))
    assert last["status"] == "ok"
    told = page.status().json
    assert claims(told["sessionToken"])["role"] == ROLE
    assert alice.browser.get("did/session", **bearer(told["sessionToken"])).status == 200
    assert "sessionToken" not in page.status().json


def test_the_wallet_confirms_the_passport_that_the_page_chose(world, alice, held) -> None:
    page, phone = as_session(alice, "switch-passport", passportId=held.credential_id)
    phone.scan()
    assert phone.sign()["status"] == "ok"
    assert claims(page.status().json["sessionToken"])["role"] == ROLE


@pytest.mark.parametrize("fault", ["nothing", "other challenge", "changed", "revoked", "no text"])
def test_shows_nothing_with_a_passport_that_does_not_hold(world, alice, held, fault) -> None:
    vc = handed(world, alice, held)
    page, phone = as_session(alice, "switch-passport")
    phone.scan()
    challenge = phone.sign()["challenge"]
    if fault == "revoked":
        revoked(world, alice, held)
    if fault == "changed":
        vc["credentialSubject"]["passport"]["name"] = "super-admin"
    shown = present(vc, "0" * 32 if fault == "other challenge" else challenge, alice)
    if fault == "nothing":
        shown = []
    if fault == "no text":
        shown[0]["presentation"] = 7
    assert phone.sign(requestedClaims=shown)["status"] == "error"
    assert page.status().json["status"] == "error"
    assert alice.get("did/session").json["user"]["role"] == "guest"


def test_tells_anybody_who_was_shown_one_whether_it_holds(world, alice, bob, held) -> None:
    query = {"vcId": held.credential_id, "userDid": alice.wallet.did}

    def status() -> str:
        told = Browser(world).get("passport/status", query=query).json
        assert told["id"] == held.credential_id
        with current.in_scope(world.scope.id):
            issuer = application.identity(now=now()).did
        claim = role_credential.verify_claim(told["statusList"][0], trusted_issuers=[issuer])
        assert (claim["type"], claim["name"]) == ("text", "passport-status")
        return str(claim["value"])

    assert status() == "valid"
    role_credentials.revoke(credential_id=held.id, by=world.system, now=now())
    assert status() == "revoked"
    for change in ({"vcId": "z2"}, {"userDid": bob.wallet.did}):
        assert Browser(world).get("passport/status", query=query | change).status == 404
    assert Browser(world).get("passport/status").status == 400
