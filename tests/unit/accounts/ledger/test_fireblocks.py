"""Signing at Fireblocks: signed requests, one signature for one message, nothing just believed."""

import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts.ledger import (
    Lapsed,
    LocalSigner,
    Refused,
    Signer,
    Unavailable,
    fireblocks,
    open_ledger,
    remote_signing,
)
from accounts.ledger.remote_signing import RemoteConfig
from accounts.services import ledger_accounts
from identity.actor import Actor
from identity.crypto import ed25519
from identity.errors import Invalid
from tests.fireblocks_stand_in import StandIn
from tests.unit.accounts.conftest import NOW


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[StandIn]:
    monkeypatch.setattr(fireblocks, "POLL_PAUSE", 0.001)
    with StandIn() as running:
        settings.LEDGER = dataclasses.replace(settings.LEDGER, remote_signer=running.address)
        yield running


@pytest.fixture
def signer(there: StandIn) -> Signer:
    return remote_signing.signer(remote_signing.parse(there.config()), there.key.public_key)


def test_signs_with_the_key_of_the_vault(there: StandIn, signer: Signer) -> None:
    there.looks = 3
    signature = signer.sign(b"a transaction")
    ed25519.verify(ed25519.parse_public(there.key.public_key), signature, b"a transaction")
    (made,) = there.transactions.values()
    assert there.requests == ["POST /v1/transactions", *[f"GET /v1/transactions/{made['id']}"] * 4]
    assert not there.refusals
    assert len(there.nonces) == 5


def test_the_same_message_is_signed_once(there: StandIn, signer: Signer) -> None:
    assert signer.sign(b"once") == signer.sign(b"once")
    assert len(there.transactions) == 1
    signer.sign(b"another")
    assert len(there.transactions) == 2


def test_an_answer_that_is_lost_costs_no_second_signature(there: StandIn, signer: Signer) -> None:
    there.lose_answers = 1
    with pytest.raises(Unavailable):
        signer.sign(b"once")
    signer.sign(b"once")
    assert len(there.transactions) == 1


def test_goes_on_waiting_where_it_stopped(
    there: StandIn, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fireblocks, "POLLS", 2)
    there.looks = 4
    with pytest.raises(Unavailable):
        signer.sign(b"slow")
    signer.sign(b"slow")
    assert len(there.transactions) == 1


@pytest.mark.parametrize(
    ("ends", "refusal"),
    [
        ("REJECTED", Refused),
        ("BLOCKED", Refused),
        ("CANCELLED", Refused),
        ("FAILED", Lapsed),
        ("TIMEOUT", Lapsed),
    ],
)
def test_says_how_it_ended(
    there: StandIn, signer: Signer, ends: str, refusal: type[Exception]
) -> None:
    there.ends = ends
    for _ in range(2):
        with pytest.raises(refusal):
            signer.sign(b"x")
    assert len(there.transactions) == 1


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ((500, b""), Unavailable),
        ((503, b"{}"), Unavailable),
        ((429, b"{}"), Unavailable),
        ((401, b"{}"), Refused),
        ((403, b"{}"), Refused),
        ((400, b"{}"), Refused),
        ((302, b"{}"), Refused),
        ((200, b""), Unavailable),
        ((200, b"[]"), Unavailable),
        ((200, b"{}"), Unavailable),
        ((200, b'{"id": "../../v1/users", "status": "SUBMITTED"}'), Unavailable),
        ((200, b" " * (256 * 1024 + 1)), Unavailable),
        ((200, b'{"id": "1", "status": "COMPLETED"}'), Refused),
        ((200, b'{"id": "1", "status": "COMPLETED", "signedMessages": [1]}'), Refused),
        (
            (200, b'{"status": "COMPLETED", "signedMessages": [{"signature": {"fullSig": "zz"}}]}'),
            Refused,
        ),
    ],
)
def test_believes_no_answer_that_it_does_not_understand(
    there: StandIn, signer: Signer, answer: tuple[int, bytes], refusal: type[Exception]
) -> None:
    there.answer = answer
    with pytest.raises(refusal):
        signer.sign(b"x")


def test_takes_no_signature_of_another_key(there: StandIn, mallory: LocalSigner) -> None:
    config = remote_signing.parse(there.config())
    with pytest.raises(Refused):
        remote_signing.signer(config, mallory.public_key).sign(b"x")


def test_a_user_of_another_key_is_refused(there: StandIn) -> None:
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    config = remote_signing.parse({**there.config(), "fireBlocksPrivateiKey": pem.decode()})
    with pytest.raises(Refused, match="401"):
        remote_signing.signer(config, there.key.public_key).sign(b"x")
    assert there.refusals == ["signature"]


