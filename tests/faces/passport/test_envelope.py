"""The channel: what opens, what does not, and that all failures are one."""

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from identity.api.passport import envelope
from identity.crypto import rsa
from identity.crypto.errors import DecryptionFailed
from identity.services import developer_keys, server_keys
from tests import cast
from tests.faces.passport.client import Client, Developer, b64
from tests.faces.passport.test_delegated_registration import METHOD, params

NOW = datetime.now(UTC)


@pytest.fixture
def developer(world: cast.World) -> Developer:
    developer = Developer()
    developer_keys.add(name="Ours", public_key=developer.spki, by=world.system, now=NOW)
    return developer


def wrapped_with(client: Client, scheme: Any, plain: bytes) -> str:
    return b64(client.world.server.encryption.key.encrypt(plain, scheme))


def test_takes_the_text_of_the_key_and_the_key_itself(client: Client, developer: Developer) -> None:
    assert client.call(METHOD, params(client, developer, "alice")).result
    raw = Client(client.world, is_raw=True)
    assert raw.call(METHOD, params(raw, developer, "bob")).result


def test_a_rotated_key_opens_for_ninety_days(
    client: Client, developer: Developer, world: cast.World
) -> None:
    wrapped = client.wrapped
    server_keys.rotate(purpose=server_keys.ENCRYPTION, by=world.system, now=NOW)
    for number, (after, opens) in enumerate(((89, True), (91, False))):
        answer = client.call(
            METHOD,
            params(client, developer, f"user-{number}"),
            now=NOW + timedelta(days=after),
            x_encrypted_key=wrapped,
        )
        assert ("result" in answer.body) == opens, answer.body


OAEP_SHA1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
OAEP_MIXED = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), None)
OAEP_LABEL = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"label")
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def faults(client: Client) -> dict[str, str | None]:
    """Values of X-Encrypted-Key under which nothing may open."""
    text = base64.b64encode(client.key)
    good = base64.b64decode(client.wrapped)
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    return {
        "missing": None,
        "empty": "",
        "no base64": "%%%%",
        "url alphabet": base64.urlsafe_b64encode(b"\xff" * 256).decode(),
        "no padding": client.wrapped.rstrip("="),
        "blanks": client.wrapped + " ",
        "short": b64(good[:-1]),
        "long": b64(good + b"\0"),
        "huge": "A" * 100_000,
        "changed": b64(flipped),
        "zero": b64(bytes(256)),
        "beyond the modulus": b64(b"\xff" * 256),
        "sha-1": wrapped_with(client, OAEP_SHA1, text),
        "sha-256 with mgf1 sha-1": wrapped_with(client, OAEP_MIXED, text),
        "label": wrapped_with(client, OAEP_LABEL, text),
        "pkcs1 v1.5": wrapped_with(client, padding.PKCS1v15(), text),
        "key of 16 bytes": wrapped_with(client, OAEP, base64.b64encode(client.key[:16])),
        "31 raw bytes": wrapped_with(client, OAEP, client.key[:31]),
        "another key": wrapped_with(client, OAEP, base64.b64encode(os.urandom(32))),
        "another scope's": Client(cast.world(), key=client.key).wrapped,
    }


def test_every_fault_of_the_key_and_of_the_cipher_text_is_told_alike(
    client: Client, developer: Developer
) -> None:
    given = params(client, developer)
    told = {
        name: client.call(METHOD, given, x_encrypted_key=header).body
        for name, header in faults(client).items()
    }
    sealed = given["encrypted_credential"]["KeySignature"]
    raw = base64.b64decode(sealed)
    for name, text in {
        "flipped tag": b64(raw[:-1] + bytes([raw[-1] ^ 1])),
        "flipped nonce": b64(bytes([raw[0] ^ 1]) + raw[1:]),
        "cut": b64(raw[:27]),
        "not base64": "?",
        "url alphabet": base64.urlsafe_b64encode(b"\xff" * 64).decode(),
        "no json": client.seal(b"{"),
        "no object": client.seal(b"[]"),
        "no text": client.seal(b"\xff\xfe"),
        "nul": client.seal_json({"a": "\0"}),
    }.items():
        changed = given | {"encrypted_credential": {"KeySignature": text}}
        told[name] = client.call(METHOD, changed).body
    expected = {
        "jsonrpc": "2.0",
        "error": {
            "code": -32000,
            "message": "The request could not be decrypted",
            "data": "decryption.failed",
        },
        "id": 1,
    }
    assert {name: body for name, body in told.items() if body != expected} == {}


def test_every_failure_costs_the_same_number_of_private_operations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [rsa.generate() for _ in range(3)]
    done: list[int] = []
    decrypt = rsa.decrypt

    def counted(private: rsa.PrivateKey, ciphertext: bytes) -> bytes:
        done.append(1)
        return decrypt(private, ciphertext)

    monkeypatch.setattr(rsa, "decrypt", counted)
    aes = os.urandom(32)
    headers = [
        b64(rsa.encrypt(keys[0].public, base64.b64encode(aes))),
        b64(rsa.encrypt(keys[2].public, base64.b64encode(aes))),
        b64(rsa.encrypt(keys[1].public, aes[:31])),
        b64(rsa.encrypt(rsa.generate(3072).public, aes)),
        b64(bytes(256)),
        "%%",
    ]
    for header in headers:
        done.clear()
        channel = envelope.unwrap(header, keys)
        for sealed in (b64(os.urandom(64)),):
            with pytest.raises(DecryptionFailed):
                channel.open(sealed)
        assert len(done) == len(keys), header[:16]
