"""ECDSA over secp256k1: one signature per digest, in one form."""

import json
from pathlib import Path

import pytest

from identity.crypto import keccak, secp256k1
from identity.crypto.errors import KeyInvalid, SignatureInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/blocklet.json").read_text())
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = secp256k1.parse_private(bytes([1]) * 32)
DIGEST = bytes(range(32))
RECOVERABLE = secp256k1.sign_recoverable(KEY, DIGEST)


def der(r: int, s: int, *, pad: bytes = b"") -> bytes:
    def integer(value: int) -> bytes:
        body = pad + value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(body)]) + body

    body = integer(r) + integer(s)
    return bytes([0x30, len(body)]) + body


R, S = int.from_bytes(RECOVERABLE[:32], "big"), int.from_bytes(RECOVERABLE[32:64], "big")


def test_signs_one_digest_in_one_way() -> None:
    signature = secp256k1.sign_der(KEY, DIGEST)
    assert signature == secp256k1.sign_der(KEY, DIGEST) == der(R, S)
    assert secp256k1.sign_compact(KEY, DIGEST) == RECOVERABLE[:64]
    assert S <= ORDER // 2
    secp256k1.verify_der(KEY.public, signature, DIGEST)
    secp256k1.verify_compact(KEY.public, RECOVERABLE[:64], DIGEST)


@pytest.mark.parametrize("v", [RECOVERABLE[64], RECOVERABLE[64] - 27])
def test_recovers_the_key(v: int) -> None:
    assert secp256k1.recover(RECOVERABLE[:64] + bytes([v]), DIGEST) == KEY.public


def test_recovers_the_key_of_the_vectors() -> None:
    for wallet in VECTORS["wallets"]:
        if said := wallet.get("eth_personal_sign"):
            signature = bytes.fromhex(said["signature"][2:])
            key = secp256k1.recover(signature, bytes.fromhex(said["hash"][2:]))
            assert key.uncompressed[1:].hex() == wallet["public_key"]["hex"]
            private = secp256k1.parse_private(bytes.fromhex(wallet["secret_key_hex"][2:]))
            again = secp256k1.sign_recoverable(private, bytes.fromhex(said["hash"][2:]))
            assert again == signature


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        der(R, ORDER - S),
        der(R, S) + b"\x00",
        der(R, S)[:-1],
        der(R, S, pad=b"\x00"),
        der(0, S),
        der(R, 0),
        der(ORDER, S),
        RECOVERABLE[:64],
        b"\x30\x81" + der(R, S)[1:],
        b"\xff" * 3000,
    ],
    ids=range(11),
)
def test_refuses_every_other_form(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        secp256k1.verify_der(KEY.public, signature, DIGEST)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        RECOVERABLE,
        RECOVERABLE[:63],
        RECOVERABLE[:32] + (ORDER - S).to_bytes(32, "big"),
        bytes(64),
        b"\xff" * 64,
    ],
    ids=range(6),
)
def test_refuses_every_other_64_bytes(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        secp256k1.verify_compact(KEY.public, signature, DIGEST)


@pytest.mark.parametrize("v", [2, 3, 26, 29, 30, 35, 37, 255])
def test_recovers_by_no_other_parity(v: int) -> None:
    with pytest.raises(SignatureInvalid):
        secp256k1.recover(RECOVERABLE[:64] + bytes([v]), DIGEST)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        RECOVERABLE[:64],
        RECOVERABLE + b"\x00",
        RECOVERABLE[:32] + (ORDER - S).to_bytes(32, "big") + bytes([55 - RECOVERABLE[64]]),
        bytes(64) + b"\x1b",
        b"\xff" * 64 + b"\x1b",
        bytes(32) + RECOVERABLE[32:],
    ],
    ids=range(7),
)
def test_recovers_from_no_other_form(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        secp256k1.recover(signature, DIGEST)


@pytest.mark.parametrize("digest", [b"", DIGEST[:31], DIGEST + b"\x00"])
def test_signs_and_verifies_digests_alone(digest: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        secp256k1.sign_der(KEY, digest)
    with pytest.raises(ValueError, match="32"):
        secp256k1.verify_der(KEY.public, der(R, S), digest)


@pytest.mark.parametrize(
    "point",
    [b"", b"\x02" * 32, bytes(33), b"\x04" + b"\x11" * 64, b"\x06" + KEY.public.uncompressed[1:]],
    ids=range(5),
)
def test_reads_no_other_public_key(point: bytes) -> None:
    with pytest.raises(KeyInvalid):
        secp256k1.parse_public(point)


@pytest.mark.parametrize(
    "scalar", [b"", bytes(32), ORDER.to_bytes(32, "big"), b"\x01" * 31, b"\x01" * 33]
)
def test_reads_no_other_private_key(scalar: bytes) -> None:
    with pytest.raises(KeyInvalid):
        secp256k1.parse_private(scalar)


def test_makes_new_keys() -> None:
    draws = iter([bytes(32), b"\xff" * 32, b"\x05" * 32])
    assert (
        secp256k1.generate(lambda _: next(draws)).public
        == secp256k1.parse_private(b"\x05" * 32).public
    )
    assert secp256k1.generate().public != secp256k1.generate().public


def test_hashes_as_ethereum_does() -> None:
    # The hash of nothing, by which Ethereum names empty accounts' code.
    assert keccak.digest(b"").hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert (len(keccak.digest(b"", 384)), len(keccak.digest(b"", 512))) == (48, 64)
