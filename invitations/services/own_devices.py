"""A further device of one's own: registered in a session, with proof of both new keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from accounts.errors import ProofInvalid
from identity import errors
from identity.actor import Actor
from identity.services import attestations
from invitations.services import governance, key_proofs
from invitations.services.evidence import Evidence
from invitations.services.governance import Done, Pending

STATEMENT_TYPE: Final = "ecs-device/1"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the holder of two new keys sends.

    `statement` is the exact JSON text (`key_proofs.KeyStatement` of the type `ecs-device/1`, whose
    `subject` is the client-visible id of the user), `signature` raw r||s of the new signature key.
    """

    statement: bytes
    signature: bytes


def challenge(*, signature_key: str, encryption_key: str, by: Actor, now: datetime) -> bytes:
    """First step: a challenge encrypted to the new encryption key, to be opened within 5 minutes.

    Raises `Forbidden` for who has no account in this scope, `accounts.errors.KeyInvalid`.
    """
    return key_proofs.challenge(
        purpose=STATEMENT_TYPE,
        subject=_account(by),
        signature_key=signature_key,
        encryption_key=encryption_key,
        now=now,
    )


def register(registration: Registration, *, by: Actor, now: datetime) -> Done | Pending:
    """Second step: register the device, or wait for the approval that policy asks for.

    The caller has made sure that the session was proved lately. The result of `Done` is that of
    the command `device.register`. Raises what `key_proofs.prove`, `governance.submit` and
    `devices.register` raise.
    """
    account = _account(by)
    proven = key_proofs.prove(
        registration.statement, registration.signature, expected_type=STATEMENT_TYPE, now=now
    )
    if proven.said.subject != account or proven.said.has_password:
        raise ProofInvalid("The statement is about another account.")
    details = {
        "name": proven.said.device_name,
        "signature_key": proven.keys.signature.hex,
        "encryption_key": proven.keys.encryption.pem,
    }
    said = {
        "action": "add",
        "resource": f"/users/{account}/devices",
        "details": details,
        "user": account,
        "holder": key_proofs.enclosed(proven),
    }
    sign1 = attestations.request(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
    return governance.submit(
        action="device.register",
        details={**details, "user": account, "registration": key_proofs.text(sign1)},
        by=by,
        now=now,
        evidence=Evidence(sign1=sign1, is_attested=True),
    )


def _account(by: Actor) -> str:
    if by.public_id is None or by.is_operator or by.is_program:
        raise errors.Forbidden("Only a person of this scope has devices here.")
    return str(by.public_id)
