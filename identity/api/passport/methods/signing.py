"""Signing with the account of the caller: messages, typed data and transactions.

Where others have to approve, the answer is `errors.Waits`; the very same request gives the
signature once they did.
"""

from collections.abc import Mapping
from typing import Any, Final

from accounts.queries import managed_keys
from identity.api.passport import errors
from identity.api.passport.route import Asked, Method, Who
from identity.crypto.evm import PersonalMessage, Signable, Signed, Transaction, TypedData
from identity.errors import Forbidden, Invalid
from invitations.services import signing
from invitations.services.governance import Pending

_HEX: Final = "0x"
_OF_CLIENTS: Final = frozenset({"abi", "address", "args", "dataSuffix", "functionName"})
"""What viem sends along of a contract's call that it has put into `data` already."""


def personal_sign(asked: Asked) -> str:
    """`personal_sign`: EIP-191 over bytes in `0x`, or over the UTF-8 of any other text."""
    message, address = _two(asked, "message")
    if not isinstance(message, str):
        raise Invalid("The message is a text.")
    _require_own(asked, address)
    if message.startswith(_HEX):
        return _signature(asked, PersonalMessage.read({"message": message}))
    return _signature(asked, PersonalMessage(_utf8(message)))


def sign_typed_data(asked: Asked) -> str:
    """`eth_signTypedData_v4`: EIP-712; the payload is an object or its JSON."""
    address, payload = _two(asked, "payload")
    if not isinstance(payload, Mapping | str):
        raise Invalid("The payload is an object, or its JSON.")
    _require_own(asked, address)
    return _signature(asked, TypedData.read(payload))


def sign_transaction(asked: Asked) -> str:
    """`eth_signTransaction`: the signed transaction, ready to be sent; nothing is sent here."""
    given = asked.listed[0] if len(asked.listed) == 1 else None
    if not isinstance(given, Mapping):
        raise Invalid("The parameters are one transaction.")
    fields = {
        name: value
        for name, value in given.items()
        if name not in _OF_CLIENTS and value is not None
    }
    signed = _signed(asked, Transaction.read(fields))
    return _HEX + (signed.raw_transaction or b"").hex()


def _signature(asked: Asked, what: Signable) -> str:
    return _HEX + _signed(asked, what).signature.hex()


def _signed(asked: Asked, what: Signable) -> Signed:
    answer = signing.sign(what=what, by=asked.caller.actor, now=asked.now)
    if isinstance(answer, Pending):
        raise errors.Waits(answer)
    return answer


def _two(asked: Asked, name: str) -> tuple[Any, Any]:
    given = asked.listed
    if len(given) != 2:
        raise Invalid(f"The parameters are {name} and address, in the order of the method.")
    return given[0], given[1]


def _require_own(asked: Asked, address: Any) -> None:
    """Refuse another account's address. Clients that don't know theirs send zeros of any length."""
    if not isinstance(address, str) or not address.startswith(_HEX):
        raise Invalid("The address is 0x and 40 hexadecimal digits.")
    if not address[len(_HEX) :].strip("0"):
        return
    own = managed_keys.of_user(asked.caller.user_id)
    if own is None or own.address.lower() != address.lower():
        raise Forbidden("This is another address than the account's.")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Invalid("The message has a character that no text has.") from None


METHODS: Final = (
    Method("personal_sign", Who.ACCOUNT, personal_sign),
    Method("eth_signTypedData_v4", Who.ACCOUNT, sign_typed_data),
    Method("eth_signTransaction", Who.ACCOUNT, sign_transaction),
)
