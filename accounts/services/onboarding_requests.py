"""What is asked for when somebody is to be onboarded, and what can be refused before any work."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from django.db import connection

from accounts import onboarding_errors as refusals
from accounts.errors import NameTaken
from accounts.ledger import AccountTaken, remote_signing
from accounts.models import LedgerAccount, Onboarding, RegistryMembership, User
from accounts.models.onboarding import OPEN_STATES
from accounts.models.user import fold
from accounts.onboarding_secrets import Secrets
from accounts.services import credential_fields, fields, passwords, registries
from identity import errors
from identity.crypto import ed25519
from identity.scoping import current, prepared, statements
from identity.services import scopes

Role = RegistryMembership.Role

MOST_DOCUMENT_BYTES: Final = 65_536
MOST_KEYS: Final = 16
_ACCOUNT_ID: Final = re.compile(
    r"(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})", re.ASCII
)
# RFC 8410 §7: an Ed25519 key of 32 bytes in PKCS #8 always begins like this.
_KEY: Final = re.compile(r"(?:302e020100300506032b657004220420)?([0-9a-f]{64})", re.ASCII)
_HOLD: Final = "SELECT 1 FROM identity_scope WHERE id = %s FOR NO KEY UPDATE"
_NAMED_SO: Final = prepared.prepare(
    lambda name: User.objects.filter(username_folded=name).values_list("id")[:1], "name"
)
_TO_BE_NAMED_SO: Final = prepared.prepare(
    lambda name: Onboarding.objects.filter(username_folded=name, state__in=OPEN_STATES).values_list(
        "id"
    )[:1],
    "name",
)
_REMOTE: Final = ("vault_id", "asset_id", "api_key", "private_key")


@dataclass(frozen=True, slots=True)
class Request:
    """A user to be made, or (without user name and password) one to be connected.

    `parent` is the user name of a registry. `fields` are the subject's of the credential that the
    user issues about itself; `did_document` with `did_keys` (`id` and `key` each) replaces the one
    that would be made. `remote_signing` holds `vault_id`, `asset_id`, `api_key` and `private_key`
    of a signer elsewhere and counts where `uses_remote_signing` says so.
    """

    role: str
    username: str = ""
    password: str = field(default="", repr=False)
    parent: str = ""
    account_id: str = ""
    account_key: str = field(default="", repr=False)
    fields: Mapping[str, Any] | None = field(default=None, repr=False)
    did_document: Mapping[str, Any] | None = field(default=None, repr=False)
    did_keys: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    uses_remote_signing: bool = False
    remote_signing: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that may be kept: nothing in it was wrong at the time."""

    username: str
    role: str
    parent: User | None
    secrets: Secrets = field(repr=False)


def check_new(request: Request) -> Checked:
    """A request for a new user, its password hashed: the one slow part, and the last.

    Checks in the order of the refusals: `Invalid` (role, sizes), `AccountIdInvalid`,
    `AccountKeyInvalid`, `ParentRequired`, `ParentUnknown`, `ParentNotReady`, `NameTaken`,
    `AccountTaken`, `RemoteSigningIncomplete`, `RemoteAccountRequired`; then `PasswordUnfit` and
    `Busy` of `accounts.errors`.
    """
    _check_shapes(request)
    seed = _seed(request)
    parent = _parent(request)
    username = fields.new_username(request.username)
    require_free(username)
    _check_account(request.account_id)
    _check_remote(request)
    verifier = passwords.make_verifier(request.password)
    return Checked(username, request.role, parent, _secrets(request, seed, verifier))


def check_connect(request: Request, membership: RegistryMembership | None) -> Checked:
    """A request for somebody who has an account here. Raises as `check_new`, `AlreadyOnboarded`."""
    _check_shapes(request)
    seed = _seed(request)
    if membership is None or membership.role != request.role:
        raise errors.Conflict("This user has another part in the registries of this scope.")
    if membership.did is not None:
        raise refusals.AlreadyOnboarded
    parent = _parent(request)
    _check_account(request.account_id)
    _check_remote(request)
    return Checked("", request.role, parent, _secrets(request, seed, ""))


