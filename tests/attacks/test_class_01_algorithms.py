"""Class 1 of the known attacks: the token says how it is to be verified, and is believed.

`alg: none`, HS256 under the public key, keys brought along (jwk, jku, x5c, x5u) and names of keys
that lead elsewhere. Seen as CVE-2015-9235, CVE-2016-10555, CVE-2018-0114, CVE-2022-23540 and
CVE-2024-54150.
"""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identity.crypto import ecdsa_p256
from tests import cast, forging, signed_in
from tests.attacks.tokens import Target

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = ecdsa_p256.generate()
NUMBERS = EVIL.public.key.public_numbers()
JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": forging.part(NUMBERS.x.to_bytes(32, "big")),
    "y": forging.part(NUMBERS.y.to_bytes(32, "big")),
}


@pytest.fixture
def target() -> Target:
    return Target.new()


def both(target: Target) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Header and claims of the access and of the refresh token."""
    held = (target.held.access, target.held.telling)
    return [(forging.header_of(token), forging.claims_of(token)) for token in held]


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0])
def test_no_algorithm(target: Target, alg: Any) -> None:
    for header, claims in both(target):
        head = forging.part({**header, "alg": alg})
        for signature in ("", forging.part(b"\0" * 64), forging.part(b"x")):
            target.require_refused(f"{head}.{forging.part(claims)}.{signature}")
        target.require_refused(f"{head}.{forging.part(claims)}")


def test_the_public_key_as_a_secret(target: Target) -> None:
    public = forging.own_key(target.world).private.public
    info = PublicFormat.SubjectPublicKeyInfo
    secrets = (
        public.point,
        public.hex.encode(),
        public.key.public_bytes(Encoding.PEM, info),
        public.key.public_bytes(Encoding.PEM, info).strip(),
        public.key.public_bytes(Encoding.DER, info),
        public.key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        b"",
    )
    for header, claims in both(target):
        for secret in secrets:
            for named in ({**header, "alg": "HS256"}, header):
                target.require_refused(forging.with_mac(named, claims, secret))


@pytest.mark.parametrize(
    "alg",
    ["ES256", "ES256K", "ES384", "RS256", "PS256", "EdDSA", "HS256", "HS384", "es256", "hs256"],
)
@pytest.mark.parametrize("made_by", ["ES256", "HS256"])
def test_another_algorithm_with_the_right_signature(target: Target, made_by: str, alg: str) -> None:
    for header, claims in both(target):
        if {header["alg"], made_by, alg} != {made_by}:
            altered = {**header, "alg": alg}
            target.require_refused(forging.own(target.world, altered, claims, alg=made_by))


BROUGHT: tuple[dict[str, Any], ...] = (
    {},
    {"jwk": JWK},
    {"jku": "https://evil.example/jwks.json"},
    {"x5u": "https://evil.example/cert.pem"},
    {"x5c": ["MIIB"]},
    {"x5t": "x"},
    {"cty": "JWT"},
)


@pytest.mark.parametrize("brought", BROUGHT)
def test_a_key_that_is_brought_along(target: Target, brought: dict[str, Any]) -> None:
    for header, claims in both(target):
        target.require_refused(forging.signed({**header, **brought}, claims, EVIL))
    if brought:
        # Even the scope's own signature makes no token of ours of it.
        for header, claims in both(target):
            more = {**header, **brought}
            target.require_refused(forging.own(target.world, more, claims, alg=header["alg"]))


KIDS = (
    "",
    "../../../../dev/null",
    "/dev/null",
    "' UNION SELECT 'x' --",
    "x'; DROP TABLE sessions_app_session; --",
    "file:///etc/passwd",
    "https://evil.example/key",
    "\0",
    "%00",
    "0" * 64,
    EVIL.public.kid.hex(),
    ["a"],
    None,
    {"$ne": ""},
    1,
)


@pytest.mark.parametrize("kid", KIDS, ids=[str(n) for n in range(len(KIDS))])
def test_a_name_of_a_key_that_leads_elsewhere(target: Target, kid: Any) -> None:
    for header, claims in both(target):
        target.require_refused(forging.signed({**header, "kid": kid}, claims, EVIL))


def test_the_key_of_another_scope(target: Target) -> None:
    other = cast.world()
    signed_in.start(other, other.member("charlie"))
    foreign = forging.own_key(other)
    for header, claims in both(target):
        target.require_refused(
            forging.signed({**header, "kid": foreign.kid}, claims, foreign.private)
        )
        target.require_refused(forging.signed(header, claims, foreign.private))
        for named in (header, {**header, "kid": foreign.kid}):
            target.require_refused(forging.with_mac(named, claims, forging.own_secret(other)))


def test_the_signature_key_of_the_scope_signs_no_tokens(target: Target) -> None:
    from identity.services import server_keys

    with cast.in_scope(target.world):
        other_use = server_keys.active_signing_key()
    for header, claims in both(target):
        kid = other_use.public.kid.hex()
        target.require_refused(forging.signed({**header, "kid": kid}, claims, other_use))


def test_the_forgery_itself_works_with_the_right_key(target: Target) -> None:
    key = forging.own_key(target.world).private
    (header, claims), _ = both(target)
    assert target.ask(forging.signed(header, claims, key)).status_code == 200
