"""Class 33 of the known attacks: credentials and presentations whose proof is not looked at.

Proofs are swapped, dropped, moved and made by the wrong key; a presentation is replayed under
another challenge, and shown by who does not hold the credential.
"""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import did_address, role_credential, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.crypto.errors import CredentialInvalid
from identity.crypto.role_credential import Signer

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/blocklet.json").read_text())
CREDENTIAL: dict[str, Any] = VECTORS["passport_vc"]["vc"]
PRESENTATION: dict[str, Any] = VECTORS["presentation"]["presentation"]
HOLDER, ISSUER = CREDENTIAL["credentialSubject"]["id"], CREDENTIAL["issuer"]["id"]
CHALLENGE = VECTORS["challenge"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def signer(secret: int, kind: KeyKind = KeyKind.ED25519) -> Signer:
    key = wallet_keys.private_of(kind, bytes([secret]) * 32)
    return Signer(did_address.parse(key.public.address()), key)


ALICE, MALLORY = signer(1), signer(9)


def is_valid(document: Any, holder: str = HOLDER, issuer: str = ISSUER) -> bool:
    try:
        role_credential.verify(document, expected_holder=holder, trusted_issuers={issuer}, now=NOW)
    except CredentialInvalid:
        return False
    return True


def is_shown(document: Any, challenge: str = CHALLENGE, issuer: str = ISSUER) -> bool:
    try:
        role_credential.verify_presentation(
            document, expected_challenge=challenge, trusted_issuers={issuer}, now=NOW
        )
    except CredentialInvalid:
        return False
    return True


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    *places, last = path.split(".")
    place: Any = copied
    for name in places:
        place = place[int(name) if isinstance(place, list) else name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copied


def test_takes_the_genuine_ones() -> None:
    assert VECTORS["passport_vc"]["verify"] is is_valid(CREDENTIAL) is True
    assert VECTORS["presentation"]["verify"] is is_shown(PRESENTATION) is True


def test_refuses_what_the_vectors_refuse() -> None:
    assert "verify_untrusted_issuer" in VECTORS["passport_vc"]
    assert not is_valid(CREDENTIAL, issuer=HOLDER)
    assert "verify_tampered_role" in VECTORS["passport_vc"]
    assert not is_valid(changed(CREDENTIAL, "credentialSubject.passport.name", "owner"))
    assert "verify_other_owner" in VECTORS["passport_vc"]
    assert not is_valid(CREDENTIAL, holder=MALLORY.address.text)
    assert "verify_other_challenge" in VECTORS["presentation"]
    assert not is_shown(PRESENTATION, challenge="0" * 32)


SELF_MADE = role_credential.prove(
    {name: CREDENTIAL[name] for name in CREDENTIAL if name != "proof"},
    MALLORY,
    purpose="assertionMethod",
    now=NOW,
)
CHANGES: list[tuple[str, Any]] = [
    ("proof", None),
    ("proof", {}),
    ("proof", "x"),
    ("proof", [CREDENTIAL["proof"]]),
    ("proof", SELF_MADE),
    ("proof", SELF_MADE | {"signer": ISSUER}),
    ("proof", SELF_MADE | {"signer": ISSUER, "pk": CREDENTIAL["issuer"]["pk"]}),
    ("proof", CREDENTIAL["proof"] | {"signer": MALLORY.address.text}),
    ("proof", PRESENTATION["proof"][0]),
    ("proof.proofPurpose", "authentication"),
    ("proof.type", "none"),
    ("proof.type", "Secp256k1Signature"),
    ("proof.jws", None),
    ("proof.jws", ""),
    ("proof.jws", CREDENTIAL["proof"]["jws"] + "="),
    ("proof.signer", f"did:abt:{ISSUER}"),
    ("proof.pk", None),
    ("id", None),
    ("id", "z2iTyGxLS7oSFjc29z8Nwqa12phn2uVsa7pBn"),
    ("type", "VerifiableCredential"),
    ("type", ["NFTPassport"]),
    ("type", ["VerifiableCredential", 1]),
    ("issuer", ISSUER),
    ("issuer.id", MALLORY.address.text),
    ("issuer.pk", MALLORY.key.public.base58),
    ("issuer.name", "Another"),
    ("issuanceDate", "2020-01-01T00:00:00.000Z"),
    ("expirationDate", "2100-01-01T00:00:00.000Z"),
    ("credentialSubject", None),
    ("credentialSubject.id", MALLORY.address.text),
    ("credentialSubject.passport.more", 1),
    ("credentialStatus", None),
    ("more", "x"),
    ("more", float("nan")),
]


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=lambda part: str(part)[:40])
def test_refuses_a_changed_credential(path: str, value: Any) -> None:
    assert not is_valid(changed(CREDENTIAL, path, value))


def test_refuses_a_credential_of_ones_own_making() -> None:
    issued = role_credential.issue(
        CREDENTIAL["credentialSubject"],
        types=["NFTPassport"],
        signer=MALLORY,
        issuer_name="Demo App",
        now=NOW,
        proof_id=UUID(int=1),
    )
    assert is_valid(issued, issuer=MALLORY.address.text)
    assert not is_valid(issued)
    assert not is_valid(changed(issued, "issuer.id", ISSUER))


SHOWN: list[tuple[str, Any]] = [
    ("proof", None),
    ("proof", []),
    ("proof", PRESENTATION["proof"] * 2),
    ("proof", PRESENTATION["proof"][0]),
    ("proof", [CREDENTIAL["proof"]]),
    ("proof.0.signer", MALLORY.address.text),
    ("proof.0.proofPurpose", "assertionMethod"),
    ("proof.0.jws", CREDENTIAL["proof"]["jws"]),
    ("type", "VerifiableCredential"),
    ("challenge", None),
    ("challenge", "0" * 32),
    ("verifiableCredential", []),
    ("verifiableCredential", PRESENTATION["verifiableCredential"] * 2),
    ("verifiableCredential", [CREDENTIAL]),
    ("verifiableCredential", [1]),
    ("verifiableCredential", "x"),
    ("more", 1),
]


@pytest.mark.parametrize(("path", "value"), SHOWN, ids=lambda part: str(part)[:40])
def test_refuses_a_changed_presentation(path: str, value: Any) -> None:
    assert not is_shown(changed(PRESENTATION, path, value))


@pytest.mark.parametrize("by", [MALLORY, signer(9, KeyKind.ETHEREUM), signer(9, KeyKind.SECP256K1)])
def test_refuses_a_presentation_by_who_does_not_hold_it(by: Signer) -> None:
    shown = role_credential.present([CREDENTIAL], challenge=CHALLENGE, holder=by, now=NOW)
    assert not is_shown(shown)


@pytest.mark.parametrize("many", [0, 9])
def test_refuses_no_and_too_many_credentials(many: int) -> None:
    for count, is_taken in ((many, False), (1, True)):
        shown = role_credential.present(
            [CREDENTIAL] * count, challenge=CHALLENGE, holder=ALICE, now=NOW
        )
        assert is_shown(shown) is is_taken


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "\ud800", '{"a":1,"a":1}', json.dumps(CREDENTIAL) + "x"],
)
def test_refuses_what_is_no_credential(text: str) -> None:
    document = {"challenge": CHALLENGE, "type": "VerifiablePresentation"}
    if "\ud800" in text:
        with pytest.raises(ValueError, match="surrogate"):
            role_credential.prove({"a": text}, ALICE, purpose="authentication", now=NOW)
        assert not is_shown(PRESENTATION | {"verifiableCredential": [text]})
        return
    document |= {"verifiableCredential": [text]}
    proof = role_credential.prove(document, ALICE, purpose="authentication", now=NOW)
    assert not is_shown(document | {"proof": [proof]})


@given(
    document=st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from([*CREDENTIAL, *PRESENTATION, "pk", "jws"]), inner)
        ),
        max_leaves=12,
    ).filter(lambda document: isinstance(document, dict))
)
def test_refuses_whatever_is_sent_by_one_name(document: Any) -> None:
    assert not is_valid(document)
    assert not is_shown(document)
    assert not is_valid(CREDENTIAL | document) or CREDENTIAL | document == CREDENTIAL
    assert not is_shown(PRESENTATION | document) or PRESENTATION | document == PRESENTATION