def test_a_token_is_good_for_one_request(there: StandIn, signer: Signer) -> None:
    """The stand-in refuses what the real one would."""
    path, body = "/v1/transactions", b"{}"
    assert isinstance(signer, fireblocks.FireblocksSigner)
    token = signer._token(path, body)
    api_key = there.config()["fireBlocksApiKey"]
    headers = {"X-API-Key": api_key, "Authorization": f"Bearer {token}"}
    other = httpx.post(f"{there.address}/v1/transactions", content=b"[]", headers=headers)
    again = httpx.post(f"{there.address}/v1/transactions", content=body, headers=headers)
    assert other.status_code == again.status_code == 401
    assert there.refusals == ["body", "nonce"]
    late = fireblocks.FireblocksSigner(signer._access, signer.public_key, clock=lambda: 1.0)
    with pytest.raises(Refused):
        late.sign(b"x")
    assert there.refusals[-1] == "time"


def test_nobody_there_is_unavailable(there: StandIn, settings: Any) -> None:
    settings.LEDGER = dataclasses.replace(settings.LEDGER, remote_signer="http://127.0.0.1:1")
    config = remote_signing.parse(there.config())
    with pytest.raises(Unavailable):
        remote_signing.signer(config, there.key.public_key).sign(b"x")


def test_writes_to_a_ledger(there: StandIn, system: Actor) -> None:
    """An account whose key is there, and a seed here for proofs."""
    seed = ed25519.private_bytes(there.key.key)
    account = ledger_accounts.keep(
        network="local",
        account_id="0.0.1001",
        seed=seed,
        remote=remote_signing.parse(there.config()),
        by=system,
        now=NOW,
    )
    ledger, signer = open_ledger(system.scope_id), ledger_accounts.signer_of(account)
    topic = ledger.create_topic(transaction_id=ledger.begin(), memo="", signer=signer)
    once = ledger.begin()
    for _ in range(2):
        receipt = ledger.submit_message(
            transaction_id=once, topic_id=topic, message=b"x", signer=signer
        )
        assert receipt.sequence == 1
    assert len(there.transactions) == 2
    assert ledger_accounts.open_key(account) == seed


@pytest.mark.parametrize("name", ["fireBlocksPrivateiKey", "fireBlocksPrivateKey", "private_key"])
def test_takes_either_spelling(there: StandIn, name: str) -> None:
    given = there.config()
    pem = given.pop("fireBlocksPrivateiKey")
    assert remote_signing.parse({**given, name: pem}) == remote_signing.parse(there.config())
    flat = pem.strip().replace("\n", "\\n")
    config = remote_signing.parse({**given, name: flat})
    remote_signing.signer(config, there.key.public_key).sign(b"x")


def ecdsa_pem() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"fireBlocksVaultId": ""},
        {"fireBlocksVaultId": "7/../8"},
        {"fireBlocksAssetId": "x" * 129},
        {"fireBlocksApiKey": "a\r\nX-Other: b"},
        {"fireBlocksApiKey": None},
        {"fireBlocksPrivateiKey": "secret-of-somebody"},
        {"fireBlocksPrivateiKey": "secret-of-somebody" * 1000},
        {"fireBlocksPrivateiKey": ecdsa_pem()},
        {"fireBlocksPrivateKey": "another-secret"},
    ],
)
def test_takes_no_configuration_that_is_not_right(there: StandIn, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        remote_signing.parse({**there.config(), **wrong})
    shown = f"{refusal.value!r} {refusal.value.facts} {refusal.value.__cause__!r}"
    assert "secret" not in shown
    assert there.pem not in shown


def test_nothing_shows_the_api_users_secrets(
    there: StandIn, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    signer.sign(b"x")
    there.lose_answers = 1
    with pytest.raises(Unavailable) as refusal:
        signer.sign(b"y")
    config = there.config()
    parsed = remote_signing.parse(config)
    assert isinstance(signer, fireblocks.FireblocksSigner)
    shown = [caplog.text, repr(signer), repr(vars(signer)), repr(parsed), repr(refusal.value)]
    shown += [str(refusal.value.__cause__), repr(signer._access)]
    for text in shown:
        assert config["fireBlocksApiKey"] not in text
        assert "PRIVATE KEY" not in text
        assert "Bearer" not in text


def test_a_configuration_is_kept_as_it_was() -> None:
    config = RemoteConfig("7", "COIN", "key", "pem\nwith lines")
    assert remote_signing.decoded(config.encoded()) == config
