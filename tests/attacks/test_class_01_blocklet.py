"""Classes 1 to 4 of the known attacks, on the face `blocklet`: tokens that somebody else made.

Seen as CVE-2015-9235 and CVE-2022-23540 (algorithm), CVE-2025-59420 (`crit`), CVE-2026-37979
(audience) and CVE-2026-27840 (altered tokens). Clients of this protocol know the original's HS256
under a secret that applications share; here there is none.
"""

from typing import Any

import pytest

from identity.crypto import ecdsa_p256
from sessions_app.services import tokens
from tests import cast, forging, signed_in
from tests.faces.blocklet.browser import Browser, Signed, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = ecdsa_p256.generate()


@pytest.fixture
def alice() -> Signed:
    return sign_in(cast.world(sign_up=True))


def require_refused(alice: Signed, token: str) -> None:
    browser = Browser(alice.browser.world)
    headers: dict[str, Any] = {"authorization": f"Bearer {token}"}
    answer = browser.get("did/session", **headers)
    assert (answer.status, answer.json) == (401, {"error": "not login"}), token
    headers["x_blocklet_visitor_id"] = alice.visitor
    assert browser.post("did/refreshSession", **headers).status == 400, token
    for kind in ("sessionToken", "refreshToken"):
        checked = browser.post("user/checkToken", {"token": token, "type": kind})
        assert checked.json == {"valid": False}, token


def require_unharmed(alice: Signed) -> None:
    assert alice.get("did/session").status == 200
    assert alice.renew().status == 200


def both(alice: Signed) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    held = (alice.access, alice.refresh)
    return [(forging.header_of(token), forging.claims_of(token)) for token in held]


def test_another_algorithm(alice) -> None:
    public = forging.own_key(alice.browser.world).private.public
    for header, claims in both(alice):
        for alg in ("none", "None", "", None):
            head = forging.part({**header, "alg": alg})
            require_refused(alice, f"{head}.{forging.part(claims)}.")
            require_refused(alice, f"{head}.{forging.part(claims)}.{forging.part(b'x')}")
        for secret in (public.point, public.hex.encode(), b""):
            require_refused(alice, forging.with_mac({**header, "alg": "HS256"}, claims, secret))
            require_refused(alice, forging.with_mac({"alg": "HS256", "typ": "JWT"}, claims, secret))
    require_unharmed(alice)


def own(alice: Signed, header: dict[str, Any], claims: Any) -> str:
    return forging.own(alice.browser.world, header, claims, alg=header["alg"])


def test_another_key(alice) -> None:
    for header, claims in both(alice):
        require_refused(alice, forging.signed(header, claims, EVIL))
        for kid in (EVIL.public.kid.hex(), "", "../../x", None):
            require_refused(alice, forging.signed({**header, "kid": kid}, claims, EVIL))
    require_unharmed(alice)


def test_critical_extensions(alice) -> None:
    for header, claims in both(alice):
        for crit in (["bork"], ["b64"], [], "exp"):
            require_refused(alice, own(alice, {**header, "crit": crit}, claims))
    require_unharmed(alice)


def test_another_audience_and_issuer(alice) -> None:
    issuer = tokens.issuer(alice.browser.world.scope.slug)
    for header, claims in both(alice):
        for audience in (issuer, "", None, [claims["aud"]], claims["aud"].lower(), "zNKother"):
            require_refused(alice, own(alice, header, {**claims, "aud": audience}))
        for other in (f"{issuer}/", "https://evil.example", None):
            require_refused(alice, own(alice, header, {**claims, "iss": other}))
        require_refused(alice, own(alice, header, {**claims, "sub": "else"}))
    require_unharmed(alice)


def test_the_other_use(alice) -> None:
    (access, claims), (refresh, more) = both(alice)
    require_refused(alice, forging.signed(access, more, EVIL))
    require_refused(alice, own(alice, {**access, "typ": "JWT"}, claims))
    answer = alice.browser.get("did/session", authorization=f"Bearer {alice.refresh}")
    assert answer.status == 401
    answer = alice.renew(authorization=f"Bearer {alice.access}")
    assert (answer.status, refresh["typ"]) == (400, "rt+jwt")
    require_unharmed(alice)


def test_a_claim_of_another_role(alice) -> None:
    for header, claims in both(alice):
        head, body = forging.part(header), forging.part({**claims, "role": "owner"})
        for token in (alice.access, alice.refresh):
            require_refused(alice, f"{head}.{body}.{token.split('.')[2]}")
    require_unharmed(alice)


def test_an_altered_token(alice) -> None:
    for token in (alice.access, alice.refresh):
        for at in range(0, len(token), 41):
            if token[at] == ".":
                continue
            other = "A" if token[at] != "A" else "B"
            require_refused(alice, token[:at] + other + token[at + 1 :])
        for changed in (token[:-1], token[:80], f"{token}A", f"{token}=", f"{token}.x"):
            require_refused(alice, changed)
    require_unharmed(alice)


def test_a_token_of_the_scopes_own_pages(alice) -> None:
    world = alice.browser.world
    held = signed_in.start(world, world.member("carol", "super-admin"))
    require_refused(alice, held.access)
    require_refused(alice, held.refresh)
