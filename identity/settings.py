"""Settings of the deployment, all from the environment; docs/operating.md describes each.

Development is the default mode and needs nothing. Production is closed by default: it starts only
when its secrets, its address and its database are given.
"""

import base64
import secrets
import urllib.parse
from pathlib import Path
from typing import Any

import dj_database_url

from identity import home, ledger_environment, logs, sealing_environment
from identity.crypto.pkcs11_token import Place
from identity.environment import Environment
from identity.program_environment import read as read_programs

_environment = Environment()
_env = _environment.env
_read = _environment.read

ROOT = Path(__file__).resolve().parent.parent

MODE = _environment.choice("COUNTERSIGN_MODE", "development", ("development", "production"))
IS_PRODUCTION = MODE == "production"
DEBUG = _read(_env.bool, "COUNTERSIGN_DEBUG", default=False, advice="true or false")
if DEBUG and IS_PRODUCTION:
    _environment.mistake("COUNTERSIGN_DEBUG", "must not be set in production: take it out.")
    DEBUG = False

HOME = Path(_environment.values.get("COUNTERSIGN_HOME") or ROOT / "var").resolve()

# --- Secrets ---------------------------------------------------------------------------------

SECRET_KEY = _environment.secret(
    "COUNTERSIGN_SECRET_KEY",
    None
    if IS_PRODUCTION
    else lambda: home.secret(HOME / home.SECRET_KEY_FILE, lambda: secrets.token_urlsafe(64)),
    "Set it to at least 50 random characters (openssl rand -base64 48), or set COUNTERSIGN_HOME "
    "to a folder that can be written in development.",
)
if SECRET_KEY and len(SECRET_KEY) < 50:  # Django's own measure, security.W009
    _environment.mistake("COUNTERSIGN_SECRET_KEY", "is too short: use at least 50 characters.")
SECRET_KEY_FALLBACKS: list[str] = _read(
    _env.list, "COUNTERSIGN_OLD_SECRET_KEYS", [], "older keys, separated by commas"
)

_sealing = sealing_environment.read(_environment, HOME, is_production=IS_PRODUCTION)
# A dotted path to a callable that returns an identity.crypto.sealing.KeyEncryptionKey, or "".
KEK_PROVIDER: str = _sealing.provider
# Where a PKCS #11 token is that holds the keys, or None.
KEK_TOKEN: Place | None = _sealing.token
# Keys of 32 bytes held in this process. The first one seals if nobody else does; all of them open.
KEY_ENCRYPTION_KEYS: tuple[bytes, ...] = _sealing.keys

# --- Addresses -------------------------------------------------------------------------------

LISTEN_HOST: str = _environment.values.get("HOST") or "127.0.0.1"
LISTEN_PORT: int = _environment.between("PORT", 8000, 1, 65535)
SOCKET_PORT: int = _environment.between("SOCKET_PORT", (LISTEN_PORT + 1) % 65536, 0, 65535)
WEB_WORKERS: int = _environment.between("COUNTERSIGN_WORKERS", 0, 0, 256)  # 0: one for each core
WEB_THREADS: int = _environment.between("COUNTERSIGN_THREADS", 4, 1, 64)
TRUSTED_PROXIES: int = _environment.between("COUNTERSIGN_TRUSTED_PROXIES", 0, 0, 8)
# How many envelopes a minute one client address and one device may send to one worker; 0: any.
REQUESTS_PER_ADDRESS: int = _environment.between(
    "COUNTERSIGN_REQUESTS_PER_ADDRESS", 6000, 0, 1_000_000
)
REQUESTS_PER_DEVICE: int = _environment.between(
    "COUNTERSIGN_REQUESTS_PER_DEVICE", 3000, 0, 1_000_000
)
# The scope of addresses that name none; in development the demo scope.
DEFAULT_SCOPE: str = _environment.values.get(
    "COUNTERSIGN_DEFAULT_SCOPE", "" if IS_PRODUCTION else "acme"
)
# Who may make a scope with a key of their own: anybody, holders of an invitation, or nobody.
SCOPE_CREATION: str = _environment.choice(
    "COUNTERSIGN_SCOPE_CREATION",
    "closed" if IS_PRODUCTION else "open",
    ("open", "invitation", "closed"),
)
BRIDGE_INITIALIZATION_TOKEN, BRIDGE_CORS = read_programs(_environment)
SHOWN_HOST: str = _environment.shown_host(LISTEN_HOST)
# Every absolute address that we hand out starts with this one; none is made of a Host header.
BASE_URL: str = _environment.address(
    "COUNTERSIGN_URL",
    "" if IS_PRODUCTION else f"http://{SHOWN_HOST}:{LISTEN_PORT}",
    is_secure=IS_PRODUCTION,
)
ALLOWED_HOSTS: list[str] = _read(
    _env.list, "COUNTERSIGN_ALLOWED_HOSTS", [], "host names, separated by commas"
)
if "*" in ALLOWED_HOSTS and IS_PRODUCTION:
    _environment.mistake("COUNTERSIGN_ALLOWED_HOSTS", "must not be “*” in production: name them.")
