"""Steps of an onboarding that publish: the DID, the credential, a registry's schemas and roles."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from accounts import ledger
from accounts.ledger import Receipt, Refused, messages
from accounts.services import credentials, dids
from accounts.services.onboarding_case import Case

Made = Mapping[str, Any]
_TYPES: Final = {True: "StandardRegistry", False: "User"}


def announce(case: Case, message: Callable[[str], bytes]) -> None:
    """Tell the whole network, where it has a topic for that."""
    topic_id = ledger.announcement_topic()
    if topic_id:
        _submit(case, "announcement", topic_id, message, signer=case.signer)


# 5. Publish DID document


def store_did(case: Case, now: datetime) -> None:
    """Store the DID, made here or brought along, with its keys."""
    case.did = dids.store_ledger_did(
        user=case.user,
        seed=case.seed,
        network=case.ledger.network,
        topic_id=case.outcome(4, "topic"),
        custom_document=case.secrets.did_document,
        custom_keys=list(case.secrets.did_keys) or None,
        by=case.by,
        now=now,
    )


def publish_did(case: Case) -> Made:
    """Put the DID's document where it can be read, and point to it in the topic.

    What the ledger refuses for ever leaves the DID unpublished: the user goes on without.
    """
    document, topic_id = case.did, case.outcome(4, "topic")
    try:
        cid = case.ledger.put(document.body.encode())
        receipt = _submit(
            case,
            "message",
            topic_id,
            lambda transaction_id: messages.did(
                transaction_id, did=document.did, cid=cid, account_id=case.account.account_id
            ),
        )
    except Refused:
        return {"did": document.did, "message": ""}
    return {"did": document.did, "message": receipt.timestamp}


def keep_did(case: Case, made: Made, now: datetime) -> Made:
    """Note how publishing went."""
    if made["message"]:
        dids.note_published(did_document=case.did, message_id=made["message"], by=case.by, now=now)
    else:
        dids.note_failed(did_document=case.did, by=case.by, now=now)
    return made


# 6. Publish schemas


def schema_calls(case: Case) -> tuple[str, ...]:
    """One call for each schema."""
    del case
    return messages.SCHEMAS


def publish_schemas(case: Case) -> Made:
    """The schemas of the documents that this registry's topic will hold."""
    for entity in messages.SCHEMAS:
        _publish_schema(case, entity)
    return {"schemas": len(messages.SCHEMAS)}


def _publish_schema(case: Case, entity: str) -> None:
    cid = case.ledger.put(messages.content(messages.schema_of(entity)))
    _submit(
        case,
        entity,
        case.outcome(4, "topic"),
        lambda transaction_id: messages.schema(
            transaction_id, entity=entity, cid=cid, account_id=case.account.account_id
        ),
    )


# 7. Publish credential


def has_credential(case: Case) -> bool:
    """Whether there is anything to say about the user."""
    return case.secrets.fields is not None


def credential_id(onboarding_id: UUID) -> UUID:
    """The id of the one credential that an onboarding issues."""
    return uuid5(onboarding_id, "credential")


def issue_credential(case: Case, now: datetime) -> None:
    """Issue it with the new DID's key."""
    key = dids.signing_key(case.did)
    case.credential = credentials.issue_about(
        subject=case.user,
        issuer_did=case.did.did,
        signing_seed=key.seed,
        verification_method=key.verification_method,
        fields=case.secrets.fields or {},
        type_name=_TYPES[case.is_registry],
        credential_id=credential_id(case.row.id),
        by=case.by,
        now=now,
    )
    # A repeat by whoever reads it later must have the same bytes.
    case.credential.document_1_1 = credentials.stored_1_1(case.credential)


def publish_credential(case: Case) -> Made:
    """Point to the credential in the topic.

    What the ledger refuses for ever leaves it unpublished; it counts all the same.
    """
    topic_id, did, issued = case.outcome(4, "topic"), case.did, case.credential
    try:
        cid = case.ledger.put(messages.content(issued.document_1_1))
        receipt = _submit(
            case,
            "message",
            topic_id,
            lambda transaction_id: messages.credential(
                transaction_id, issuer=did.did, cid=cid, account_id=case.account.account_id
            ),
        )
    except Refused:
        return {"message": ""}
    return {"message": receipt.timestamp}


def keep_credential(case: Case, made: Made, now: datetime) -> Made:
    """Note how publishing went."""
    issued = case.credential
    if made["message"]:
        credentials.note_published(
            credential=issued,
            topic_id=case.outcome(4, "topic"),
            message_id=made["message"],
            by=case.by,
            now=now,
        )
    else:
        credentials.note_failed(credential=issued, by=case.by, now=now)
    return made


# 9. Create roles


def role_calls(case: Case) -> tuple[str, ...]:
    """One call for each role."""
    del case
    return messages.ROLES


def publish_roles(case: Case) -> Made:
    """The roles that a registry begins with."""
    for name in messages.ROLES:
        _publish_role(case, name)
    return {"roles": len(messages.ROLES)}


def _publish_role(case: Case, name: str) -> None:
    did = case.outcome(5, "did")
    cid = case.ledger.put(messages.content({"name": name, "owner": did, "permissions": []}))
    _submit(
        case,
        name,
        case.outcome(4, "topic"),
        lambda transaction_id: messages.role(
            transaction_id, name=name, issuer=did, cid=cid, account_id=case.account.account_id
        ),
    )


def _submit(
    case: Case, name: str, topic_id: str, message: Callable[[str], bytes], signer: Any = None
) -> Receipt:
    return case.call(
        name,
        lambda transaction_id: case.ledger.submit_message(
            transaction_id=transaction_id,
            topic_id=topic_id,
            message=message(transaction_id),
            signer=signer or case.publisher,
        ),
    )
