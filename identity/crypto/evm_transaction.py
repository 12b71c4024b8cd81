"""Transactions of Ethereum: legacy with a chain (EIP-155), EIP-2930 and EIP-1559.

Nothing that the signer does not understand is signed: no blobs (EIP-4844), no delegation to a
contract (EIP-7702), no transaction that is good on every chain.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from identity.crypto import evm_fields, keccak
from identity.errors import Invalid

# EIP-2681 and EIP-2294 bound the nonce and the chain's number.
_MOST_NONCE: Final = 2**64 - 2
_MOST_GAS: Final = 2**64 - 1
_MOST_CHAIN: Final = 2**63 - 37
_MOST_ENTRIES: Final = 256
_MOST_SLOTS: Final = 1024
_LEGACY, _WITH_LIST, _WITH_TIP = 0, 1, 2
_TIPPED: Final = ("maxFeePerGas", "maxPriorityFeePerGas")
_NAMES: Final = frozenset(
    (
        *("from", "to", "nonce", "gas", "value", "chainId", "type", "data", "input", "accessList"),
        *("gasPrice", *_TIPPED),
    )
)

Entry = tuple[bytes, tuple[bytes, ...]]
Fields = list[Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A checked transaction. `to` is empty where a contract is made; addresses are lower case.

    `fee_per_gas` is the price (types 0 and 1) or the most that is paid (type 2).
    """

    type: int
    chain_id: int
    nonce: int
    gas: int
    fee_per_gas: int
    to: str
    value: int
    data: bytes
    tip_per_gas: int = 0
    access_list: tuple[Entry, ...] = ()
    sender: str = ""
    """Who is said to send it, in lower case; empty where nobody is named."""

    kind: ClassVar[Literal["transaction"]] = "transaction"

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Transaction":
        """Read the fields of `eth_signTransaction` (execution API), each in any of its spellings.

        Numbers are `0x` hexadecimal, decimal text or integers; an absent type follows from the
        fees. Raises `identity.errors.Invalid` for unknown fields (blobs, authorisations), absent
        or doubled ones, and what no chain would take.
        """
        fields = evm_fields.known(given, _NAMES, "A transaction")
        kind = _type(fields)
        tip = 0
        if kind == _WITH_TIP:
            fee, tip = (_needed(fields, name) for name in _TIPPED)
            if tip > fee:
                raise Invalid("maxPriorityFeePerGas is more than maxFeePerGas.")
        else:
            fee = _needed(fields, "gasPrice")
        data, to = _data(fields), _to(fields)
        if not to and not data:
            raise Invalid("A transaction names to, or has the code of a contract as data.")
        chain_id = _needed(fields, "chainId", most=_MOST_CHAIN)
        if not chain_id:
            raise Invalid("chainId is 1 or more.")
        return cls(
            type=kind,
            chain_id=chain_id,
            nonce=_needed(fields, "nonce", most=_MOST_NONCE),
            gas=_needed(fields, "gas", most=_MOST_GAS),
            fee_per_gas=fee,
            tip_per_gas=tip,
            to=to,
            value=evm_fields.number(fields.get("value", 0), "value"),
            data=data,
            access_list=_access_list(fields.get("accessList", [])),
            sender=evm_fields.address(fields["from"], "from") if fields.get("from") else "",
        )

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        if self.type == _LEGACY:
            # EIP-155: the chain's number and two empty numbers stand where the signature will.
            return keccak.digest(_encoded([*self._fields(), _word(self.chain_id), b"", b""]))
        return keccak.digest(bytes([self.type]) + _encoded(self._fields()))

    def raw(self, signature: bytes) -> bytes:
        """The signed transaction, ready to be sent; `signature` is `r || s || v`, v 27 or 28."""
        parity = signature[64] - 27
        numbers = [_stripped(signature[:32]), _stripped(signature[32:64])]
        if self.type == _LEGACY:
            mark = _word(2 * self.chain_id + 35 + parity)
            return _encoded([*self._fields(), mark, *numbers])
        return bytes([self.type]) + _encoded([*self._fields(), _word(parity), *numbers])

    def facts(self) -> dict[str, Any]:
        """What policies may ask. `fee_wei` is the most that the network can take beside `value`."""
        selector = "0x" + self.data[:4].hex() if self.to and len(self.data) >= 4 else ""
        return {
            "to": self.to,
            "value_wei": self.value,
            "fee_wei": self.gas * self.fee_per_gas,
            "chain_id": self.chain_id,
            "nonce": self.nonce,
            "selector": selector,
            "data_bytes": len(self.data),
        }

    def wire(self) -> dict[str, Any]:
        """The same transaction as JSON that `read` takes: one spelling of it."""
        shown: dict[str, Any] = {
            "type": hex(self.type),
            "chainId": hex(self.chain_id),
            "nonce": hex(self.nonce),
            "gas": hex(self.gas),
            "value": hex(self.value),
            "data": "0x" + self.data.hex(),
        }
        if self.to:
            shown["to"] = self.to
        if self.type == _WITH_TIP:
            shown |= {_TIPPED[0]: hex(self.fee_per_gas), _TIPPED[1]: hex(self.tip_per_gas)}
        else:
            shown["gasPrice"] = hex(self.fee_per_gas)
        if self.access_list:
            shown["accessList"] = [
                {"address": "0x" + of.hex(), "storageKeys": ["0x" + key.hex() for key in keys]}
                for of, keys in self.access_list
            ]
        return shown

    def _fields(self) -> Fields:
        common = [_word(self.gas), bytes.fromhex(self.to[2:]), _word(self.value), self.data]
        if self.type == _LEGACY:
            return [_word(self.nonce), _word(self.fee_per_gas), *common]
        fees = [_word(self.fee_per_gas)]
        if self.type == _WITH_TIP:
            fees.insert(0, _word(self.tip_per_gas))
        listed = [[of, list(keys)] for of, keys in self.access_list]
        return [_word(self.chain_id), _word(self.nonce), *fees, *common, listed]


