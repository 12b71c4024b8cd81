"""Class 32 of the known attacks, for tokens that wallets sign; with class 1, algorithm confusion.

Every sign-in of the vectors with the answer that is advised: what a look at the token, the key and
the challenge can tell. An ECDSA token of version 1.0.0 signs a constant header and no body, so a
captured one is a signature under everything; here they are all refused.
"""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.services.wallets import Key
from identity.crypto import (
    base64url,
    did_address,
    ed25519,
    secp256k1,
    stable_json,
    wallet_jwt,
    wallet_keys,
)
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import KeyInvalid, TokenInvalid
from identity.errors import Invalid
from identity.scoping import current
from sessions_app.errors import SignInRefused
from sessions_app.services import wallet_sign_in
from sessions_app.services.wallet_sign_in import Token
from tests import cast

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/blocklet.json").read_text())
EXPIRY = 4102444800
NOW = EXPIRY - 300
AUDIENCE = "zNKapplication"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
REQUESTS: list[dict[str, Any]] = VECTORS["login_requests"]["requests"]
NEGATIVES = [
    pytest.param(wallet, negative, id=f"{wallet['address']}-{jwt['version']}-{negative['case']}")
    for wallet in VECTORS["wallets"]
    for jwt in wallet["jwts"]
    for negative in jwt["negatives"]
]
PRIVATE = {
    kind: wallet_keys.private_of(kind, bytes([9]) * 32)
    for kind in (KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM)
}
HEADERS = {
    KeyKind.ED25519: {"alg": "Ed25519", "type": "JWT"},
    KeyKind.SECP256K1: {"alg": "ES256K", "type": "JWT"},
    KeyKind.ETHEREUM: {"alg": "Ethereum", "type": "JWT"},
}
KINDS = pytest.mark.parametrize("kind", PRIVATE)


def clock(case: str) -> int:
    """A time at which the case is about what it says: what is "in the future" is issued later."""
    return EXPIRY - 900 if "2099" in case else NOW


class Served:
    """What is served: two scopes, of which one takes tokens without a challenge."""

    def __init__(self) -> None:
        self.strict = cast.world()
        self.lenient = cast.world(wallets_without_challenge=True)

    def prove(self, sent: Token, *, now: int = NOW, is_lenient: bool = False) -> Key:
        world = self.lenient if is_lenient else self.strict
        with current.in_scope(world.scope.id):
            moment = datetime.fromtimestamp(now, tz=UTC)
            return wallet_sign_in.prove_token(sent, audience=AUDIENCE, now=moment)

    def refuse(self, sent: Token, *, now: int = NOW) -> None:
        for is_lenient in (False, True):
            with pytest.raises((Invalid, SignInRefused)):
                self.prove(sent, now=now, is_lenient=is_lenient)


@pytest.fixture
def served(db: None) -> Served:
    return Served()


def shown(body: dict[str, str]) -> Token:
    return Token(body["userDid"], body["userPk"], body["signature"], body["challenge"])


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each["case"])
def test_answers_every_sign_in_as_advised(served: Served, request_: dict[str, Any]) -> None:
    body, now = request_["body"], clock(request_["case"])
    if request_["advised"] != 200:
        served.refuse(shown(body), now=now)
        return
    assert served.prove(shown(body), now=now).address == body["userDid"]
    # Spent, here and in every other scope.
    served.refuse(shown(body), now=now)


def test_has_sign_ins_of_both_outcomes() -> None:
    advised = [request["advised"] == 200 for request in REQUESTS]
    assert (len(advised), sum(advised)) == (80, 4)


@pytest.mark.parametrize(("wallet", "negative"), NEGATIVES)
def test_refuses_every_negative(wallet: dict[str, Any], negative: dict[str, Any]) -> None:
    key = wallet_keys.parse_public(wallet["public_key"]["base58btc"])
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(negative["token"], key, now=clock(negative["case"]), longest_life=1000)


def test_verifies_for_no_other_key() -> None:
    for wallet in VECTORS["wallets"]:
        for other in VECTORS["wallets"]:
            if other["public_key"] == wallet["public_key"]:
                continue
            key = wallet_keys.parse_public(other["public_key"]["hex0x"])
            with pytest.raises(TokenInvalid):
                wallet_jwt.verify(wallet["jwts"][1]["token"], key, now=NOW)


def token(kind: KeyKind, said: dict[str, Any], header: Any = None) -> str:
    """A token whose signature is right, over whatever is said."""
    head = json.dumps(header or HEADERS[kind])
    signed = ".".join(base64url.encode(part.encode()) for part in (head, json.dumps(said)))
    digest = wallet_jwt._message(signed.encode(), "1.1.0")
    return f"{signed}.{base64url.encode(wallet_keys.sign(PRIVATE[kind], digest))}"


def body(kind: KeyKind, **changed: Any) -> dict[str, Any]:
    own = {
        "iss": f"did:abt:{PRIVATE[kind].public.address()}",
        "iat": str(NOW),
        "exp": str(NOW + 300),
        "version": "1.1.0",
    }
    return own | changed


