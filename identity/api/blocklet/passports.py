"""Role credentials as this protocol's passports: made for who holds them, told, and shown back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from accounts.queries import profiles
from accounts.queries.profiles import RoleCredentialRow
from accounts.services import role_credentials
from identity import queries as ground
from identity.api.blocklet import application
from identity.api.blocklet.route import Asked
from identity.api.blocklet.sent import ROOT
from identity.crypto import role_credential, strict_json
from identity.crypto.errors import CredentialInvalid, EnvelopeMalformed
from identity.errors import Missing
from sessions_app.services import tokens

TYPE: Final = "NFTPassport"
CONTEXT: Final = "https://schema.arcblock.io/v0.1/context.jsonld"
VERSION: Final = "1.0.0"


def own(user_id: UUID, credential_id: str, *, now: datetime) -> RoleCredentialRow:
    """The credential of this id that gives the user a role now. Raises Missing."""
    held = profiles.role_credentials(user_id, now=now)
    found = next((each for each in held if each.credential_id == credential_id), None)
    if found is None:
        raise Missing("You have no such passport.")
    return found


def issuers(*, now: datetime) -> list[str]:
    """Whose passports are taken: the application's, under its first and its present key."""
    mine = application.identity(now=now)
    return list(dict.fromkeys([mine.did, mine.permanent]))


def presented(text: Any, *, challenge: str, holder: str, asked: Asked) -> str:
    """The id of the one passport that its holder presents over a challenge. Raises Missing.

    What is still valid is asked of the rows, and nothing of the document.
    """
    try:
        shown = strict_json.decode(text.encode()) if isinstance(text, str) else text
        (credential,) = role_credential.verify_presentation(
            shown if isinstance(shown, dict) else {},
            expected_challenge=challenge,
            trusted_issuers=issuers(now=asked.now),
            now=asked.now,
        )
    except (CredentialInvalid, EnvelopeMalformed, ValueError):
        raise Missing("This passport is not valid here.") from None
    if credential.holder != holder or TYPE not in credential.types:
        raise Missing("This passport is not valid here.")
    return credential.id


def document(row: RoleCredentialRow, asked: Asked) -> dict[str, Any]:
    """The passport as wallets keep it: the same id, role and holder, signed by the application."""
    holder = row.document["credentialSubject"]["id"]
    subject = {
        "id": holder,
        "passport": {
            "specVersion": VERSION,
            "name": row.role,
            "title": row.title or row.role,
        },
        "display": {"type": "url", "content": f"{tokens.issuer(asked.slug)}/favicon.ico"},
    }
    status = f"{tokens.issuer(asked.slug)}{ROOT}/api/passport/status"
    more: dict[str, Any] = {
        "@context": [CONTEXT],
        "id": row.credential_id,
        "credentialStatus": {
            "id": f"{status}?vcId={row.credential_id}&userDid={holder}",
            "type": "NFTStatusList2021",
            "scope": "public",
        },
    }
    if row.expires_at is not None:
        more["expirationDate"] = role_credential.moment_text(row.expires_at)
    return role_credential.issue(
        subject,
        types=[TYPE],
        signer=role_credentials.signer(now=asked.now),
        issuer_name=ground.scope().name,
        now=asked.now,
        proof_id=uuid4(),
        more=more,
    )


def status(row: RoleCredentialRow, *, is_over: bool, asked: Asked) -> dict[str, Any]:
    """What anybody who was shown a passport may ask about it, signed by the application."""
    word = "valid"
    if is_over:
        word = "revoked"
    elif row.expires_at is not None and row.expires_at <= asked.now:
        word = "expired"
    claim = {
        "type": "text",
        "name": "passport-status",
        "label": "Status",
        "value": word,
        "reason": "",
    }
    return {
        "id": row.credential_id,
        "statusList": [_claimed(claim, asked)],
        "actionList": [],
    }


def _claimed(claim: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    return role_credential.sign_claim(
        claim,
        signer=role_credentials.signer(now=asked.now),
        issuer_name=ground.scope().name,
        now=asked.now,
        proof_id=uuid4(),
    )
