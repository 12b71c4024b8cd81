"""Wallets' tokens: the vectors' own, what else a wallet may send, and what ours say."""

import json
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import base64url, did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind, Role
from identity.crypto.errors import TokenInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())
NOW = 4102444800 - 300
TOKENS = [
    pytest.param(wallet, jwt, id=f"{wallet['address']}-{jwt['version']}")
    for wallet in VECTORS["wallets"]
    for jwt in wallet["jwts"]
]
PRIVATE = {
    kind: wallet_keys.private_of(kind, bytes([7]) * 32)
    for kind in (KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM)
}
KINDS = pytest.mark.parametrize("kind", PRIVATE)


def key_of(wallet: dict[str, Any]) -> wallet_keys.PublicKey:
    return wallet_keys.parse_public(wallet["public_key"]["hex0x"])


def issuer_of(private: wallet_keys.PrivateKey) -> did_address.Address:
    return did_address.parse(private.public.address())


def signs_its_body(wallet: dict[str, Any], version: str) -> bool:
    return version == "1.1.0" or wallet["type"]["pk"] == KeyKind.ED25519


@pytest.mark.parametrize(("wallet", "jwt"), TOKENS)
def test_verifies_what_signs_its_body(wallet: dict[str, Any], jwt: dict[str, Any]) -> None:
    if not signs_its_body(wallet, jwt["version"]):
        with pytest.raises(TokenInvalid):
            wallet_jwt.verify(jwt["token"], key_of(wallet), now=NOW)
        return
    claims = wallet_jwt.verify(jwt["token"], key_of(wallet), now=NOW)
    assert claims.issuer.did == wallet["did"]
    assert claims.version == jwt["version"]
    assert claims.body == json.loads(jwt["body_json"])
    assert claims.text("challenge") == VECTORS["challenge"]
    assert claims.text("missing") == ""
    assert claims.expires_at == 4102444800


@pytest.mark.parametrize(("wallet", "jwt"), TOKENS)
def test_signs_the_vectors_tokens_again(wallet: dict[str, Any], jwt: dict[str, Any]) -> None:
    said = json.loads(jwt["body_json"])
    private = wallet_keys.private_of(
        KeyKind(wallet["type"]["pk"]), bytes.fromhex(wallet["secret_key_hex"][2:66])
    )
    facts = {
        "issuer": did_address.parse(wallet["did"]),
        "now": int(said["iat"]),
        "life": int(said["exp"]) - int(said["iat"]),
        "version": jwt["version"],
    }
    claims = {"challenge": said["challenge"], "empty": "", "nothing": None}
    if signs_its_body(wallet, jwt["version"]):
        assert wallet_jwt.sign(private, claims, **facts) == jwt["token"]
        return
    with pytest.raises(ValueError, match=r"1\.1\.0"):
        wallet_jwt.sign(private, claims, **facts)


@KINDS
def test_reads_its_own(kind: KeyKind) -> None:
    private = PRIVATE[kind]
    token = wallet_jwt.sign(private, {"a": [1, {"b": True}]}, issuer=issuer_of(private), now=100)
    claims = wallet_jwt.verify(token, private.public, now=100)
    assert claims.body["a"] == [1, {"b": True}]
    assert claims.expires_at == 400
    assert wallet_jwt.peek_issuer(token) == claims.issuer


def forged(
    kind: KeyKind,
    *,
    header: dict[str, Any] | None = None,
    leave: str = "",
    **body: Any,
) -> str:
    """A token whose signature is right, whatever it says."""
    private = PRIVATE[kind]
    own = {"iss": issuer_of(private).did, "iat": "1000", "exp": "1300", "version": "1.1.0"}
    said = {name: value for name, value in (own | body).items() if name != leave}
    names = {KeyKind.ED25519: "Ed25519", KeyKind.SECP256K1: "ES256K"}
    head = header or {"alg": names.get(kind, "Ethereum"), "type": "JWT"}
    signed = ".".join(base64url.encode(json.dumps(part).encode()) for part in (head, said))
    digest = wallet_jwt._message(signed.encode(), said.get("version", "1.0.0"))
    return f"{signed}.{base64url.encode(wallet_keys.sign(private, digest[:32]))}"


@KINDS
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"exp": 1300, "iat": 1000},
        {"exp": "995"},
        {"exp": "1605"},
        {"iat": "1005", "nbf": "1005"},
        {"leave": "iat"},
        {"header": None},
    ],
    ids=str,
)
def test_takes_what_wallets_may_say(kind: KeyKind, said: dict[str, Any]) -> None:
    wallet_jwt.verify(forged(kind, **said), PRIVATE[kind].public, now=1000)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (KeyKind.ED25519, "ed25519"),
        (KeyKind.SECP256K1, "secp256k1"),
        (KeyKind.SECP256K1, "es256k"),
        (KeyKind.ETHEREUM, "ETHEREUM"),
    ],
)
def test_takes_each_name_of_an_algorithm(kind: KeyKind, name: str) -> None:
    token = forged(kind, header={"alg": name, "type": "JWT"})
    wallet_jwt.verify(token, PRIVATE[kind].public, now=1000)


def test_takes_a_longer_life_where_asked_for() -> None:
    token = forged(KeyKind.ED25519, exp="5000")
    with pytest.raises(TokenInvalid):
        wallet_jwt.verify(token, PRIVATE[KeyKind.ED25519].public, now=1000)
    wallet_jwt.verify(token, PRIVATE[KeyKind.ED25519].public, now=1000, longest_life=4000)


def test_names_a_token_by_what_was_signed() -> None:
    first, second = forged(KeyKind.ETHEREUM), forged(KeyKind.ETHEREUM, challenge="x")
    key = PRIVATE[KeyKind.ETHEREUM].public
    digests = {wallet_jwt.verify(token, key, now=1000).digest for token in (first, second, first)}
    assert len(digests) == 2


@pytest.mark.parametrize("name", ["iss", "iat", "nbf", "exp", "version"])
def test_signs_no_claim_that_is_the_signers(name: str) -> None:
    private = PRIVATE[KeyKind.ED25519]
    with pytest.raises(ValueError, match="signer's"):
        wallet_jwt.sign(private, {name: "x"}, issuer=issuer_of(private), now=1)


def test_signs_for_no_other_issuer() -> None:
    private = PRIVATE[KeyKind.ED25519]
    other = did_address.parse(PRIVATE[KeyKind.ETHEREUM].public.address())
    with pytest.raises(ValueError, match="issuer"):
        wallet_jwt.sign(private, {}, issuer=other, now=1)


def test_signs_as_an_application() -> None:
    private = PRIVATE[KeyKind.ED25519]
    issuer = did_address.parse(private.public.address(Role.APPLICATION))
    token = wallet_jwt.sign(private, {"action": "responseAuth"}, issuer=issuer, now=50)
    assert wallet_jwt.verify(token, private.public, now=50).issuer.role is Role.APPLICATION


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "e30.e30.", "e30.e30.e30", "ä.b.c"])
def test_peeks_into_no_other_text(token: str) -> None:
    with pytest.raises(TokenInvalid):
        wallet_jwt.peek_issuer(token)
