"""What no ledger accepts, refused here alike before anybody is called."""

import re
from typing import Final

from accounts.ledger.errors import Refused
from accounts.ledger.protocol import LARGEST_CONTENT, LONGEST_MEMO, LONGEST_MESSAGE, TINYBARS
from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid

SUPPLY: Final = 50_000_000_000 * TINYBARS
MOST_MESSAGES: Final = 100
_TRANSACTION_ID: Final = re.compile(r"[0-9A-Za-z@.:-]{1,96}")
_ENTITY: Final = re.compile(r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})")


def check_transaction_id(transaction_id: str) -> None:
    """Raise Refused for what `begin` can't have made."""
    if not _TRANSACTION_ID.fullmatch(transaction_id):
        raise Refused("This is not a transaction id.")


def check_public_key(raw: bytes) -> None:
    """Raise Refused unless these are 32 bytes of an Ed25519 key that somebody can hold."""
    try:
        ed25519.parse_foreign_public(raw)
    except KeyInvalid:
        raise Refused("The key of an account is an Ed25519 key of 32 bytes.") from None


def check_balance(balance: int) -> None:
    """Raise Refused for less than nothing and more than there is."""
    if not 0 <= balance <= SUPPLY:
        raise Refused("An account begins with 0 to 50,000,000,000 units.")


def check_memo(memo: str) -> None:
    """Raise Refused for more than 100 bytes, and for characters that end texts elsewhere."""
    try:
        length = len(memo.encode())
    except UnicodeEncodeError:
        raise Refused("A memo is text.") from None
    if length > LONGEST_MEMO or "\0" in memo:
        raise Refused(f"A memo has at most {LONGEST_MEMO} bytes, none of them zero.")


def check_message(message: bytes) -> None:
    """Raise Refused for nothing and for more than 1,024 bytes."""
    if not 1 <= len(message) <= LONGEST_MESSAGE:
        raise Refused(f"A message has 1 to {LONGEST_MESSAGE} bytes; larger content is pointed to.")


def check_content(content: bytes) -> None:
    """Raise Refused for more than 1 MiB."""
    if len(content) > LARGEST_CONTENT:
        raise Refused(f"Stored content has at most {LARGEST_CONTENT} bytes.")


def entity(text: str) -> tuple[int, int, int] | None:
    """Shard, realm and number of an id in its one spelling; None for anything else."""
    found = _ENTITY.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def limit(most: int) -> int:
    """How many messages a page has: from 1 to 100."""
    return max(1, min(most, MOST_MESSAGES))
