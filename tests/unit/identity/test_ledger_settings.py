"""Which ledger there is, as the environment says it."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from identity.environment import Environment
from identity.ledger_environment import LedgerSettings, read

KEY = "11" * 32
TESTNET = {
    "COUNTERSIGN_LEDGER": "hedera",
    "COUNTERSIGN_LEDGER_OPERATOR": "0.0.1234",
    "COUNTERSIGN_LEDGER_OPERATOR_KEY": KEY,
}
OWN = TESTNET | {
    "COUNTERSIGN_LEDGER_NETWORK": "our-own",
    "COUNTERSIGN_LEDGER_NODES": "10.0.0.1:50211=0.0.3, [::1]:50211=0.0.4",
    "COUNTERSIGN_LEDGER_MIRROR": "https://mirror.example.org",
    "COUNTERSIGN_LEDGER_TOPIC": "0.0.99",
}


def told(
    values: Mapping[str, str], *, is_production: bool = True
) -> tuple[LedgerSettings, set[str]]:
    environment = Environment()
    environment.values = values
    return read(environment, is_production=is_production), set(environment.mistakes)


def test_is_in_the_database_by_default() -> None:
    found, mistakes = told({})
    assert (found, mistakes) == (LedgerSettings(), set())
    assert found.kind == found.network == "local"


def test_knows_the_mirrors_of_public_networks() -> None:
    found, mistakes = told(TESTNET)
    assert not mistakes
    assert (found.network, found.nodes, found.topic) == ("testnet", (), "")
    assert found.mirror == "https://testnet.mirrornode.hedera.com"
    assert told(TESTNET | {"COUNTERSIGN_LEDGER_NETWORK": "mainnet"})[0].mirror != found.mirror


def test_takes_a_network_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"0x{KEY}\n")
    values = OWN | {"COUNTERSIGN_LEDGER_OPERATOR_KEY_FILE": str(tmp_path / "key")}
    del values["COUNTERSIGN_LEDGER_OPERATOR_KEY"]
    found, mistakes = told(values)
    assert not mistakes
    assert found.nodes == (("10.0.0.1:50211", "0.0.3"), ("[::1]:50211", "0.0.4"))
    assert (found.operator, found.operator_key, found.topic) == ("0.0.1234", KEY, "0.0.99")
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COUNTERSIGN_LEDGER", "bitcoin"),
        ("COUNTERSIGN_LEDGER_NETWORK", "Our Own"),
        ("COUNTERSIGN_LEDGER_NODES", ""),
        ("COUNTERSIGN_LEDGER_NODES", "10.0.0.1=0.0.3"),
        ("COUNTERSIGN_LEDGER_NODES", "10.0.0.1:50211=3"),
        ("COUNTERSIGN_LEDGER_MIRROR", ""),
        ("COUNTERSIGN_LEDGER_MIRROR", "http://mirror.example.org"),
        ("COUNTERSIGN_LEDGER_MIRROR", "https://user@mirror.example.org"),
        ("COUNTERSIGN_LEDGER_OPERATOR", ""),
        ("COUNTERSIGN_LEDGER_OPERATOR", "4711"),
        ("COUNTERSIGN_LEDGER_OPERATOR_KEY", "secret"),
        ("COUNTERSIGN_LEDGER_OPERATOR_KEY", KEY[:-1]),
        ("COUNTERSIGN_LEDGER_TOPIC", "99"),
        ("FIREBLOCKS_BASEURL", "http://api.example.org"),
        ("FIREBLOCKS_BASEURL", "https://api.example.org/v1"),
    ],
)
def test_tells_what_is_wrong(name: str, value: str) -> None:
    environment = Environment()
    environment.values = OWN | {name: value}
    read(environment, is_production=True)
    expected = {"COUNTERSIGN_LEDGER"} if value == "bitcoin" else {name}
    assert expected <= set(environment.mistakes)
    assert not value or value not in "".join(environment.mistakes.values())


@pytest.mark.parametrize("name", sorted(set(OWN) - {"COUNTERSIGN_LEDGER"}))
def test_tells_what_is_of_no_use_in_the_database(name: str) -> None:
    assert told({name: OWN[name]})[1] == {name}


def test_tells_that_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "hiero_sdk_python" else found(name),
    )
    assert told(TESTNET)[1] == {"COUNTERSIGN_LEDGER"}
    assert told({})[1] == set()


def test_calls_a_stand_in_without_tls_in_development() -> None:
    values = OWN | {"COUNTERSIGN_LEDGER_MIRROR": "http://127.0.0.1:5551"}
    assert told(values, is_production=False)[1] == set()
