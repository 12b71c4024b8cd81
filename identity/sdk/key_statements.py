"""What a scope itself says about its present keys, believed from whoever knows one of them."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from identity.crypto import ecdsa_p256, evidence, rsa, strict_json
from identity.errors import DomainError
from identity.sdk.errors import NoAnswer, NotGenuine

PATH: Final = "/server-keys/statements"
"""Behind `/v1`; it needs no signature."""


class Said(NamedTuple):
    """The scope's id and its present keys; `signatures` are the newest and known ones in use."""

    scope: str
    encryption: rsa.PublicKey
    signatures: tuple[ecdsa_p256.PublicKey, ...]


def read(content: Any, *, known: Iterable[ecdsa_p256.PublicKey]) -> Said:
    """The present keys, out of a statement that one of the `known` keys made.

    There is one by each signature key that is still of use; a known key without one is believed no
    more. Raises NotGenuine if there is none by a known key, and
    NoAnswer.
    """
    try:
        statements = [base64.b64decode(text, validate=True) for text in content["statements"]]
        said = [(key, _said_by(key, statements)) for key in known]
        believed = [(key, keys) for key, keys in said if keys is not None]
        if not believed:
            raise NotGenuine("No statement about the server's keys is by a key that is known.")
        present = believed[0][1]
        newest = ecdsa_p256.parse_public(present["signature"])
        further = tuple(key for key, _ in believed if key.kid != newest.kid)
        encryption = rsa.parse_public(base64.b64decode(present["encryption"]).decode())
        return Said(str(UUID(present["scope"])), encryption, (newest, *further))
    except (DomainError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoAnswer("The statements about the server's keys cannot be read.") from error


def _said_by(key: ecdsa_p256.PublicKey, statements: Iterable[bytes]) -> Mapping[str, Any] | None:
    for statement in statements:
        try:
            said = evidence.verify_attested(
                statement, evidence.SERVER_KEYS_TYPE, server_keys=[key.hex]
            )
        except evidence.EvidenceInvalid:
            continue
        return strict_json.decode(said)
    return None
