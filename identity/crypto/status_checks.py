"""Whether a credential was taken back, by status lists that somebody brings along."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from identity.crypto import status_list, verifiable_credential
from identity.crypto.errors import (
    CredentialRevoked,
    CredentialStatusUnknown,
    CredentialUntimely,
)
from identity.crypto.json_ld import Canonicalize
from identity.crypto.json_ld_contexts import Contexts
from identity.crypto.status_list import Entry
from identity.crypto.verifiable_credential import Verified
from identity.crypto.verification_methods import Resolve

MOST_STATUSES: Final = 4
STALE: Final = "The status list is out of date. Get it again from its address."


def require_unset(
    verified: Verified,
    lists: Sequence[Mapping[str, Any]],
    *,
    trusted: Collection[str],
    resolve: Resolve,
    contexts: Contexts,
    canonicalize: Canonicalize,
    now: datetime,
) -> None:
    """Refuse a credential whose bit is set in the list that it names.

    A list counts only with the proof of one of `trusted`, under the address that the credential
    names, for the same purpose, and while it is in time. Raises CredentialRevoked,
    CredentialStatusUnknown (with a text of its own for a list that is out of date), what
    `verifiable_credential.verify` raises.
    """
    if len(verified.statuses) > MOST_STATUSES:
        raise CredentialStatusUnknown
    for entry in verified.statuses:
        try:
            found = verifiable_credential.verify(
                _list_of(entry, lists),
                resolve=resolve,
                contexts=contexts,
                canonicalize=canonicalize,
                now=now,
            )
        except CredentialUntimely:
            # Of the list, that is, and not of the credential.
            raise CredentialStatusUnknown(STALE) from None
        # A list with a status of its own would be a chain without an end.
        if found.issuer not in trusted or found.statuses:
            raise CredentialStatusUnknown
        encoded = status_list.encoded_list(found.document, expected=entry)
        if status_list.is_set(encoded, entry.index):
            raise CredentialRevoked


def _list_of(entry: Entry, lists: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for each in lists:
        if each.get("id") == entry.list_url:
            return each
    raise CredentialStatusUnknown
