"""Typed data (EIP-712): read strictly, so that what is signed is what was shown.

The library that encodes it takes a text for bytes, a missing text for nothing and any value for
true or false. Here each value has to be what its type says before the library sees it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import orjson

from identity.crypto import deep_libraries, evm_fields, keccak, strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import Invalid

MOST_BYTES: Final = 64 * 1024
_MOST_VALUES: Final = 1000
_MOST_MEMBERS: Final = 128
_MOST_DEPTH: Final = 12
_DOMAIN: Final = "EIP712Domain"
# EIP-712: in this order, whichever of them there are.
_DOMAIN_TYPES: Final = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
    "salt": "bytes32",
}
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}", re.ASCII)
_ARRAY: Final = re.compile(r"(.+)\[([1-9][0-9]{0,3})?\]")
_WHOLE: Final = re.compile(r"(u?int)([1-9][0-9]{0,2})?")
_BYTES: Final = re.compile(r"bytes([1-9][0-9]?)?")
_SIGNED: Final = re.compile(r"-[0-9]{1,77}", re.ASCII)

Members = dict[str, str]
Types = dict[str, Members]


@dataclass(frozen=True, slots=True)
class TypedData:
    """Checked typed data: only what is signed, each value in one spelling."""

    primary_type: str
    types: Types
    domain: dict[str, Any]
    message: dict[str, Any]
    digest: bytes = field(repr=False)

    kind: ClassVar[Literal["typed_data"]] = "typed_data"

    @classmethod
    def read(cls, given: Mapping[str, Any] | str) -> "TypedData":
        """Read `types`, `primaryType`, `domain` and `message`: an object, or JSON that says it.

        Members that the types don't name are left out, as wallets do. Raises
        `identity.errors.Invalid` for values that aren't what their type says, for missing ones,
        and beyond 64 KiB, 1,000 values, 128 members of types and 12 levels.
        """
        asked = _object(given)
        types = _types(asked["types"])
        primary = asked["primaryType"]
        if not isinstance(primary, str) or primary == _DOMAIN or primary not in types:
            raise Invalid("primaryType is one of types.")
        domain = _domain(types.pop(_DOMAIN, None), asked["domain"])
        used = _used(primary, types)
        message = _Reader(used).struct(primary, asked["message"], 1)
        return cls(primary, used, domain, message, _digest(primary, used, domain, message))

    def facts(self) -> dict[str, Any]:
        """What policies may ask; what the domain does not say is empty, or 0."""
        contract = self.domain.get("verifyingContract", "")
        return {
            "primary_type": self.primary_type,
            "domain_name": self.domain.get("name", ""),
            "domain_contract": contract,
            "domain_chain_id": int(self.domain.get("chainId", 0)),
        }

    def wire(self) -> dict[str, Any]:
        """The same as JSON that `read` takes: one spelling of it."""
        domain_types = {name: _DOMAIN_TYPES[name] for name in _DOMAIN_TYPES if name in self.domain}
        types = {_DOMAIN: domain_types, **self.types}
        return {
            "types": {
                name: [{"name": member, "type": of} for member, of in members.items()]
                for name, members in types.items()
            },
            "primaryType": self.primary_type,
            "domain": self.domain,
            "message": self.message,
        }


def _object(given: Mapping[str, Any] | str) -> Mapping[str, Any]:
    try:
        asked: Any = strict_json.decode(given.encode()) if isinstance(given, str) else given
        size = len(orjson.dumps(asked))
    except (EnvelopeMalformed, TypeError, ValueError):
        raise Invalid("The typed data can't be read.") from None
    if size > MOST_BYTES:
        raise Invalid(f"Typed data has at most {MOST_BYTES} bytes.")
    names = {"types", "primaryType", "domain", "message"}
    if not isinstance(asked, Mapping) or set(asked) != names:
        raise Invalid("Typed data has types, primaryType, domain and message.")
    return dict(asked)


def _types(given: object) -> Types:
    if not isinstance(given, Mapping):
        raise Invalid("types is an object.")
    types = {_name(name): _members(members) for name, members in given.items()}
    if sum(len(members) for members in types.values()) > _MOST_MEMBERS:
        raise Invalid(f"The types have at most {_MOST_MEMBERS} members.")
    if any(_is_elementary(name) for name in types):
        raise Invalid("A type has the name of an elementary one.")
    return types


def _members(given: object) -> Members:
    if not isinstance(given, list):
        raise Invalid("A type is a list of members.")
    members: Members = {}
    for item in given:
        match item:
            case {"name": str() as name, "type": str() as of, **more} if not more:
                if name in members:
                    raise Invalid(f"A type names {name[:64]!r} twice.")
                members[_name(name)] = of
            case _:
                raise Invalid("A member of a type has a name and a type.")
    return members


def _name(text: object) -> str:
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise Invalid("Types and members have names of letters, digits, _ and $.")
    return text


def _domain(declared: Members | None, given: object) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise Invalid("domain is an object.")
    if declared is None:
        declared = {name: of for name, of in _DOMAIN_TYPES.items() if name in given}
    usual = {name: of for name, of in _DOMAIN_TYPES.items() if name in declared}
    if list(declared.items()) != list(usual.items()):
        raise Invalid(f"{_DOMAIN} has {', '.join(_DOMAIN_TYPES)}, in this order.")
    return _Reader({_DOMAIN: usual}).struct(_DOMAIN, given, 1)


def _used(primary: str, types: Types) -> Types:
    """The types that the primary one is made of, itself first. Refuses unknown ones."""
    found: Types = {}
    waiting = [primary]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = types[name]
        for of in types[name].values():
            core = of.partition("[")[0]
            if core in types:
                waiting.append(core)
            elif not _is_elementary(core):
                raise Invalid(f"There is no type {core[:64]!r}.")
    return found


def _is_elementary(of: str) -> bool:
    whole, octets = _WHOLE.fullmatch(of), _BYTES.fullmatch(of)
    if whole:
        bits = int(whole[2] or 256)
        return bits % 8 == 0 and bits <= 256
    if octets:
        return int(octets[1] or 1) <= 32
    return of in {"bool", "address", "string"}


class _Reader:
    """Reads values by their types and counts them."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._left = _MOST_VALUES

    def struct(self, name: str, given: object, depth: int) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise Invalid(f"A {name} is an object.")
        members = self._types[name]
        missing = [member for member in members if given.get(member) is None]
        if missing:
            raise Invalid(f"A {name} has {missing[0]}.")
        return {member: self._value(of, given[member], depth) for member, of in members.items()}

    def _value(self, of: str, given: object, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _MOST_DEPTH:
            raise Invalid(f"At most {_MOST_VALUES} values on {_MOST_DEPTH} levels are signed.")
        array = _ARRAY.fullmatch(of)
        if array:
            if not isinstance(given, list) or len(given) != int(array[2] or len(given)):
                raise Invalid(f"{of[:64]} is a list of as many values.")
            return [self._value(array[1], item, depth + 1) for item in given]
        if of in self._types:
            return self.struct(of, given, depth + 1)
        return _elementary(of, given)


def _elementary(of: str, given: object) -> Any:
    whole, octets = _WHOLE.fullmatch(of), _BYTES.fullmatch(of)
    if whole:
        return str(_whole(whole[1], int(whole[2] or 256), given))
    if octets:
        found = evm_fields.octets(given, of)
        if octets[1] and len(found) != int(octets[1]):
            raise Invalid(f"{of} has {octets[1]} bytes.")
        return "0x" + found.hex()
    if of == "address":
        return evm_fields.address(given, of)
    if of == "bool" and isinstance(given, bool):
        return given
    if of == "string" and isinstance(given, str) and "\0" not in given:
        return given
    raise Invalid(f"A value is not what its type {of[:64]!r} says.")


def _whole(kind: str, bits: int, given: object) -> int:
    is_signed = kind == "int"
    if is_signed and isinstance(given, str) and _SIGNED.fullmatch(given):
        given = int(given)
    if is_signed and isinstance(given, int) and given < 0 and not isinstance(given, bool):
        if given < -(2 ** (bits - 1)):
            raise Invalid(f"A value is too small for {kind}{bits}.")
        return given
    return evm_fields.number(given, f"{kind}{bits}", most=2 ** (bits - is_signed) - 1)


def _digest(primary: str, types: Types, domain: Mapping[str, Any], message: Any) -> bytes:
    listed = {
        name: [{"name": member, "type": of} for member, of in members.items()]
        for name, members in types.items()
    }
    encode = deep_libraries.loaded("eth_account.messages").encode_typed_data
    try:
        found = encode(domain_data=_typed(domain), message_types=listed, message_data=message)
    except (ValueError, TypeError) as error:
        # Two types made of each other have no one primary type to the library.
        raise Invalid(f"{primary} can't be encoded.") from error
    return keccak.digest(b"\x19\x01" + found.header + found.body)


def _typed(domain: Mapping[str, Any]) -> dict[str, Any]:
    return {**domain, "chainId": int(domain["chainId"])} if "chainId" in domain else dict(domain)