_base_host = urllib.parse.urlsplit(BASE_URL).hostname or ""
if not ALLOWED_HOSTS:
    ALLOWED_HOSTS = [_base_host, *([] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])]
ROOT_URLCONF = "identity.urls"
LOGIN_URL = LOGIN_REDIRECT_URL = "/admin/"
WSGI_APPLICATION = "identity.wsgi.application"
STAFF_ONE_TIME_PASSWORDS = _read(_env.bool, "COUNTERSIGN_STAFF_OTP", IS_PRODUCTION, "true or false")
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- Database --------------------------------------------------------------------------------

if IS_PRODUCTION and not _environment.values.get("DATABASE_URL"):
    _environment.mistake(
        "DATABASE_URL",
        "is missing. Set it to postgres://user:password@host/name, or to "
        "sqlite:////absolute/path.sqlite3 if one machine is enough.",
    )
_database = _environment.parsed(
    "DATABASE_URL",
    f"sqlite:///{HOME if IS_PRODUCTION else home.made(HOME)}/countersign.sqlite3",
    lambda url: {**dj_database_url.parse(url, conn_max_age=600)},
    "postgres://user:password@host/name or sqlite:////absolute/path.sqlite3",
)
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        # A writer takes its lock when its transaction begins, so two never find out too late.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: what was answered is on the disk, even when the power fails.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["ENGINE"] = "identity.scoping.postgresql"
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        # Both together let PostgreSQL keep a statement's plan; either alone does nothing.
        "server_side_binding": True,
        "prepare_threshold": 1,
    }
else:
    _environment.mistake("DATABASE_URL", "names an unknown kind: use postgres: or sqlite:.")
DATABASES = {"default": _database}

# --- Rooms -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "identity",  # first: one of its static files stands in the place of one of unfold's
    "unfold.apps.BasicAppConfig",  # before Django's admin, whose templates it replaces
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py loads the admin, commands do not
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "identity.web",
    "accounts",
    "sessions_app",
    "invitations",
]
MIDDLEWARE = [
    "identity.web.request_id.middleware",
    "identity.web.security_headers.middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "identity.web.problems.ProblemMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.StaffBackend"]
# User names are unique in each scope, and the backend asks in which one somebody signs in.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2idHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE, TIME_ZONE = "en", "UTC"
USE_I18N, USE_TZ = False, True
FORMAT_MODULE_PATH = ["identity.formats"]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from the packages: no collecting before a start
WHITENOISE_MAX_AGE = 3600 if IS_PRODUCTION else 0

# --- The API of our own ------------------------------------------------------------------------

REST_FRAMEWORK = {
    # Closed by default: a view that is not made from the face's table lets nobody in.
    "DEFAULT_PERMISSION_CLASSES": ["identity.api.v1.closed.Closed"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "identity.api.v1.views.refuse",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Countersign",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["identity.api.v1.description.own_paths"],
    "POSTPROCESSING_HOOKS": ["identity.api.v1.description.complete"],
}

# --- Queue, cache, mail, calls to others -----------------------------------------------------

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
QUEUE_PATIENCE: int = _environment.between("COUNTERSIGN_QUEUE_PATIENCE", 120, 1, 86_400)

REDIS_URL: str = _environment.values.get("REDIS_URL", "")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "countersign",
    }

_mail = _environment.mail("EMAIL_URL", "console:")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST: str = _mail.get("EMAIL_HOST", "")
EMAIL_PORT: int = _mail.get("EMAIL_PORT", 0)
EMAIL_HOST_USER: str = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS: bool = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = _mail.get("EMAIL_USE_SSL", False)
LEDGER = ledger_environment.read(_environment, is_production=IS_PRODUCTION)
FETCH_ALLOW, FETCH_HTTP, FETCH_PORTS = _environment.fetching(is_production=IS_PRODUCTION)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = _environment.values.get("EMAIL_FROM") or f"countersign@{_base_host}"

# --- Closed doors ----------------------------------------------------------------------------

SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_PRODUCTION
if IS_PRODUCTION:
    # The prefix lets no neighbouring host plant a cookie (RFC 6265bis §4.1.3).
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not stricter: without a referrer browsers send "Origin: null", which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Logs ------------------------------------------------------------------------------------

LOG_LEVEL = _environment.choice(
    "COUNTERSIGN_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
)
LOGGING = logs.configuration(
    LOG_LEVEL,
    hidden=[
        SECRET_KEY,
        *SECRET_KEY_FALLBACKS,
        *(base64.b64encode(key).decode() for key in KEY_ENCRYPTION_KEYS),
        KEK_TOKEN.pin if KEK_TOKEN else "",
        _database.get("PASSWORD", ""),
        EMAIL_HOST_PASSWORD,
        LEDGER.operator_key,
        BRIDGE_INITIALIZATION_TOKEN,
        urllib.parse.urlsplit(REDIS_URL).password or "",
    ],
)

_environment.complain()
