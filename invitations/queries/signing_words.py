"""What a signature means, in words and rows that a person can judge before approving it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from accounts.queries import managed_keys
from identity.crypto import ethereum_address, evm
from identity.crypto.evm import PersonalMessage, Transaction, TypedData
from identity.errors import Invalid, Missing
from invitations.commands.keys import NAME, SignWithKey
from invitations.queries import hidden_signs
from invitations.rows import Change, Difference

COMMAND: Final = NAME
_WEI: Final = 10**18
_MOST_SHOWN: Final = 4096
_MOST_IN_SENTENCE: Final = 60

_TOKEN_CALLS: Final[Mapping[str, Sequence[str]]] = {
    "a9059cbb": ("transfer", "address", "amount"),
    "095ea7b3": ("approve", "address", "amount"),
    "23b872dd": ("transferFrom", "address", "address", "amount"),
}

Rows = Iterator[tuple[str, str]]


def change(details: SignWithKey) -> Change:
    """What is signed, by name; long parts are cut and say so."""
    rows = [Difference(name, None, told) for name, told in _rows(details)]
    return Change(COMMAND, sentence(details), rows)


def sentence(details: SignWithKey) -> str:
    """One line: what is signed, and with whose account."""
    what = _read(details)
    thing = "something that can't be read" if what is None else _thing(what)
    known = _known(details)
    return f"Sign {thing} for {known.username if known else 'an account that is not there'}"


def _read(details: SignWithKey) -> evm.Signable | None:
    try:
        return evm.read(details.kind, details.what)
    except Invalid:
        return None


def _rows(details: SignWithKey) -> Rows:
    what = _read(details)
    yield "account", _account(details)
    if isinstance(what, Transaction):
        yield from _transaction(what)
    elif isinstance(what, PersonalMessage):
        yield from _message(what)
    elif isinstance(what, TypedData):
        yield from _typed_data(what)
    if what is not None:
        yield "digest", f"0x{what.digest.hex()}"


def ether(wei: int) -> str:
    """An amount in ether, to the last wei."""
    whole, rest = divmod(wei, _WEI)
    fraction = f"{rest:018}".rstrip("0")
    return f"{whole}.{fraction} ether" if fraction else f"{whole} ether"


def _thing(what: evm.Signable) -> str:
    if isinstance(what, Transaction):
        receiver = _address(what.to) if what.to else "a new contract"
        return f"a transaction of {ether(what.value)} to {receiver} on chain {what.chain_id}"
    if isinstance(what, TypedData):
        name = _cut(str(what.facts()["domain_name"]), _MOST_IN_SENTENCE)
        return f"“{what.primary_type}” for “{name}”" if name else f"“{what.primary_type}”"
    text = what.text
    if text is None:
        return f"a message of {len(what.data)} bytes that is no text"
    return f"the message “{_cut(' '.join(text.split()), _MOST_IN_SENTENCE)}”"


def _known(details: SignWithKey) -> managed_keys.ManagedKeyFacts | None:
    try:
        return managed_keys.managed_key(details.key)
    except Missing:
        return None


def _account(details: SignWithKey) -> str:
    known = _known(details)
    if known is None:
        return f"an account that is not there ({details.key})"
    return f"{known.address} of {known.username}"


def _transaction(what: Transaction) -> Rows:
    yield "to", _address(what.to) if what.to else "nobody: it makes a new contract"
    yield "value", f"{ether(what.value)} ({what.value} wei)"
    yield "fee", f"at most {ether(what.gas * what.fee_per_gas)}"
    yield "chain", str(what.chain_id)
    yield "nonce", str(what.nonce)
    yield "gas", str(what.gas)
    yield "data", _octets(what.data) if what.data else "(none: nothing is called)"
    call = _token_call(what.data) if what.to else ""
    if call:
        yield "which a token reads as", call
    if what.access_list:
        listed = ", ".join(_address("0x" + of.hex()) for of, _ in what.access_list)
        yield "access list", _cut(listed, _MOST_SHOWN)


def _token_call(data: bytes) -> str:
    """What contracts of tokens (ERC-20) take the call for; another one may do anything."""
    name, *kinds = _TOKEN_CALLS.get(data[:4].hex(), ("",))
    words = [data[at : at + 32] for at in range(4, len(data), 32)]
    if not name or len(data) != 4 + 32 * len(kinds):
        return ""
    if any(any(word[:12]) for word, kind in zip(words, kinds, strict=True) if kind == "address"):
        return ""
    told = [
        _address(f"0x{word[12:].hex()}") if kind == "address" else str(int.from_bytes(word, "big"))
        for word, kind in zip(words, kinds, strict=True)
    ]
    return f"{name}({', '.join(told)})"


def _message(what: PersonalMessage) -> Rows:
    text = what.text
    if text is None:
        yield "message", f"{_octets(what.data)}, which can't be shown as text"
    else:
        yield "message", _cut(text, _MOST_SHOWN) or "(empty)"


def _typed_data(what: TypedData) -> Rows:
    for name, value in what.domain.items():
        yield f"domain: {name}", _cut(_value(value), _MOST_SHOWN)
    yield "type", what.primary_type
    # All of them: an approver must not overlook the last one. There are at most 1,000.
    for name, value in _members(what.message, ""):
        yield name, _cut(value, _MOST_SHOWN)


def _members(value: Any, path: str) -> Rows:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _members(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _members(inner, f"{path}[{place}]")
    else:
        yield path, _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in ("", []) else "(empty)"


def _octets(data: bytes) -> str:
    return f"{_cut('0x' + data.hex(), _MOST_SHOWN)} ({len(data)} bytes)"


def _address(lower: str) -> str:
    return ethereum_address.normalise(lower)


def _cut(text: str, most: int) -> str:
    shown = hidden_signs.shown(text[:most])
    return shown if len(text) <= most else f"{shown}…"
