"""The events that the audit record knows, by noun: what can be chosen and subscribed to."""

from collections.abc import Mapping, Sequence
from typing import Final

_TEXTS: Final[Mapping[str, str]] = {
    "api-key": "created edited revoked",
    "application": "created deleted edited",
    "audit": "exported verified",
    "developer-key": "added revoked",
    "device": "keys-rotated registered renamed resumed revoked suspended verified",
    "did": "added deactivated failed published withdrawn",
    "email": "verified",
    "external-identity": "linked unlinked",
    "group": "created deleted edited member-added member-removed",
    "invitation": "issued locked pending refused revoked used used-again",
    "invitation-batch": "confirmed discarded links-taken uploaded",
    "lambda": "created disabled removed",
    "ledger-account": "given kept",
    "managed-key": "created signature-read signed",
    "one-time-password": "begun removed reset set",
    "operator": "added",
    "owner": "invited recovered",
    "passkey": "added count-regressed removed renamed",
    "password": "changed removed reset set",
    "policy": "created deleted edited",
    "profile": "edited made",
    "proposal": "cancelled created executed expired failed outcome-read rejected stale",
    "provider": "created deleted disabled edited enabled",
    "recipient": "created deleted edited",
    "recipient-group": "created deleted edited recipient-added recipient-removed",
    "recovery-code": "used",
    "recovery-codes": "renewed",
    "role": "created deleted edited granted withdrawn",
    "role-credential": "issued revoked",
    "rule": "created deleted edited",
    "scope": "activated created host-added host-removed offer-taken offered renamed"
    " settings-changed suspended",
    "sealed-values": "resealed",
    "server-key": "made retired rotated",
    "session": "ended proven-again refresh-reused role-switched started",
    "staff": "added admitted dismissed signed-in",
    "user": "activated created deleted disabled edited enabled followed invited joined locked"
    " signed-out unfollowed",
    "vote": "approve-cast reject-cast retracted",
    "wallet": "added removed",
    "webhook": "created deleted edited pinged replayed switched-off",
    "webhook-key": "created rotated",
}
EVENTS: Final[Mapping[str, Sequence[str]]] = {
    noun: tuple(f"{noun}.{verb}" for verb in verbs.split()) for noun, verbs in _TEXTS.items()
}
"""Names by noun; tests/unit/identity/services/test_event_names.py compares them with the code."""
SUBJECTS: Final[Sequence[str]] = (
    "user",
    "device",
    "invitation",
    "invitation-batch",
    "proposal",
    "policy",
    "role",
    "rule",
    "group",
    "recipient",
    "recipient-group",
    "webhook",
    "webhook-key",
    "provider",
    "application",
    "server-key",
    "session",
    "api-key",
    "developer-key",
    "wallet",
    "passkey",
    "managed-key",
    "did",
    "lambda",
    "ledger-account",
    "scope",
    "scope-offer",
    "audit-check",
)
"""What events are about. Listed here: asking a long record for its kinds is slow."""