@KINDS
def test_forges_tokens_that_would_verify(kind: KeyKind) -> None:
    wallet_jwt.verify(token(kind, body(kind)), PRIVATE[kind].public, now=NOW)


SAID: list[dict[str, Any]] = [
    {"version": "1.0.0"},
    {"version": "2.0.0"},
    {"version": "1.1.0-beta"},
    {"version": "v1.1.0"},
    {"version": 1.1},
    {"version": None},
    {"version": ["1.1.0"]},
    {"exp": str(NOW - 6)},
    {"exp": str(NOW + 606)},
    {"exp": "4102444800000"},
    {"exp": None},
    {"exp": True},
    {"exp": float(NOW + 1)},
    {"exp": "0x" + f"{NOW + 10:x}"},
    {"exp": f" {NOW + 10}"},
    {"exp": f"{NOW + 10}\n"},
    {"exp": "٤١٠٢٤٤٤٥٩٠"},
    {"exp": f"{NOW + 10}.0"},
    {"exp": "1e10"},
    {"exp": -5},
    {"exp": [NOW + 10]},
    {"iat": str(NOW + 6)},
    {"iat": "soon"},
    {"iat": -1},
    {"nbf": str(NOW + 6)},
    {"nbf": ""},
    {"iss": "z1e1gtMvLzDaoE31X2rYsMFZHDvc6mqZWYM"},
    {"iss": "did:abt:z1e1gtMvLzDaoE31X2rYsMFZHDvc6mqZWYM"},
    {"iss": "did:abt:0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"},
    {"iss": ""},
    {"iss": None},
    {"iss": ["did:abt:z1e1gtMvLzDaoE31X2rYsMFZHDvc6mqZWYM"]},
]