def _type(fields: Mapping[str, Any]) -> int:
    has_tip = any(name in fields for name in _TIPPED)
    has_list = bool(fields.get("accessList"))
    inferred = _WITH_TIP if has_tip else _WITH_LIST if has_list else _LEGACY
    kind = evm_fields.number(fields.get("type", inferred), "type", most=255)
    if kind > _WITH_TIP:
        raise Invalid(f"Transactions of type {kind} are not signed here.")
    if has_tip != (kind == _WITH_TIP) or has_tip == ("gasPrice" in fields):
        raise Invalid("Either gasPrice, or maxFeePerGas and maxPriorityFeePerGas (type 2).")
    if has_list and kind == _LEGACY:
        raise Invalid("A transaction of type 0 has no accessList.")
    return kind


def _needed(fields: Mapping[str, Any], name: str, *, most: int = evm_fields.MOST_WORD) -> int:
    if name not in fields:
        raise Invalid(f"A transaction has {name}.")
    return evm_fields.number(fields[name], name, most=most)


def _to(fields: Mapping[str, Any]) -> str:
    # Clients write the absent receiver of a new contract in each of these ways.
    to = fields.get("to")
    return "" if to in (None, "", "0x") else evm_fields.address(to, "to")


def _data(fields: Mapping[str, Any]) -> bytes:
    data = evm_fields.octets(fields.get("data", fields.get("input", "0x")), "data")
    if "data" in fields and evm_fields.octets(fields.get("input", fields["data"]), "input") != data:
        raise Invalid("data and input are two names of one thing.")
    return data


def _access_list(given: object) -> tuple[Entry, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > _MOST_ENTRIES:
        raise Invalid(f"accessList is a list of at most {_MOST_ENTRIES} entries.")
    entries = tuple(_entry(item) for item in given)
    if sum(len(keys) for _, keys in entries) > _MOST_SLOTS:
        raise Invalid(f"accessList names at most {_MOST_SLOTS} storage keys.")
    return entries


def _entry(item: object) -> Entry:
    match item:
        case {"address": str() as of, "storageKeys": list() as keys, **more} if not more:
            slots = tuple(evm_fields.octets(key, "storageKeys", most=32) for key in keys)
            if all(len(slot) == 32 for slot in slots):
                return bytes.fromhex(evm_fields.address(of, "accessList")[2:]), slots
    raise Invalid("An entry of accessList has an address and storageKeys of 32 bytes.")


def _word(value: int) -> bytes:
    # RLP writes numbers without zeros in front; zero itself is empty.
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _stripped(value: bytes) -> bytes:
    return value.lstrip(b"\0")


def _encoded(fields: Fields) -> bytes:
    return _library()(fields)


@functools.cache
def _library() -> Callable[[Fields], bytes]:
    """Loaded when first used: 0.2 s that most processes never need."""
    import rlp  # noqa: PLC0415

    encode: Callable[[Fields], bytes] = rlp.encode
    return encode
