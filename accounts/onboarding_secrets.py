"""What an onboarding must know and nobody may read: sealed with its row, opened by its worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from accounts.models import Onboarding
from identity.services import resealing, sealing

REQUEST: Final = "onboarding.request"
RESULT: Final = "onboarding.result"
SEALED: Final = resealing.column(Onboarding, "sealed_request", purpose=REQUEST)
SEALED_RESULT: Final = resealing.column(Onboarding, "sealed_result", purpose=RESULT)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The sealed part of a request.

    `verifier` is the password as it will be stored, hashed before anything was written. `seed` is
    the ledger account's private key in hex: the given one, or a new one for the account that will
    be made; with a remote signer it signs the DID and the credential alone. `fields` are the
    subject's of the credential, None where none is wanted. `opening_balance` is the account's, in
    whole units, as the scope had it: a repeat must ask for the same.
    """

    verifier: str = field(default="", repr=False)
    seed: str = field(default="", repr=False)
    account_id: str = ""
    fields: Mapping[str, Any] | None = field(default=None, repr=False)
    did_document: Mapping[str, Any] | None = field(default=None, repr=False)
    did_keys: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    remote_signing: Mapping[str, str] | None = field(default=None, repr=False)
    opening_balance: int = 30


def seal(secrets: Secrets, onboarding_id: UUID) -> bytes:
    """What is stored. Raises SealUnavailable."""
    return sealing.seal(orjson.dumps(secrets), purpose=REQUEST, subject=str(onboarding_id))


def unseal(onboarding: Onboarding) -> Secrets:
    """What `seal` stored with this row. Raises SealBroken, SealUnavailable."""
    sealed = bytes(onboarding.sealed_request or b"")
    opened = sealing.unseal(sealed, purpose=REQUEST, subject=str(onboarding.id))
    return Secrets(**orjson.loads(opened))


def seal_result(result: Mapping[str, Any], onboarding_id: UUID) -> bytes:
    """What the owner reads later. Raises SealUnavailable."""
    return sealing.seal(orjson.dumps(result), purpose=RESULT, subject=str(onboarding_id))


def unseal_result(onboarding: Onboarding) -> Mapping[str, Any] | None:
    """What `seal_result` stored, None where there is nothing. Raises SealBroken."""
    if onboarding.sealed_result is None:
        return None
    sealed = bytes(onboarding.sealed_result)
    opened = sealing.unseal(sealed, purpose=RESULT, subject=str(onboarding.id))
    result: Mapping[str, Any] = orjson.loads(opened)
    return result