@KINDS
@pytest.mark.parametrize("changed", SAID, ids=str)
def test_refuses_what_a_body_may_not_say(kind: KeyKind, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(token(kind, body(kind, **changed)), PRIVATE[kind].public, now=NOW)


@KINDS
@pytest.mark.parametrize("claim", ["exp", "iss", "version"])
def test_refuses_a_body_without(kind: KeyKind, claim: str) -> None:
    said = body(kind)
    del said[claim]
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(token(kind, said), PRIVATE[kind].public, now=NOW)


@KINDS
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "type": "JWT"},
        {"alg": "", "type": "JWT"},
        {"alg": "HS256", "type": "JWT"},
        {"alg": "ES256", "type": "JWT"},
        {"alg": "EdDSA", "type": "JWT"},
        {"alg": "Passkey", "type": "JWT"},
        {"alg": ["Ed25519"], "type": "JWT"},
        {"alg": "Ed25519", "typ": "JWT"},
        {"type": "JWT"},
        {"jwk": {}, "type": "JWT"},
    ],
    ids=str,
)
def test_refuses_other_headers(kind: KeyKind, header: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(token(kind, body(kind), header), PRIVATE[kind].public, now=NOW)


@KINDS
@pytest.mark.parametrize("more", ["crit", "kid", "jwk", "jku", "x5c", "typ"])
def test_refuses_more_in_a_header(kind: KeyKind, more: str) -> None:
    header = HEADERS[kind] | {more: ["exp"]}
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(token(kind, body(kind), header), PRIVATE[kind].public, now=NOW)


@KINDS
@pytest.mark.parametrize("other", PRIVATE)
def test_takes_the_algorithm_from_the_key(kind: KeyKind, other: KeyKind) -> None:
    made = token(kind, body(kind), HEADERS[other])
    if kind is other:
        wallet_jwt.verify(made, PRIVATE[kind].public, now=NOW)
        return
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(made, PRIVATE[kind].public, now=NOW)


@pytest.mark.parametrize("kind", [KeyKind.SECP256K1, KeyKind.ETHEREUM])
def test_refuses_a_body_that_rides_on_a_signature_over_the_header(kind: KeyKind) -> None:
    """The forgery of version 1.0.0: one signature over 32 characters, under any body."""
    head = base64url.encode(stable_json.text(HEADERS[kind]).encode())
    captured = wallet_keys.sign(PRIVATE[kind], head.encode()[:32])
    for version in ({"version": "1.0.0"}, {}):
        said = {name: value for name, value in body(kind).items() if name != "version"} | version
        signed = f"{head}.{base64url.encode(json.dumps(said).encode())}"
        with pytest.raises(TokenInvalid):
            forged = f"{signed}.{base64url.encode(captured)}"
            wallet_jwt.verify(forged, PRIVATE[kind].public, now=NOW)


@pytest.mark.parametrize("kind", [KeyKind.SECP256K1, KeyKind.ETHEREUM])
def test_refuses_the_other_forms_of_an_ecdsa_signature(kind: KeyKind) -> None:
    made = token(kind, body(kind))
    signed, _, _ = made.rpartition(".")
    digest = wallet_jwt._message(signed.encode(), "1.1.0")
    private = PRIVATE[kind].secret
    assert isinstance(private, secp256k1.PrivateKey)
    compact = secp256k1.sign_compact(private, digest)
    der = secp256k1.sign_der(private, digest)
    twin = (ORDER - int.from_bytes(compact[32:], "big")).to_bytes(33, "big")
    r = der[2 : 4 + der[3]]
    high = bytes([0x30, len(r) + 35]) + r + b"\x02\x21" + twin
    others = (compact, secp256k1.sign_recoverable(private, digest), high, der + b"\x00", der[:-1])
    for signature in others:
        with pytest.raises(TokenInvalid):
            wallet_jwt.verify(
                f"{signed}.{base64url.encode(signature)}", PRIVATE[kind].public, now=NOW
            )


@KINDS
def test_refuses_every_other_text_of_a_token(kind: KeyKind) -> None:
    good = token(kind, body(kind))
    head, said, signature = good.split(".")
    padded = base64.urlsafe_b64encode(base64url.decode(said)).decode()
    texts = [
        "",
        "..",
        f"{head}.{said}",
        f"{head}.{said}.",
        f"{good}.",
        f"{good}=",
        f"{good}\n",
        f" {good}",
        f"{head}.{said}=.{signature}" if padded == said else f"{head}.{padded}.{signature}",
        f"{head}.{said}.{signature}é",
        f"{head}.{'A' * 800_000}.{signature}",
        f"{head}.{said}.{'A' * 1000}",
        f"{'A' * 1000}.{said}.{signature}",
    ]
    for text in texts:
        with pytest.raises(TokenInvalid):
            wallet_jwt.verify(text, PRIVATE[kind].public, now=NOW)


@KINDS
@pytest.mark.parametrize(
    "said",
    ["[]", "1", '"x"', "{", '{"iss":"a","iss":"b"}', "\ufeff{}", '{"a":NaN}', "[" * 5000],
    ids=range(8),
)
def test_refuses_bodies_that_are_no_object_with_one_reading(kind: KeyKind, said: str) -> None:
    head = base64url.encode(stable_json.text(HEADERS[kind]).encode())
    signed = f"{head}.{base64url.encode(said.encode())}"
    signature = wallet_keys.sign(PRIVATE[kind], wallet_jwt._message(signed.encode(), "1.1.0"))
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(f"{signed}.{base64url.encode(signature)}", PRIVATE[kind].public, now=NOW)


@KINDS
def test_refuses_a_repeated_claim(kind: KeyKind) -> None:
    twice = json.dumps(body(kind))[:-1] + ', "challenge": "a", "challenge": "b"}'
    head = base64url.encode(stable_json.text(HEADERS[kind]).encode())
    signed = f"{head}.{base64url.encode(twice.encode())}"
    signature = wallet_keys.sign(PRIVATE[kind], wallet_jwt._message(signed.encode(), "1.1.0"))
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(f"{signed}.{base64url.encode(signature)}", PRIVATE[kind].public, now=NOW)


def test_takes_no_key_under_which_anybody_signs() -> None:
    for raw in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(KeyInvalid):
            wallet_keys.parse_public("0x" + raw.hex())
    assert ed25519.parse_public(bytes(32)).raw == bytes(32)


def of(kind: KeyKind, challenge: str = "c", **changed: str) -> Token:
    key = PRIVATE[kind].public
    own = {"address": key.address(), "public_key": key.base58, "token": token(kind, body(kind))}
    return Token(**own | changed, challenge=challenge)


@KINDS
def test_needs_the_challenge_in_the_token(served: Served, kind: KeyKind) -> None:
    with pytest.raises(SignInRefused):
        served.prove(of(kind))
    served.prove(of(kind), is_lenient=True)
    for number, is_lenient in enumerate((False, True)):
        right = of(kind, token=token(kind, body(kind, challenge="c", number=number)))
        served.prove(right, is_lenient=is_lenient)


@KINDS
@pytest.mark.parametrize("named", ["", "d", "cc", None, ["c"], {"c": "c"}, 0])
def test_refuses_another_challenge(served: Served, kind: KeyKind, named: Any) -> None:
    for expected in ("c", "0", "[]"):
        served.refuse(of(kind, expected, token=token(kind, body(kind, challenge=named))))


@KINDS
def test_takes_no_empty_challenge(served: Served, kind: KeyKind) -> None:
    served.refuse(of(kind, "", token=token(kind, body(kind, challenge=""))))


@KINDS
def test_refuses_a_did_that_is_not_the_keys(served: Served, kind: KeyKind) -> None:
    others = [PRIVATE[other].public for other in PRIVATE if other is not kind]
    device = PRIVATE[kind].public.address(did_address.Role.DEVICE)
    said = token(kind, body(kind, challenge="c"))
    for changed in (
        *({"address": other.address()} for other in others),
        *({"public_key": other.hex} for other in others),
        {"address": ""},
        {"public_key": ""},
        # The same key in another role is another DID than the token's.
        *([{"address": device}] if kind is not KeyKind.ETHEREUM else []),
    ):
        served.refuse(of(kind, **{"token": said} | changed))


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.SECP256K1])
def test_refuses_a_token_of_the_keys_other_role(served: Served, kind: KeyKind) -> None:
    device = PRIVATE[kind].public.address(did_address.Role.DEVICE)
    said = body(kind, challenge="c", iss=f"did:abt:{device}")
    served.refuse(of(kind, token=token(kind, said)))
