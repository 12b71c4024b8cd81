"""Onboarding somebody in one call, and connecting oneself: what is asked for becomes a task."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from accounts import onboarding_errors as refusals
from accounts.errors import NameTaken
from accounts.ledger.errors import AccountTaken
from accounts.services import onboardings
from accounts.services.onboardings import Request
from identity.api.guardian import replies, task_outputs
from identity.api.guardian.endpoints.accounts import MISMATCH, TAKEN
from identity.api.guardian.errors import Told
from identity.api.guardian.inputs import Body
from identity.api.guardian.route import REGISTRY_OR_DEMO, SELF, Asked, Route
from identity.errors import DomainError, Forbidden
from identity.web.lane import Answer
from invitations.services import governed_onboardings

_FIELDS: Final = {"fields": "vcDocument", "did_document": "didDocument", "did_keys": "didKeys"}
_SIZES: Final = " is too large"


class DidKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The private key of one method of a custom DID document."""

    id: str
    key: str


class Fireblocks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signer elsewhere. The private key's misspelt name is the one that clients send."""

    vault_id: str = msgspec.field(name="fireBlocksVaultId", default="")
    asset_id: str = msgspec.field(name="fireBlocksAssetId", default="")
    api_key: str = msgspec.field(name="fireBlocksApiKey", default="")
    misspelt_key: str = msgspec.field(name="fireBlocksPrivateiKey", default="")
    private_key: str = msgspec.field(name="fireBlocksPrivateKey", default="")

    def told(self) -> Mapping[str, str]:
        """In our words."""
        return {
            "vault_id": self.vault_id,
            "asset_id": self.asset_id,
            "api_key": self.api_key,
            "private_key": self.misspelt_key or self.private_key,
        }


class Connecting(Body, frozen=True, kw_only=True):
    """`PUT profiles/{username}`, also with `push`: what of the ledger there is already."""

    parent: str | None = None
    account_id: str | None = msgspec.field(name="hederaAccountId", default=None)
    account_key: str | None = msgspec.field(name="hederaAccountKey", default=None)
    fields: dict[str, Any] | None = msgspec.field(name="vcDocument", default=None)
    did_document: dict[str, Any] | None = msgspec.field(name="didDocument", default=None)
    did_keys: list[DidKey] | None = msgspec.field(name="didKeys", default=None)
    uses_remote: bool | None = msgspec.field(name="useFireblocksSigning", default=None)
    remote: Fireblocks | None = msgspec.field(name="fireblocksConfig", default=None)

    def request(self, role: str, **more: str) -> Request:
        """In our words."""
        return Request(
            role=role,
            parent=self.parent or "",
            account_id=self.account_id or "",
            account_key=self.account_key or "",
            fields=self.fields,
            did_document=self.did_document,
            did_keys=_keys(self.did_keys or ()),
            uses_remote_signing=bool(self.uses_remote),
            remote_signing=self.remote.told() if self.remote else None,
            **more,
        )


class Onboarding(Connecting, frozen=True, kw_only=True):
    """`POST accounts/push/onboard`."""

    username: str
    password: str
    password_confirmation: str
    role: Literal["STANDARD_REGISTRY", "USER"]


def onboard(asked: Asked) -> Answer:
    """A task that makes the user with a ledger account, a DID and keys."""
    body = asked.body
    if body.password != body.password_confirmation:
        raise Told([MISMATCH], status=400)
    request = body.request(body.role, username=body.username, password=body.password)
    try:
        begun = governed_onboardings.start(request=request, by=asked.actor, now=asked.now)
    except DomainError as refusal:
        raise _in_their_words(refusal, body.parent, body.username) from None
    by = asked.known.actor.public_id if asked.known else None
    return replies.json(task_outputs.begun(begun.onboarding.id, "onboard", by), status=202)


def connect(asked: Asked) -> Answer:
    """The caller's own account gets what the ledger holds; the task tells how far that is."""
    task = _connected(asked)
    told = task_outputs.begun(task.id, "connect", asked.caller.actor.public_id)
    return replies.json(told, status=202)


def connect_silently(asked: Asked) -> Answer:
    """As `connect`; the profile tells how far it is."""
    _connected(asked)
    return replies.nothing()


def _connected(asked: Asked) -> Any:
    caller, body = asked.caller, asked.body
    if asked.ids["username"] != caller.member.username:
        raise Forbidden
    try:
        return onboardings.connect(
            request=body.request(caller.member.role), by=caller.actor, now=asked.now
        )
    except DomainError as refusal:
        raise _in_their_words(refusal, body.parent, caller.member.username) from None


def _keys(given: Sequence[DidKey]) -> Sequence[Mapping[str, str]]:
    return [{"id": each.id, "key": each.key} for each in given]


def _in_their_words(refusal: DomainError, parent: str | None, username: str) -> Exception:
    """A refusal in the words of clients, which never repeat a secret."""
    named = (parent or "").strip()[:254]
    if isinstance(refusal, NameTaken):
        return Told(TAKEN.format(username[:254]), status=409)
    told = _TOLD.get(type(refusal))
    if told is not None:
        return Told(told[1].format(named), status=told[0])
    name = _FIELDS.get(str(refusal.facts.get("field", "")))
    return Told([f"{name}{_SIZES}"], status=400) if name else refusal


_TOLD: Final[Mapping[type[DomainError], tuple[int, str]]] = {
    refusals.AccountIdInvalid: (
        422,
        "Invalid hederaAccountId format: three numbers with dots between them, such as 0.0.4532001",
    ),
    refusals.AccountKeyInvalid: (
        422,
        "Invalid hederaAccountKey format: an Ed25519 private key as 64 hex digits, or DER in hex",
    ),
    refusals.ParentRequired: (400, "parent is required for the role USER"),
    refusals.ParentUnknown: (400, "Standard Registry '{}' not found"),
    refusals.ParentNotReady: (400, "Standard Registry '{}' is not set up yet"),
    AccountTaken: (409, "This hederaAccountId belongs to another user"),
    refusals.RemoteSigningIncomplete: (
        400,
        "fireblocksConfig is required with all of its fields (its key in PEM) for Fireblocks",
    ),
    refusals.RemoteAccountRequired: (
        400,
        "hederaAccountId and hederaAccountKey are required when useFireblocksSigning is true",
    ),
}

ROUTES: Final = (
    Route(
        "POST",
        "/accounts/push/onboard",
        REGISTRY_OR_DEMO,
        onboard,
        body=Onboarding,
        malformed=400,
    ),
    Route("PUT", "/profiles/push/{username}", SELF, connect, body=Connecting),
    Route("PUT", "/profiles/{username}", SELF, connect_silently, body=Connecting),
)
