"""Reads settings from the environment and collects all mistakes before it complains."""

import base64
import binascii
import os
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

Value = TypeVar("Value")

KEY_BYTES = 32


class Environment:
    """Named values with defaults. Mistakes are kept by name until `complain` tells them all."""

    def __init__(self) -> None:
        self.env = Env()
        self.values: Mapping[str, str] = os.environ
        self.mistakes: dict[str, str] = {}

    def mistake(self, name: str, advice: str) -> None:
        """Note that a setting is wrong and what to do about it. It never quotes the value."""
        self.mistakes.setdefault(name, advice)

    def read(
        self, parse: Callable[..., Any], name: str, default: Value, advice: str, **options: Any
    ) -> Value:
        """A value parsed by one of the methods of `env`; the default if it is missing or wrong."""
        try:
            value: Value = parse(name, default, **options)
        except (EnvError, ValueError):
            self.mistake(name, f"is not right: set it to {advice}.")
            return default
        return value

    def parsed(
        self, name: str, default: str, parse: Callable[[str], dict[str, Any]], advice: str
    ) -> dict[str, Any]:
        """What a URL says, in Django's words; the default's if it is wrong."""
        try:
            return parse(self.values.get(name) or default)
        except (ValueError, LookupError):
            self.mistake(name, f"is not right: set it to {advice}.")
            return parse(default)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.values.get(name, default)
        if value in choices:
            return value
        self.mistake(name, f"is not right: set it to {' or '.join(choices)}.")
        return default

    def between(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        advice = f"a whole number from {least} to {most}"
        value = self.read(self.env.int, name, default, advice)
        if least <= value <= most:
            return value
        self.mistake(name, f"is not right: set it to {advice}.")
        return default

    def secret(self, name: str, made: Callable[[], str] | None, advice: str) -> str:
        """A secret from `NAME`, from the file `NAME_FILE` names, or made when neither is set.

        Without `made` a missing secret is a mistake.
        """
        file_name = f"{name}_FILE"
        given, path = self.values.get(name, ""), self.values.get(file_name, "")
        if given and path:
            self.mistake(name, f"and {file_name} are both set: keep one of them.")
        if given:
            return given
        try:
            if path:
                return Path(path).read_text().strip()
            if made is not None:
                return made()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self.mistake(file_name if path else name, f"can't be read or made: {reason}. {advice}")
            return ""
        self.mistake(name, f"is missing. {advice}")
        return ""

    def keys(self, name: str, text: str) -> tuple[bytes, ...]:
        """Keys of 32 bytes in base64, separated by commas or white space; the first is in use."""
        keys = []
        for part in text.replace(",", " ").split():
            try:
                key = base64.b64decode(part, validate=True)
            except binascii.Error:
                key = b""
            if len(key) != KEY_BYTES:
                self.mistake(name, f"is not right: each key is {KEY_BYTES} bytes in base64.")
                return ()
            keys.append(key)
        return tuple(keys)

    def mail(self, name: str, default: str) -> dict[str, Any]:
        """Django's mail settings from a URL: console:, smtp:, smtps: or smtp+insecure:."""
        return self.parsed(
            name,
            default,
            _mail_settings,
            "smtp://user:password@host:587 (STARTTLS), smtps://… (TLS), smtp+insecure://localhost "
            "or console:",
        )

    def address(self, name: str, default: str, *, is_secure: bool) -> str:
        """An absolute address of a host: scheme, name and perhaps a port, nothing else."""
        value = self.values.get(name, default).rstrip("/")
        parts = urllib.parse.urlsplit(value)
        schemes = ("https",) if is_secure else ("https", "http")
        if (
            parts.scheme in schemes
            and parts.hostname
            and "@" not in parts.netloc
            and f"{parts.scheme}://{parts.netloc}" == value
        ):
            return value
        example = "https://id.example.org"
        self.mistake(name, f"is missing or not right: set it to an address such as {example}.")
        return default

    @staticmethod
    def shown_host(listening: str) -> str:
        """How people in front of this machine write the host that we listen at.

        `localhost` where its own numbers do: browsers make passkeys for names alone.
        """
        if listening in {"127.0.0.1", "::1", "0.0.0.0", "::"}:  # noqa: S104 compared, not bound
            return "localhost"
        return f"[{listening}]" if ":" in listening else listening

    def fetching(self, *, is_production: bool) -> tuple[list[str], bool, list[int]]:
        """Private networks and hosts that may be called; whether without TLS; at which ports.

        No port means any.
        """
        allowed = self.read(
            self.env.list,
            "COUNTERSIGN_FETCH_ALLOW",
            [] if is_production else ["127.0.0.0/8", "::1"],
            "networks, addresses and host names, separated by commas",
        )
        is_http_allowed = self.read(
            self.env.bool, "COUNTERSIGN_FETCH_HTTP", not is_production, "true or false"
        )
        ports = self.read(
            self.env.list,
            "COUNTERSIGN_FETCH_PORTS",
            [443, 8443] if is_production else [],
            "port numbers, separated by commas",
            subcast=int,
        )
        return allowed, is_http_allowed, ports

    def complain(self) -> None:
        """Raise ImproperlyConfigured with all mistakes, if there are any."""
        if not self.mistakes:
            return
        lines = [f"- {name} {advice}" for name, advice in sorted(self.mistakes.items())]
        count = f"{len(lines)} settings are" if len(lines) > 1 else "1 setting is"
        title = f"Countersign can't start: {count} wrong (docs/operating.md lists them all)."
        raise ImproperlyConfigured("\n".join([title, *lines]))


def _mail_settings(url: str) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(url)
    settings: dict[str, Any] = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}
    if url == "console:":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtps", "smtp+insecure"} or not parts.hostname:
        raise ValueError("unknown kind of mail address")
    return settings | {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": urllib.parse.unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": urllib.parse.unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }
