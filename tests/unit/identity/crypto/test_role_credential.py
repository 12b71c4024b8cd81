"""Role credentials: the vectors' own, and what this house issues."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from identity.crypto import did_address, role_credential, wallet_keys
from identity.crypto.did_address import KeyKind, Role
from identity.crypto.errors import CredentialInvalid
from identity.crypto.role_credential import Signer

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())
ISSUED: dict[str, Any] = VECTORS["passport_vc"]["vc"]
PRESENTED: dict[str, Any] = VECTORS["presentation"]["presentation"]
HOLDER = ISSUED["credentialSubject"]["id"]
ISSUER = ISSUED["issuer"]["id"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROOF_ID = UUID(ISSUED["proof"]["id"])


def private(secret: str, kind: KeyKind = KeyKind.ED25519) -> wallet_keys.PrivateKey:
    return wallet_keys.private_of(kind, bytes.fromhex(secret[2:66]))


def signer(key: wallet_keys.PrivateKey, role: Role = Role.ACCOUNT) -> Signer:
    return Signer(did_address.parse(key.public.address(role)), key)


APPLICATION = signer(private(VECTORS["app_wallet"]["secret_key_hex"]), Role.APPLICATION)
ALICE = signer(private(VECTORS["wallets"][0]["secret_key_hex"]))


def issue(**more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "types": ["NFTPassport"],
        "signer": APPLICATION,
        "issuer_name": "Demo App",
        "now": NOW,
        "proof_id": PROOF_ID,
        "more": {
            "@context": ISSUED["@context"][1:],
            "credentialStatus": ISSUED["credentialStatus"],
        },
    }
    return role_credential.issue(ISSUED["credentialSubject"], **facts | more)


def test_issues_the_credential_of_the_vectors() -> None:
    assert issue() == ISSUED


def test_verifies_the_credential_of_the_vectors() -> None:
    read = role_credential.verify(ISSUED, expected_holder=HOLDER, trusted_issuers={ISSUER}, now=NOW)
    assert (read.id, read.issuer, read.holder) == (ISSUED["id"], ISSUER, HOLDER)
    assert read.types == ("NFTPassport", "VerifiableCredential")
    assert read.subject == ISSUED["credentialSubject"]
    assert read.expires_at is None
    assert read.document == ISSUED


def test_signs_the_presentation_of_the_vectors() -> None:
    proof = role_credential.prove(
        {name: value for name, value in PRESENTED.items() if name != "proof"},
        ALICE,
        purpose="authentication",
        now=NOW,
    )
    assert [proof] == PRESENTED["proof"]


def test_verifies_the_presentation_of_the_vectors() -> None:
    (read,) = role_credential.verify_presentation(
        PRESENTED, expected_challenge=VECTORS["challenge"], trusted_issuers={ISSUER}, now=NOW
    )
    assert read.document == ISSUED


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.SECP256K1, KeyKind.ETHEREUM])
def test_is_held_by_every_kind_of_wallet(kind: KeyKind) -> None:
    holder = signer(private("0x" + "07" * 32, kind))
    issued = role_credential.issue(
        {"id": holder.address.text, "role": "admin"},
        types=["Role"],
        signer=APPLICATION,
        issuer_name="Demo",
        now=NOW,
        proof_id=PROOF_ID,
    )
    shown = role_credential.present([issued], challenge="c", holder=holder, now=NOW)
    (read,) = role_credential.verify_presentation(
        json.loads(json.dumps(shown)),
        expected_challenge="c",
        trusted_issuers={ISSUER},
        now=NOW,
    )
    assert read.subject == {"id": holder.address.text, "role": "admin"}


def test_expires() -> None:
    later = role_credential.moment_text(NOW + timedelta(days=1))
    issued = issue(more={"expirationDate": later})
    facts: dict[str, Any] = {"expected_holder": HOLDER, "trusted_issuers": {ISSUER}}
    read = role_credential.verify(issued, now=NOW, **facts)
    assert read.expires_at == NOW + timedelta(days=1)
    with pytest.raises(CredentialInvalid):
        role_credential.verify(issued, now=NOW + timedelta(days=1), **facts)


@pytest.mark.parametrize("expiry", ["soon", "2027-01-01", "2027-01-01T00:00:00", 1830000000, ""])
def test_refuses_an_expiry_that_is_no_time(expiry: Any) -> None:
    issued = issue(more={"expirationDate": expiry})
    with pytest.raises(CredentialInvalid):
        role_credential.verify(issued, expected_holder=HOLDER, trusted_issuers={ISSUER}, now=NOW)


def test_signs_single_claims() -> None:
    claim = {"type": "text", "name": "status", "value": "valid", "reason": ""}
    signed = role_credential.sign_claim(
        claim, signer=APPLICATION, issuer_name="Demo", now=NOW, proof_id=PROOF_ID
    )
    assert role_credential.verify_claim(signed, trusted_issuers={ISSUER}) == claim
    for changed, trusted in (
        (signed | {"claim": claim | {"value": "revoked"}}, {ISSUER}),
        (signed | {"claim": None}, {ISSUER}),
        ({name: signed[name] for name in signed if name != "claim"}, {ISSUER}),
        ({name: signed[name] for name in signed if name != "proof"}, {ISSUER}),
        (signed, {HOLDER}),
    ):
        with pytest.raises(CredentialInvalid):
            role_credential.verify_claim(changed, trusted_issuers=trusted)
