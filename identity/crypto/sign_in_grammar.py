"""The grammar of sign-in messages as regular expressions (ERC-4361, CAIP-122, RFC 3986)."""

import re
from typing import Final

MAX_RESOURCES: Final = 32

# RFC 3986 §2 and §3. Each repetition has one way to go on, so that matching takes linear time.
_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = r"!$&'()*+,;="
_ENCODED: Final = r"%[0-9A-Fa-f]{2}"
_PCHAR: Final = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:@]|{_ENCODED})"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.\-]*"
_USER: Final = rf"(?:(?:[{_UNRESERVED}{_SUB_DELIMS}:]|{_ENCODED})*@)?"
_HOST: Final = rf"(?:\[[0-9A-Fa-f:.]+\]|(?:[{_UNRESERVED}{_SUB_DELIMS}]|{_ENCODED})*)"
_SEGMENTS: Final = rf"(?:/{_PCHAR}*)*"
_HIERARCHY: Final = rf"(?://{_USER}{_HOST}(?::[0-9]*)?{_SEGMENTS}|/?(?:{_PCHAR}+{_SEGMENTS})?)"
_REST: Final = rf"(?:{_PCHAR}|[/?])*"
_URI: Final = rf"{_SCHEME}:{_HIERARCHY}(?:\?{_REST})?(?:#{_REST})?"
# An authority without user information, which could only mislead a reader.
_DOMAIN: Final = (
    r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?"
)
# RFC 3339 with capitals, as ISO 8601 and every wallet write it.
_TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+\-][0-9]{2}:[0-9]{2})"
)
# The reserved and unreserved characters of RFC 3986, and spaces: no line break, no quotation mark.
_STATEMENT: Final = rf"[{_UNRESERVED}{_SUB_DELIMS}:/?#\[\]@ ]+"
_ADDRESS: Final = r"[A-Za-z0-9:_.\-]{1,200}"


def ethereum() -> re.Pattern[str]:
    """ERC-4361. Where there is no statement, two empty lines follow the address."""
    statement = rf"\n(?:(?P<statement>{_STATEMENT})\n)?\n"
    return _whole("Ethereum", statement, r"[1-9][0-9]{0,19}")


def solana() -> re.Pattern[str]:
    """Solana's. Where there is no statement, one empty line follows the address."""
    return _whole("Solana", _one_line_less(), r"(?:solana:)?[-_a-zA-Z0-9]{1,32}")


def did() -> re.Pattern[str]:
    """That of DIDs. The network is written as CAIP-2 has it."""
    return _whole("DID", _one_line_less(), r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")


def _one_line_less() -> str:
    return rf"\n(?:(?P<statement>{_STATEMENT})\n\n)?"


def _whole(word: str, statement: str, chain_id: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<scheme>{_SCHEME})://)?(?P<domain>{_DOMAIN})"
        rf" wants you to sign in with your {word} account:\n"
        rf"(?P<address>{_ADDRESS})\n{statement}"
        rf"URI: (?P<uri>{_URI})\n"
        r"Version: (?P<version>1)\n"
        rf"Chain ID: (?P<chain_id>{chain_id})\n"
        r"Nonce: (?P<nonce>[A-Za-z0-9]{8,128})\n"
        rf"Issued At: (?P<issued_at>{_TIME})"
        rf"(?:\nExpiration Time: (?P<expiration_time>{_TIME}))?"
        rf"(?:\nNot Before: (?P<not_before>{_TIME}))?"
        rf"(?:\nRequest ID: (?P<request_id>{_PCHAR}*))?"
        rf"(?:\nResources:(?P<resources>(?:\n- {_URI}){{0,{MAX_RESOURCES}}}))?"
    )
