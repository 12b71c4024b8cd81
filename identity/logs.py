"""Logs: one JSON object a line, with the request's id and without secrets."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

import orjson
import structlog

HIDDEN: Final = "[hidden]"
LONGEST_TEXT: Final = 20_000

_SECRET_NAME: Final = re.compile(
    r"passw|secret|token|private|invite_?string|one_?time|authoriz|cookie|session|csrf|"
    r"credential|api_?key|push|kek|seed|mnemonic|otp|signature_?input|(?<![a-z])pin(?![a-z])",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    # PEM of a private key, up to its end or the end of the text.
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    # Tokens that we make: a short prefix and 256 bits in base64url.
    r"|\b[a-z]{2,8}_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
    # Compact JWS and JWE (RFC 7515 §7.1).
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}"
    # Verifiers of passwords.
    r"|\$argon2(?:id|i|d)\$\S+"
    r"|\b(?:Bearer|Basic)\s+[A-Za-z0-9+/=._~-]+",
    re.DOTALL,
)
_USER_INFORMATION: Final = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_ASSIGNED: Final = re.compile(
    # Every repetition is bounded or begins once: a long line must not cost its length squared.
    r"""((?:passw\w{0,64}|secret\w{0,64}|token|private_?key|one_?time_?private_?key|invite_?string)
        ["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&})\]]+)""",
    re.IGNORECASE | re.VERBOSE,
)

Event = MutableMapping[str, Any]


class Redactor:
    """The processor that takes secrets out of an event: by name, by shape and by known value."""

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        # Shorter ones would hide ordinary words.
        known = sorted({value for value in hidden if len(value) >= 6}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: Any, method: str, event: Event) -> Event:
        """Clean every field of the event."""
        for name, value in list(event.items()):
            if not name.startswith("_"):
                event[name] = self.clean(name, value)
        return event

    def clean(self, name: str, value: Any) -> Any:
        """A field's value that may be shown."""
        if isinstance(value, bool | int | float) or value is None:
            return value
        if name != "event" and _SECRET_NAME.search(name):
            return HIDDEN
        if isinstance(value, Mapping):
            return {str(key): self.clean(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(name, item) for item in value]
        if isinstance(value, bytes | bytearray | memoryview):
            return f"[{len(value)} bytes]"
        return self.clean_text(str(value))

    def clean_text(self, text: str) -> str:
        """A text without what looks like a secret or is known to be one."""
        if len(text) > LONGEST_TEXT:
            text = text[:LONGEST_TEXT] + "…"
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _SECRET_TEXT.sub(HIDDEN, text)
        text = _USER_INFORMATION.sub(HIDDEN, text)
        return _ASSIGNED.sub(rf"\g<1>{HIDDEN}", text)


def configuration(level: str, *, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error as JSON.

    `hidden` are values that must never be written whatever field they are in.
    """
    shared = _processors(hidden)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _formatter, "before": shared}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would say everything twice, and mail it.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "django.db.backends": {"level": "INFO"},
            "_granian": {"level": level},
            "granian.access": {"level": "INFO"},
            # Our own client's library would announce each request.
            "httpx": {"level": "WARNING"},
        },
    }


def _processors(hidden: Iterable[str]) -> list[Any]:
    # Order matters: a traceback is text before it is cleaned; the redactor sees the final fields.
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _without_trace,
        structlog.processors.format_exc_info,
        Redactor(hidden),
    ]


def _without_trace(_logger: Any, _method: str, event: Event) -> Event:
    """Refused before any code of ours ran (a foreign Host, a form too large): a line is enough."""
    if str(event.get("logger", "")).startswith("django.security."):
        event.pop("exc_info", None)
    return event


def _formatter(*, before: list[Any]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _json],
    )


def _json(_logger: Any, _method: str, event: Event) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
