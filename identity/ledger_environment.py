"""Reads from the environment which ledger there is, and who pays there."""

import importlib.util
import re
from dataclasses import dataclass, field
from typing import Final

from identity.environment import Environment

KIND: Final = "COUNTERSIGN_LEDGER"
NETWORK: Final = "COUNTERSIGN_LEDGER_NETWORK"
NODES: Final = "COUNTERSIGN_LEDGER_NODES"
MIRROR: Final = "COUNTERSIGN_LEDGER_MIRROR"
OPERATOR: Final = "COUNTERSIGN_LEDGER_OPERATOR"
OPERATOR_KEY: Final = "COUNTERSIGN_LEDGER_OPERATOR_KEY"
TOPIC: Final = "COUNTERSIGN_LEDGER_TOPIC"
REMOTE_SIGNER: Final = "FIREBLOCKS_BASEURL"
KINDS: Final = ("local", "hedera")

# Their nodes are in the address book of their mirror, which is asked at the first call.
_MIRRORS: Final = {
    "mainnet": "https://mainnet-public.mirrornode.hedera.com",
    "testnet": "https://testnet.mirrornode.hedera.com",
    "previewnet": "https://previewnet.mirrornode.hedera.com",
}
_NAME: Final = re.compile(r"[a-z0-9-]{1,32}")
_ENTITY: Final = re.compile(r"(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17})){2}")
_NODE: Final = re.compile(rf"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{{1,5}}=({_ENTITY.pattern})")
_KEY: Final = re.compile(r"([0-9A-Fa-f]{2}){32,160}")


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where the ledger is. Without a kind other than `local` the rest is empty.

    `nodes` are addresses (`host:port`) with the account of each; none means that the network is
    one of those that everybody knows.
    """

    kind: str = "local"
    network: str = "local"
    nodes: tuple[tuple[str, str], ...] = ()
    mirror: str = ""
    operator: str = ""
    operator_key: str = field(default="", repr=False)
    topic: str = ""
    remote_signer: str = "https://api.fireblocks.io"


def read(environment: Environment, *, is_production: bool) -> LedgerSettings:
    """Which ledger there is. Mistakes are noted in `environment`."""
    remote_signer = environment.address(
        REMOTE_SIGNER, "https://api.fireblocks.io", is_secure=is_production
    )
    if environment.choice(KIND, "local", KINDS) == "local":
        for name in (NETWORK, NODES, MIRROR, OPERATOR, OPERATOR_KEY, TOPIC):
            if environment.values.get(name):
                environment.mistake(name, f"is of no use without {KIND}=hedera: set both or none.")
        return LedgerSettings(remote_signer=remote_signer)
    if importlib.util.find_spec("hiero_sdk_python") is None:
        environment.mistake(KIND, "needs the extra `hedera`: install it.")
    network = _matching(environment, NETWORK, _NAME, "testnet", "testnet, mainnet or a name")
    nodes = _nodes(environment, is_needed=network not in _MIRRORS)
    key = environment.secret(OPERATOR_KEY, None, f"Set it, or {OPERATOR_KEY}_FILE, to its key.")
    if key and not _KEY.fullmatch(key.removeprefix("0x")):
        environment.mistake(OPERATOR_KEY, "is not right: set it to 64 hex digits, or DER in hex.")
    return LedgerSettings(
        kind="hedera",
        network=network,
        nodes=nodes,
        mirror=environment.address(MIRROR, _MIRRORS.get(network, ""), is_secure=is_production),
        operator=_matching(environment, OPERATOR, _ENTITY, "", "an account such as 0.0.1234"),
        operator_key=key.removeprefix("0x"),
        topic=_matching(environment, TOPIC, _ENTITY, "", "a topic such as 0.0.5678")
        if environment.values.get(TOPIC)
        else "",
        remote_signer=remote_signer,
    )


def _matching(
    environment: Environment, name: str, form: re.Pattern[str], default: str, advice: str
) -> str:
    value = environment.values.get(name) or default
    if not form.fullmatch(value):
        environment.mistake(name, f"is missing or not right: set it to {advice}.")
    return value


def _nodes(environment: Environment, *, is_needed: bool) -> tuple[tuple[str, str], ...]:
    given = [part.strip() for part in environment.values.get(NODES, "").split(",")]
    parts = [part for part in given if part]
    if is_needed and not parts:
        environment.mistake(NODES, "is missing: set it to host:port=0.0.3 of each node.")
    if not all(_NODE.fullmatch(part) for part in parts):
        environment.mistake(NODES, "is not right: set it to host:port=0.0.3, with commas between.")
        return ()
    pairs = (part.partition("=") for part in parts)
    return tuple((address, account) for address, _, account in pairs)