def hold_names() -> None:
    """From here to the end of the transaction nobody else gives a name in the scope in force."""
    if connection.vendor == "postgresql":
        # SQLite has one writer at a time.
        statements.later(_HOLD, [current.required_scope()])


def require_free(username: str) -> None:
    """Refuse a name that a user has, or an onboarding that has not ended. Raises `NameTaken`."""
    folded = fold(username)
    if _NAMED_SO.rows(name=folded) or _TO_BE_NAMED_SO.rows(name=folded):
        raise NameTaken("This user name is taken.")


def read_key(text: str) -> str:
    """The seed of an Ed25519 key in hex, from raw hex or DER in hex. Raises `AccountKeyInvalid`."""
    found = _KEY.fullmatch(text.strip().lower())
    if found is None:
        raise refusals.AccountKeyInvalid
    return found[1]


def _check_shapes(request: Request) -> None:
    if request.role not in {Role.STANDARD_REGISTRY, Role.USER}:
        raise errors.Invalid("role is STANDARD_REGISTRY or USER.", field="role")
    for name, value in (("fields", request.fields), ("did_document", request.did_document)):
        if value is not None and _size(value, name) > MOST_DOCUMENT_BYTES:
            raise errors.Invalid(f"{name} has at most {MOST_DOCUMENT_BYTES} bytes.", field=name)
    if request.fields is not None:
        credential_fields.checked(request.fields)
    if len(request.did_keys) > MOST_KEYS or _size(request.did_keys, "did_keys") > 16_384:
        raise errors.Invalid(f"There are at most {MOST_KEYS} keys.", field="did_keys")


def _size(value: Any, name: str) -> int:
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        raise errors.Invalid(f"{name} can't be stored.", field=name) from None


def _seed(request: Request) -> str:
    account_id, key = request.account_id.strip(), request.account_key.strip()
    if key and not _ACCOUNT_ID.fullmatch(account_id):
        raise refusals.AccountIdInvalid
    if account_id and not _ACCOUNT_ID.fullmatch(account_id):
        raise refusals.AccountIdInvalid
    if account_id:
        return read_key(key)
    return ed25519.private_bytes(ed25519.generate()).hex()


def _parent(request: Request) -> User | None:
    if request.role != Role.USER:
        return None
    return registries.named(request.parent).user


def _check_account(account_id: str) -> None:
    """Refuse an account that another user of the scope has."""
    taken = LedgerAccount.objects.filter(account_id=account_id.strip(), user__isnull=False)
    if account_id and taken.exists():
        raise AccountTaken


def _check_remote(request: Request) -> None:
    if not request.uses_remote_signing:
        return
    given = request.remote_signing or {}
    if not all(given.get(name) for name in _REMOTE):
        raise refusals.RemoteSigningIncomplete
    try:
        remote_signing.parse(given)
    except errors.Invalid:
        raise refusals.RemoteSigningIncomplete from None
    if not request.account_id.strip():
        raise refusals.RemoteAccountRequired


def _secrets(request: Request, seed: str, verifier: str) -> Secrets:
    return Secrets(
        verifier=verifier,
        seed=seed,
        account_id=request.account_id.strip(),
        fields=request.fields,
        did_document=request.did_document,
        did_keys=list(request.did_keys),
        remote_signing=request.remote_signing if request.uses_remote_signing else None,
        opening_balance=scopes.settings().opening_balance,
    )


def due_now(now: datetime) -> dict[str, Any]:
    """The columns of an onboarding that any worker may take from now on."""
    return {
        "state": Onboarding.State.QUEUED,
        "next_attempt_at": now,
        "lease_until": None,
        "lease_holder": "",
        "attempts": 0,
        "outages": 0,
        "ended_at": None,
        "error": "",
        "reason": "",
        "error_code": "",
    }
