"""A scope as an issuer of credentials: its key as an application, under the DID that is that key.

Credentials of keys that were rotated stay valid: a DID of the method `key` names its key for ever.
"""

from datetime import datetime

from identity.crypto import verification_methods
from identity.crypto.proofs import Signer
from identity.services import token_keys


def signer(*, now: datetime) -> Signer:
    """The scope in force as a signer; its key is made when it is first needed."""
    key = token_keys.application(now=now)
    return Signer(verification_methods.method_of_key(key.public), key)


def did_of(signer: Signer) -> str:
    """The DID of a signer."""
    return signer.method.partition("#")[0]
