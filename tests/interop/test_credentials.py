"""Other libraries verify our credentials and lists, and we theirs; no server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity.crypto import (
    data_integrity,
    ed25519,
    json_ld_contexts,
    json_ld_process,
    proofs,
    status_list,
    verifiable_credential,
    verification_methods,
)
from identity.crypto.verifiable_credential import Claim
from tests.interop.test_node import node

pytestmark = pytest.mark.interop

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = ed25519.generate()
SIGNER = proofs.Signer(verification_methods.method_of_key(KEY.public), KEY)
DID = SIGNER.method.partition("#")[0]
URL = "https://id.example.org/s/acme/v1/credentials/status-lists/1"
# What the two forms of a graph could write in different ways: signs, numbers, nameless objects.
FIELDS: dict[str, Any] = {
    "OrgName": 'Exämple\t"Org" \\ ∞ 🌃\u0001',
    "name": "Bob",
    "desk no": 4,
    "ratio": 0.25,
    "large": 1e21,
    "ok": True,
    "tags": ["a", "b"],
    "at": {"city": "Bern", "rooms": [{"n": 1}, {"n": 2}, {"n": 2}]},
}
NAMES = ("OrgName", "at", "city", "desk no", "large", "n", "name", "ok", "ratio", "rooms", "tags")
CONTEXT = json_ld_contexts.for_fields("Employee", NAMES)
ADDRESS = json_ld_contexts.address_of(json_ld_contexts.content(CONTEXT))
CONTEXTS = {**json_ld_contexts.bundled(), ADDRESS: CONTEXT}


def ours() -> dict[str, Any]:
    claim = Claim(
        id="urn:uuid:00000000-0000-4000-8000-000000000001",
        issuer=DID,
        subject="did:example:bob",
        type_name="Employee",
        context=ADDRESS,
        fields=FIELDS,
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
        status=status_list.entry(URL, 5),
    )
    listed = status_list.document(
        url=URL,
        issuer=DID,
        encoded=status_list.encode([5]),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
    )
    made: dict[str, Any] = {}
    for suite in sorted(data_integrity.SUITES):
        made[suite] = verifiable_credential.sign_2_0(
            claim, signer=SIGNER, suite=suite, contexts=CONTEXTS
        )
        made[f"a list with {suite}"] = data_integrity.sign(
            listed,
            suite=suite,
            signer=SIGNER,
            purpose="assertionMethod",
            created=NOW,
            contexts=CONTEXTS,
        )
    return made


def test_each_side_verifies_what_the_other_signed(tmp_path: Any) -> None:
    made = ours()
    unsigned = {
        name: value
        for name, value in made["eddsa-jcs-2022"].items()
        if name not in {"proof", "issuer"}
    }
    given = {"contexts": CONTEXTS, "credentials": made, "unsigned": unsigned}
    asked, answered = tmp_path / "given.json", tmp_path / "signed.json"
    asked.write_text(json.dumps(given))
    node(
        "credentials.test.mjs",
        COUNTERSIGN_CREDENTIALS=str(asked),
        COUNTERSIGN_CREDENTIALS_SIGNED=str(answered),
    )
    theirs = json.loads(answered.read_text())
    assert [each["proof"]["cryptosuite"] for each in theirs] == [
        "eddsa-rdfc-2022",
        "eddsa-jcs-2022",
    ]
    for document in theirs:
        verified = verifiable_credential.verify(
            document,
            resolve=lambda did: None,
            contexts=CONTEXTS,
            canonicalize=json_ld_process.canonical,
            now=datetime.now(UTC),
        )
        assert verified.issuer == document["issuer"] != DID
