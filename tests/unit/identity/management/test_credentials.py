"""`manage.py credentials verify`: a credential verified with what is in files alone."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from identity.crypto import (
    data_integrity,
    ed25519,
    json_ld_contexts,
    proofs,
    status_list,
    verification_methods,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/credentials.json").read_text())
REGISTRY: dict[str, Any] = VECTORS["registry_credential"]
KEY = ed25519.generate()
SIGNER = proofs.Signer(verification_methods.method_of_key(KEY.public), KEY)
DID = SIGNER.method.partition("#")[0]
URL = "https://issuer.example/lists/1"
NOW = datetime.now(UTC)


def signed(document: dict[str, Any], suite: str = data_integrity.JCS) -> dict[str, Any]:
    return data_integrity.sign(
        document,
        suite=suite,
        signer=SIGNER,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def credential(suite: str = data_integrity.JCS, **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "@context": [json_ld_contexts.CREDENTIALS_V2],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "credentialSubject": {"id": "did:example:bob", "name": "Bob"},
        **more,
    }
    return signed(document, suite)


def listed(*indexes: int) -> dict[str, Any]:
    return signed(
        status_list.document(
            url=URL,
            issuer=DID,
            encoded=status_list.encode(indexes),
            valid_from=NOW,
            valid_until=NOW + timedelta(days=1),
        )
    )


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return written


def verify(path: Path, *more: Any) -> tuple[bool, str]:
    """Whether it verified, and what was said."""
    said, failed = io.StringIO(), io.StringIO()
    try:
        call_command("credentials", "verify", str(path), *more, stdout=said, stderr=failed)
    except SystemExit as left:
        assert left.code == 1
        return False, failed.getvalue()
    return True, said.getvalue()


@pytest.mark.parametrize("suite", sorted(data_integrity.SUITES))
def test_verifies_what_a_key_says(write: Any, suite: str) -> None:
    is_good, said = verify(write("vc.json", credential(suite)))
    assert is_good
    assert f"issuer: {DID}" in said
    assert suite in said


def test_verifies_what_registries_exchange(write: Any) -> None:
    # Its context has no address that its bytes make, so that it is not taken from a file.
    is_good, said = verify(
        write("vc.json", REGISTRY["vc"]),
        "--did-document",
        str(write("did.json", REGISTRY["did_document"])),
    )
    assert (is_good, "context-unknown" in said) == (False, True)


def test_takes_a_context_by_the_address_that_its_bytes_make(write: Any) -> None:
    content = {"@context": {"rank": "urn:example:rank"}}
    path = write("context.json", content)
    address = json_ld_contexts.address_of(path.read_bytes())
    contexts = {**json_ld_contexts.bundled(), address: content}
    document = credential()
    bare = {name: value for name, value in document.items() if name != "proof"}
    bare |= {"@context": [*bare["@context"], address], "rank": "1"}
    shown = data_integrity.sign(
        bare,
        suite=data_integrity.RDFC,
        signer=SIGNER,
        purpose="assertionMethod",
        created=NOW,
        contexts=contexts,
    )
    vc = write("vc.json", shown)
    assert verify(vc, "--context", str(path))[0]
    assert not verify(vc)[0]
    assert not verify(vc, "--context", str(write("other.json", json.dumps(content, indent=1))))[0]


def test_asks_the_list_that_came_along(write: Any) -> None:
    vc = write("vc.json", credential(credentialStatus=status_list.entry(URL, 7)))
    good, bad = write("good.json", listed(6)), write("bad.json", listed(7))
    assert verify(vc, "--status-list", str(good))[0]
    assert "credential.revoked" in verify(vc, "--status-list", str(bad))[1]
    assert "credential.status-unknown" in verify(vc)[1]
    is_good, said = verify(vc, "--ignore-status")
    assert (is_good, "nobody asked" in said) == (True, True)


def test_refuses_another_issuer_than_expected(write: Any) -> None:
    vc = write("vc.json", credential())
    assert verify(vc, "--expected-issuer", DID)[0]
    assert "credential.unexpected" in verify(vc, "--expected-issuer", "did:example:x")[1]


def test_refuses_what_was_changed(write: Any) -> None:
    shown = credential() | {"name": "Eve"}
    is_good, said = verify(write("vc.json", shown))
    assert (is_good, "credential.proof-refused" in said) == (False, True)


def test_says_what_can_not_be_read(write: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Can't read"):
        verify(tmp_path / "nowhere.json")
    with pytest.raises(CommandError, match="no JSON object"):
        verify(write("vc.json", "[1]"))
