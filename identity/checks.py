"""System checks: settings that contradict each other. `identity.settings` refuses single mistakes.

Numbers are permanent. Checks look at the settings as Django has them, so they also find what a
settings module of somebody else changed.
"""

import urllib.parse
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from identity.crypto import pkcs11_token
from identity.errors import DomainError
from identity.services import sealing

_POSTGRESQL: Final = "identity.scoping.postgresql"
_SQLITE: Final = "django.db.backends.sqlite3"
_HASHER: Final = "accounts.passwords.Argon2idHasher"

Messages = list[checks.CheckMessage]


@checks.register
def check_settings(**_: Any) -> Messages:
    """Contradictions that are wrong in every mode."""
    return [message for check in _ALWAYS for message in check()]


@checks.register(checks.Tags.security, deploy=True)
def check_deployment(**_: Any) -> Messages:
    """Contradictions that matter where others can reach us: `check --deploy`."""
    return [message for check in _DEPLOYED for message in check()]


def _debug() -> Messages:
    if settings.IS_PRODUCTION and settings.DEBUG:
        return [_error(1, "DEBUG is on in production.", "Take COUNTERSIGN_DEBUG out.")]
    return []


def _database_engine() -> Messages:
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine in {_POSTGRESQL, _SQLITE}:
        return []
    return [
        _error(2, f"{engine} has no second wall.", f"Use {_POSTGRESQL} or {_SQLITE} as ENGINE.")
    ]


def _prepared_statements() -> Messages:
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    is_bound = options.get("server_side_binding") is True
    is_prepared = options.get("prepare_threshold") is not None
    if database["ENGINE"] != _POSTGRESQL or is_bound == is_prepared:
        return []
    return [
        _error(
            3,
            "server_side_binding and prepare_threshold help together or not at all.",
            "Set both in the OPTIONS of the database, or neither.",
        )
    ]


def _sqlite_transactions() -> Messages:
    database = settings.DATABASES["default"]
    mode = database.get("OPTIONS", {}).get("transaction_mode")
    if database["ENGINE"] != _SQLITE or mode == "IMMEDIATE":
        return []
    return [
        _error(
            4,
            "SQLite transactions take their lock too late: writers would fail half-way.",
            'Set OPTIONS["transaction_mode"] = "IMMEDIATE".',
        )
    ]


def _hasher() -> Messages:
    if next(iter(settings.PASSWORD_HASHERS), "") == _HASHER:
        return []
    return [_error(5, "New passwords are not hashed with Argon2id.", f"List {_HASHER} first.")]


def _key_encryption_key() -> Messages:
    if settings.KEK_TOKEN:
        return _token_in_sight(settings.KEK_TOKEN)
    if not settings.KEK_PROVIDER:
        if settings.KEY_ENCRYPTION_KEYS:
            return []
        return [
            _error(
                6, "There is no key-encryption key.", "Set COUNTERSIGN_KEK or COUNTERSIGN_KEK_FILE."
            )
        ]
    try:
        provider = import_string(settings.KEK_PROVIDER)
    except ImportError as error:
        return [_error(7, f"The key-encryption key's provider is missing: {error}.", _PROVIDER)]
    return [] if callable(provider) else [_error(7, "The provider is not callable.", _PROVIDER)]


_PROVIDER: Final = "COUNTERSIGN_KEK_PROVIDER is the dotted path of a callable without arguments."


def _token_in_sight(place: pkcs11_token.Place) -> Messages:
    """Every command asks this, so nobody logs in: wrong PINs would lock the token."""
    try:
        pkcs11_token.look(place)
    except pkcs11_token.Unusable as reason:
        return [_error(12, str(reason), "Look at COUNTERSIGN_PKCS11_MODULE and _TOKEN.")]
    return []


def _sealing_works() -> Messages:
    """Whoever holds the key-encryption key is asked to use it."""
    try:
        sealing.prove()
    except DomainError as error:
        hint = "`manage.py serve` would not start. With a token: are its keys and PIN right?"
        return [_error(13, f"Nothing can be sealed: {error.__cause__ or error}", hint)]
    return []


def _forwarded_scheme() -> Messages:
    if not settings.SECURE_PROXY_SSL_HEADER or settings.TRUSTED_PROXIES:
        return []
    return [
        _error(
            8,
            "A header of the client decides whether a connection counts as secure.",
            "Set COUNTERSIGN_TRUSTED_PROXIES to the number of proxies that overwrite it.",
        )
    ]


def _own_address() -> Messages:
    host = urllib.parse.urlsplit(settings.BASE_URL).hostname or ""
    allowed = settings.ALLOWED_HOSTS
    if "*" in allowed or any(
        host == name or (name.startswith(".") and f".{host}".endswith(name)) for name in allowed
    ):
        return []
    return [
        _error(
            9,
            f"Our own address {settings.BASE_URL} is not among the allowed hosts.",
            f"Add {host} to COUNTERSIGN_ALLOWED_HOSTS.",
        )
    ]


def _separate_secrets() -> Messages:
    keys = {key.hex() for key in settings.KEY_ENCRYPTION_KEYS}
    if len(keys) == len(settings.KEY_ENCRYPTION_KEYS):
        return []
    return [_error(10, "A key-encryption key is listed twice.", "List each key once.")]


def _queue_of_outside_calls() -> Messages:
    backend = settings.TASKS["default"]["BACKEND"]
    if not (settings.IS_PRODUCTION and backend.endswith((".ImmediateBackend", ".DummyBackend"))):
        return []
    return [
        _error(
            11,
            "Mail would be sent inside requests, or never.",
            "Use django_tasks_db.DatabaseBackend in TASKS.",
        )
    ]


def _mail_in_production() -> Messages:
    if not (settings.IS_PRODUCTION and settings.EMAIL_BACKEND.endswith("console.EmailBackend")):
        return []
    return [
        checks.Info(
            "Mail goes to the log: nobody learns of a stolen invitation.",
            hint="Set EMAIL_URL.",
            id="countersign.I001",
        )
    ]


_ALWAYS: Final[Sequence[Callable[[], Messages]]] = (
    _debug,
    _database_engine,
    _prepared_statements,
    _sqlite_transactions,
    _hasher,
    _key_encryption_key,
    _forwarded_scheme,
    _own_address,
    _separate_secrets,
    _queue_of_outside_calls,
)
_DEPLOYED: Final[Sequence[Callable[[], Messages]]] = (_mail_in_production, _sealing_works)


def _error(number: int, message: str, hint: str) -> checks.CheckMessage:
    return checks.Error(message, hint=hint, id=f"countersign.E{number:03}")
