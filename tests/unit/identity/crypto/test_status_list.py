"""Bitstring Status List 1.0: bits packed and read, and what is no list."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import (
    base64url,
    data_integrity,
    ed25519,
    json_ld,
    json_ld_contexts,
    proofs,
    status_checks,
    status_list,
    verifiable_credential,
    verification_methods,
)
from identity.crypto.errors import (
    CredentialProofRefused,
    CredentialRevoked,
    CredentialStatusUnknown,
)
from identity.crypto.status_list import Entry
from identity.crypto.verifiable_credential import Verified
from identity.errors import DomainError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = ed25519.generate()
SIGNER = proofs.Signer(verification_methods.method_of_key(KEY.public), KEY)
ISSUER = SIGNER.method.partition("#")[0]
URL = "https://id.example.org/lists/1"


@given(st.sets(st.integers(0, status_list.SIZE - 1), max_size=20), st.integers(0, 131_071))
def test_reads_the_bits_that_were_set(indexes: set[int], other: int) -> None:
    encoded = status_list.encode(indexes)
    assert all(status_list.is_set(encoded, index) for index in indexes)
    assert status_list.is_set(encoded, other) == (other in indexes)


def test_the_first_bit_is_the_leftmost() -> None:
    packed = status_list.encode({0, 15})
    assert packed.startswith("u")
    assert gzip.decompress(base64url.decode(packed[1:]))[:2] == b"\x80\x01"


def packed(data: bytes) -> str:
    return "u" + base64url.encode(data)


EMPTY = bytes(status_list.SIZE // 8)
NOT_LISTS = {
    "nothing": "",
    "without its prefix": status_list.encode([])[1:],
    "another base": "z" + status_list.encode([])[1:],
    "no base64url": "u!!",
    "no gzip": packed(b"hello"),
    "zlib": packed(zlib.compress(EMPTY)),
    "too short": packed(gzip.compress(EMPTY[:-1])),
    "cut": packed(gzip.compress(EMPTY)[:-9]),
    "something behind": packed(gzip.compress(EMPTY) + b"x"),
    "a second one behind": packed(gzip.compress(EMPTY) * 2),
    "a bomb": packed(gzip.compress(bytes(300 * 1024 * 1024))),
    "long": packed(bytes(status_list.MOST_PACKED)),
}


@pytest.mark.parametrize("encoded", NOT_LISTS.values(), ids=NOT_LISTS)
def test_refuses_what_is_no_list(encoded: str) -> None:
    with pytest.raises(CredentialStatusUnknown):
        status_list.is_set(encoded, 0)


@pytest.mark.parametrize("index", [-1, status_list.SIZE, 10**9])
def test_refuses_places_that_the_list_has_not(index: int) -> None:
    with pytest.raises(CredentialStatusUnknown):
        status_list.is_set(status_list.encode([]), index)


GOOD = status_list.entry(URL, 7)
BAD_ENTRIES: dict[str, Any] = {
    "nothing": None,
    "an empty list": [],
    "a text": "x",
    "another type": {**GOOD, "type": "StatusList2021Entry"},
    "no purpose": {**GOOD, "statusPurpose": None},
    "another purpose": {**GOOD, "statusPurpose": "message"},
    "more bits": {**GOOD, "statusSize": 2},
    "a number": {**GOOD, "statusListIndex": 7},
    "a negative place": {**GOOD, "statusListIndex": "-1"},
    "digits of another script": {**GOOD, "statusListIndex": "\u0667"},
    "many digits": {**GOOD, "statusListIndex": "1" * 5000},
    "one that is none": [GOOD, {}],
}


@pytest.mark.parametrize("status", BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_status_that_can_not_be_read_is_not_taken_for_none(status: Any) -> None:
    with pytest.raises(CredentialStatusUnknown):
        status_list.entries({"credentialStatus": status})


def test_reads_where_the_status_stands() -> None:
    assert status_list.entries({"credentialStatus": GOOD}) == [Entry(URL, 7, "revocation")]
    assert status_list.entries({}) == []


def credential_list(indexes: set[int], **more: Any) -> dict[str, Any]:
    signer = more.pop("signer", SIGNER)
    document = status_list.document(
        url=more.pop("url", URL),
        issuer=signer.method.partition("#")[0],
        encoded=status_list.encode(indexes),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
    )
    document["credentialSubject"] |= more.pop("subject", {})
    return data_integrity.sign(
        {**document, **more},
        suite=data_integrity.JCS,
        signer=signer,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def verified(*entries: Entry) -> Verified:
    return Verified("urn:x", "2.0", (), ISSUER, (), "x", SIGNER.method, None, None, entries, {})


def check(
    lists: list[dict[str, Any]],
    *entries: Entry,
    now: datetime = NOW,
    trusted: frozenset[str] = frozenset({ISSUER}),
) -> None:
    status_checks.require_unset(
        verified(*(entries or (Entry(URL, 7, "revocation"),))),
        lists,
        trusted=trusted,
        resolve=lambda did: None,
        contexts=json_ld_contexts.bundled(),
        canonicalize=json_ld.canonical,
        now=now,
    )


def test_a_place_that_is_not_set_counts() -> None:
    check([credential_list({6, 8})])


def test_a_place_that_is_set_does_not() -> None:
    with pytest.raises(CredentialRevoked):
        check([credential_list({7})])


OTHER = ed25519.generate()
FOREIGN = proofs.Signer(verification_methods.method_of_key(OTHER.public), OTHER)
BAD_LISTS: dict[str, tuple[list[dict[str, Any]], type[DomainError]]] = {
    "none": ([], CredentialStatusUnknown),
    "of another address": ([credential_list(set(), url=URL + "1")], CredentialStatusUnknown),
    "by somebody else": ([credential_list(set(), signer=FOREIGN)], CredentialStatusUnknown),
    "of another purpose": (
        [credential_list(set(), subject={"statusPurpose": "suspension"})],
        CredentialStatusUnknown,
    ),
    "of another kind": (
        [credential_list(set(), type=["VerifiableCredential"])],
        CredentialStatusUnknown,
    ),
    "of several kinds": (
        [credential_list(set(), subject={"statusPurpose": ["revocation"]})],
        CredentialStatusUnknown,
    ),
    "with a status of its own": (
        [credential_list(set(), credentialStatus=GOOD)],
        CredentialStatusUnknown,
    ),
    "changed": (
        [{**credential_list({7}), "validFrom": "2026-01-01T00:00:00Z"}],
        CredentialProofRefused,
    ),
    "without a proof": (
        [{k: v for k, v in credential_list(set()).items() if k != "proof"}],
        CredentialProofRefused,
    ),
}


@pytest.mark.parametrize(("lists", "refusal"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_refuses_lists_that_prove_nothing(
    lists: list[dict[str, Any]], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        check(lists)


def test_refuses_an_old_copy() -> None:
    with pytest.raises(CredentialStatusUnknown) as refusal:
        check([credential_list(set())], now=NOW + timedelta(days=2))
    assert refusal.value.detail == status_checks.STALE


def test_every_status_counts() -> None:
    both = (Entry(URL, 6, "revocation"), Entry(URL, 7, "revocation"))
    with pytest.raises(CredentialRevoked):
        check([credential_list({7})], *both)


def test_refuses_more_statuses_than_anybody_needs() -> None:
    entries = (Entry(URL, 6, "revocation"),) * 5
    with pytest.raises(CredentialStatusUnknown):
        check([credential_list(set())], *entries)


def test_a_list_of_ours_is_a_credential_that_verifies() -> None:
    document = credential_list({1})
    read = verifiable_credential.verify(
        document,
        resolve=lambda did: None,
        contexts=json_ld_contexts.bundled(),
        canonicalize=json_ld.canonical,
        now=NOW,
    )
    assert read.types == ("VerifiableCredential", "BitstringStatusListCredential")
    json_ld.canonical([document], json_ld_contexts.bundled(), is_rdfc=True)
