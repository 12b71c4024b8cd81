"""RSA keys and key transport."""

import base64
import hashlib
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as library

from identity.crypto import rsa
from identity.crypto.errors import DecryptionFailed, KeyInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
SERVER = VECTORS["keys"]["server"]
PEM: str = SERVER["rsa_public_pem"]
PRIVATE = rsa.load_private_pem(SERVER["rsa_private_pem"])


def spki(key: library.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def made_of(modulus: int, exponent: int) -> str:
    return spki(library.RSAPublicNumbers(exponent, modulus).public_key())


def test_names_a_key_by_the_digest_of_its_spki() -> None:
    public = rsa.parse_public(PEM)
    assert public.kid.hex() == SERVER["rsa_kid"]
    der = base64.b64decode("".join(PEM.strip().splitlines()[1:-1]))
    assert public.kid == hashlib.sha256(der).digest()
    assert PRIVATE.public.kid == public.kid


def test_gives_clients_the_pem_in_base64() -> None:
    assert rsa.parse_public(PEM).pem_base64 == SERVER["server_rsa_pub_key_pem_b64"]


def test_stores_every_line_ending_in_one_form() -> None:
    # node-forge writes CR LF.
    assert rsa.parse_public(PEM.strip().replace("\n", "\r\n") + "\r\n").pem == PEM
    assert rsa.stored_public(PEM).pem == PEM


def test_opens_the_keys_of_the_vectors() -> None:
    for request in VECTORS["requests"]:
        wrapped = bytes.fromhex(request["recipient_ciphertext"])
        assert rsa.decrypt(PRIVATE, wrapped).hex() == request["cek"]


@pytest.mark.parametrize("bits", [2048, 3072])
def test_opens_what_it_wrapped(bits: int) -> None:
    key = rsa.generate(bits)
    wrapped = rsa.encrypt(key.public, b"k" * 32)
    assert len(wrapped) == bits // 8
    assert rsa.decrypt(key, wrapped) == b"k" * 32


def test_refuses_changed_and_foreign_wrapped_keys() -> None:
    wrapped = rsa.encrypt(PRIVATE.public, b"k" * 32)
    foreign = rsa.load_private_pem(VECTORS["keys"]["device"]["rsa_private_pem"])
    for wrong in (
        b"",
        bytes(256),
        wrapped[:-1],
        wrapped + b"\x00",
        wrapped[:-1] + bytes([wrapped[-1] ^ 1]),
        b"\xff" * 256,
    ):
        with pytest.raises(DecryptionFailed):
            rsa.decrypt(PRIVATE, wrong)
    with pytest.raises(DecryptionFailed):
        rsa.decrypt(foreign, wrapped)


MODULUS = PRIVATE.public.key.public_numbers().n

WRONG = {
    "nothing": "",
    "text": "hello",
    "a private key": SERVER["rsa_private_pem"],
    "no PEM inside": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "two blocks": PEM + PEM,
    "something in front": "x\n" + PEM,
    "too long": PEM.replace("\n-----END", "\n" * 5000 + "-----END"),
    "not ASCII": PEM.replace("A", "\u0391"),
    "an elliptic key": spki(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "1024 bits": spki(library.generate_private_key(65537, 1024).public_key()),
    "4104 bits": made_of((1 << 4103) + 1, 65537),
    "exponent 3": made_of(MODULUS, 3),
    "exponent 65539": made_of(MODULUS, 65539),
    "even modulus": made_of(MODULUS - 1, 65537),
}


@pytest.mark.parametrize("pem", WRONG.values(), ids=WRONG.keys())
def test_refuses_other_public_keys(pem: str) -> None:
    with pytest.raises(KeyInvalid):
        rsa.parse_public(pem)


@pytest.mark.parametrize("bits", [1024, 2047, 4097, 8192])
def test_makes_no_key_of_another_size(bits: int) -> None:
    with pytest.raises(KeyInvalid):
        rsa.generate(bits)


def test_loads_its_own_private_keys_and_those_of_others() -> None:
    der = rsa.private_der(PRIVATE)
    assert rsa.load_private(der).public == PRIVATE.public
    assert rsa.load_private(der, trusted=True).public == PRIVATE.public
    assert rsa.load_private_pem(rsa.private_pem(PRIVATE)).public == PRIVATE.public


def test_loads_a_trusted_key_without_the_long_check() -> None:
    der = rsa.private_der(PRIVATE)

    def seconds(*, trusted: bool) -> float:
        samples = []
        for _ in range(5):
            start = time.process_time()
            rsa.load_private(der, trusted=trusted)
            samples.append(time.process_time() - start)
        return min(samples)

    assert seconds(trusted=True) * 10 < seconds(trusted=False)


def test_checks_private_keys_that_are_not_trusted() -> None:
    numbers = PRIVATE.key.private_numbers()
    der = rsa.private_der(PRIVATE)
    prime = numbers.p.to_bytes(128, "big")
    assert der.count(prime) == 1
    broken = der.replace(prime, (numbers.p + 2).to_bytes(128, "big"))
    with pytest.raises(KeyInvalid):
        rsa.load_private(broken)


@pytest.mark.parametrize("der", [b"", b"0", bytes(100)])
def test_refuses_what_is_no_private_key(der: bytes) -> None:
    with pytest.raises(KeyInvalid):
        rsa.load_private(der)
    with pytest.raises(KeyInvalid):
        rsa.load_private(der, trusted=True)
    with pytest.raises(KeyInvalid):
        rsa.load_private_pem(der.decode())


def test_refuses_private_keys_of_another_kind() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with pytest.raises(KeyInvalid):
        rsa.load_private(key.private_bytes(serialization.Encoding.DER, *form))
    with pytest.raises(KeyInvalid):
        rsa.load_private_pem(key.private_bytes(serialization.Encoding.PEM, *form).decode())


def test_shows_nothing_private_when_printed() -> None:
    assert str(PRIVATE.key.private_numbers().d) not in repr(PRIVATE)
    assert "RSAPrivateKey" not in repr(PRIVATE)
