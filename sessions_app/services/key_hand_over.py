"""An access key for a program that waits: made by who is signed in, sealed for the program."""

from datetime import datetime
from typing import Final

from django.db import transaction

from identity.actor import Actor
from identity.crypto import base64url, sealed_box
from identity.errors import Forbidden
from identity.services import access_keys, audit
from identity.services.access_keys import Minted, Wanted
from sessions_app.errors import ChallengeRefused
from sessions_app.services import exchanges
from sessions_app.services.exchanges import Exchanged

ACTION: Final = "access-key"


def authorize(found: Exchanged, wanted: Wanted, *, by: Actor, now: datetime) -> Minted:
    """Make the key for the program that began; once, and only for that program to read.

    Who knows the exchange's token sees nothing but ciphertext. Raises ChallengeRefused.
    """
    if wanted.user_id != by.user_id:
        raise Forbidden("A key is made for the own account.")
    if not found.sealed_for:
        raise ChallengeRefused
    with transaction.atomic(), audit.gathered():
        exchanges.approve(found, now=now)
        minted = access_keys.mint(wanted, by=by, now=now)
        sealed = sealed_box.seal(minted.secret.encode(), found.sealed_for)
        told = {"key_id": minted.key_id, "expires_at": minted.expires_at.isoformat()}
        exchanges.note(found, {**told, "sealed": base64url.encode(sealed)})
    return minted
