"""Answers of authenticators verify, and nothing else does."""

import dataclasses
import json
import secrets
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import base64url, passkey
from identity.crypto.errors import SignatureInvalid
from identity.crypto.passkey import Expected
from tests import authenticator
from tests.authenticator import ORIGIN, RP_ID, Authenticator

CHALLENGE = secrets.token_bytes(32)
EXPECTED = Expected(CHALLENGE, RP_ID, (ORIGIN,), is_verified=True)
OPTIONS: dict[str, Any] = {
    "rp": {"id": RP_ID, "name": "Test"},
    "user": {"id": base64url.encode(b"h" * 32), "name": "a", "displayName": "a"},
    "challenge": base64url.encode(CHALLENGE),
    "rpId": RP_ID,
}
KINDS = [authenticator.ES256, authenticator.RS256]
Made = tuple[Authenticator, passkey.Registered]


def made(algorithm: int = authenticator.ES256, **more: Any) -> Made:
    device = Authenticator(algorithm=algorithm, **more)
    return device, passkey.verify_registration(device.create(OPTIONS), EXPECTED)


def proved(device: Authenticator, found: passkey.Registered, **said: Any) -> passkey.Asserted:
    return passkey.verify_assertion(
        device.get(OPTIONS, **said), EXPECTED, public_key=found.public_key
    )


@pytest.mark.parametrize("attestation", ["none", "packed"])
@pytest.mark.parametrize("algorithm", KINDS)
def test_takes_a_registration_and_then_its_assertions(algorithm: int, attestation: str) -> None:
    device, found = made(algorithm, attestation=attestation)
    assert found.attestation == attestation
    assert found.is_verified
    assert [proved(device, found).sign_count for _ in range(2)] == [1, 2]


def test_reads_what_an_answer_is_about_without_trusting_it() -> None:
    device, found = made()
    answer = device.get(OPTIONS)
    assert passkey.challenge_in(answer) == CHALLENGE
    assert passkey.credential_id(answer) == found.credential_id
    assert passkey.user_handle(answer) == OPTIONS["user"]["id"]
    assert passkey.user_handle(device.get(OPTIONS, handle="")) == ""


SAID = [
    {"origin": "http://localhost:8000.evil.example"},
    {"origin": "https://localhost:8000"},
    {"challenge": base64url.encode(b"x" * 32)},
    {"crossOrigin": True},
    {"topOrigin": "https://evil.example"},
    {"type": "payment.get"},
]


@pytest.mark.parametrize("said", SAID)
def test_refuses_other_client_data(said: dict[str, Any]) -> None:
    device, found = made()
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(device.create(OPTIONS, **said), EXPECTED)
    with pytest.raises(SignatureInvalid):
        proved(device, found, credential=device.credentials[0], **said)


def test_refuses_one_kind_of_answer_for_the_other() -> None:
    device, found = made()
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(device.create(OPTIONS, type="webauthn.get"), EXPECTED)
    with pytest.raises(SignatureInvalid):
        proved(device, found, credential=device.credentials[0], type="webauthn.create")


@pytest.mark.parametrize("flags", [0, authenticator.PRESENT, authenticator.VERIFIED])
def test_refuses_who_is_absent_or_unknown_to_the_authenticator(flags: int) -> None:
    device, found = made()
    device.flags = flags
    with pytest.raises(SignatureInvalid):
        proved(device, found)
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(device.create(OPTIONS), EXPECTED)


def test_takes_presence_alone_where_that_is_enough() -> None:
    lenient = dataclasses.replace(EXPECTED, is_verified=False)
    device = Authenticator(flags=authenticator.PRESENT)
    found = passkey.verify_registration(device.create(OPTIONS), lenient)
    assert not found.is_verified


def test_refuses_a_backup_that_can_not_be() -> None:
    device, found = made()
    device.flags |= authenticator.BACKED_UP
    with pytest.raises(SignatureInvalid):
        proved(device, found)


def test_refuses_another_relying_party() -> None:
    other = {**OPTIONS, "rp": {"id": "evil.example"}, "rpId": "evil.example"}
    device, found = made()
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(device.create(other), EXPECTED)
    answer = device.get(other, device.credentials[0])
    with pytest.raises(SignatureInvalid):
        passkey.verify_assertion(answer, EXPECTED, public_key=found.public_key)


def test_refuses_another_key() -> None:
    device, _ = made()
    _, other = made()
    with pytest.raises(SignatureInvalid):
        proved(device, other)


def test_refuses_a_self_attestation_by_another_key() -> None:
    device = Authenticator(attestation="packed")
    answer = device.create(OPTIONS)
    found = cbor2.loads(base64url.decode(answer["response"]["attestationObject"]))
    found["attStmt"]["sig"] = device.credentials[0].sign(b"something else")
    answer["response"]["attestationObject"] = base64url.encode(cbor2.dumps(found))
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(answer, EXPECTED)


def test_refuses_a_short_rsa_key() -> None:
    device = Authenticator(algorithm=authenticator.RS256, rsa_bits=1024)
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(device.create(OPTIONS), EXPECTED)


FIELDS = ["clientDataJSON", "authenticatorData", "signature"]


@pytest.mark.parametrize("name", FIELDS)
@given(where=st.integers(0, 1 << 20))
def test_refuses_an_assertion_with_any_bit_flipped(name: str, where: int) -> None:
    device, found = made()
    answer = device.get(OPTIONS)
    raw = bytearray(base64url.decode(answer["response"][name]))
    place = where % (len(raw) * 8)
    raw[place // 8] ^= 1 << place % 8
    answer["response"][name] = base64url.encode(bytes(raw))
    with pytest.raises(SignatureInvalid):
        passkey.verify_assertion(answer, EXPECTED, public_key=found.public_key)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
WHATEVER = JSON.filter(lambda found: not isinstance(found, str) or len(found) < 22)
READERS: list[Callable[[Any], object]] = [
    passkey.challenge_in,
    passkey.credential_id,
    lambda answer: passkey.verify_registration(answer, EXPECTED),
    lambda answer: passkey.verify_assertion(answer, EXPECTED, public_key=b""),
]


@pytest.mark.parametrize("reader", READERS)
@given(response=JSON, more=WHATEVER)
def test_refuses_whatever_json_there_is(reader: Any, response: Any, more: Any) -> None:
    with pytest.raises(SignatureInvalid):
        reader({"id": more, "rawId": more, "type": "public-key", "response": response})


@given(body=st.binary(max_size=200))
def test_refuses_whatever_bytes_there_are(body: bytes) -> None:
    answer = Authenticator().create(OPTIONS)
    answer["response"]["attestationObject"] = base64url.encode(body)
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(answer, EXPECTED)


def test_refuses_a_text_beyond_all_measure() -> None:
    answer = Authenticator().create(OPTIONS)
    client = json.loads(base64url.decode(answer["response"]["clientDataJSON"]))
    client["padding"] = "x" * passkey.MOST_TEXT
    answer["response"]["clientDataJSON"] = base64url.encode(json.dumps(client).encode())
    with pytest.raises(SignatureInvalid):
        passkey.verify_registration(answer, EXPECTED)
