"""Custom DID documents and their keys, looked at before somebody is onboarded with them."""

from typing import Any, Final

from identity.api.guardian import replies
from identity.api.guardian.errors import Told
from identity.api.guardian.route import SELF, Asked, Route
from identity.crypto import custom_did
from identity.crypto.custom_did import Method
from identity.crypto.errors import DidDocumentRefused
from identity.web.lane import Answer
from identity.web.limits import Rate

_tries: Final = Rate("did-keys", count=20, seconds=60)
"""Each key is a multiplication on a large curve."""


def validate_document(asked: Asked) -> Answer:
    """Whether a document would be taken, why not, and which keys it takes."""
    if not asked.given:
        raise Told("Body is empty", status=422)
    verdict = custom_did.document_keys(asked.given)
    return replies.json(
        {
            "valid": verdict.is_valid,
            "error": verdict.error,
            "keys": {
                kind: [_method(each) for each in found] for kind, found in verdict.keys.items()
            },
        }
    )


def validate_keys(asked: Asked) -> Answer:
    """Whether each key is its method's private key; no key is sent back."""
    given = asked.given or {}
    document, keys = given.get("document"), given.get("keys")
    if not document:
        raise Told("Document is empty", status=422)
    if not keys:
        raise Told("Keys is empty", status=422)
    _tries.hit(str(asked.caller.user_id), now=int(asked.now.timestamp()))
    try:
        verdicts = custom_did.key_verdicts(document, keys)
    except DidDocumentRefused as refusal:
        raise Told(refusal.detail, status=422) from None
    return replies.json([{"id": each.id, "valid": each.is_valid} for each in verdicts])


def _method(found: Method) -> dict[str, Any]:
    return {"name": found.name, "id": found.id}


ROUTES: Final = (
    Route("POST", "/profiles/did-document/validate", SELF, validate_document, takes_json=True),
    Route("POST", "/profiles/did-keys/validate", SELF, validate_keys, takes_json=True),
)
