"""Reads from the environment who holds the key-encryption key."""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from identity import home
from identity.crypto.pkcs11_token import Place
from identity.environment import KEY_BYTES, Environment

PROVIDER: Final = "COUNTERSIGN_KEK_PROVIDER"
KEYS: Final = "COUNTERSIGN_KEK"
MODULE: Final = "COUNTERSIGN_PKCS11_MODULE"
TOKEN: Final = "COUNTERSIGN_PKCS11_TOKEN"  # noqa: S105 the name of a setting
LABELS: Final = "COUNTERSIGN_PKCS11_KEYS"
PIN: Final = "COUNTERSIGN_PKCS11_PIN"


@dataclass(frozen=True, slots=True)
class Sealing:
    """The dotted path of a provider or "", the place of a token or None, and keys of our own."""

    provider: str
    token: Place | None
    keys: tuple[bytes, ...]


def read(environment: Environment, home_folder: Path, *, is_production: bool) -> Sealing:
    """Who holds the keys. Mistakes are noted in `environment`.

    Without a provider and a token our own keys are needed, and made in development. Beside one
    they are optional and only open: for what was sealed before. In development that is also the key
    that was made before there was another holder.
    """
    values = environment.values
    provider = values.get(PROVIDER, "")
    made = None if is_production else home_folder / home.KEY_ENCRYPTION_KEY_FILE
    if values.get(MODULE):
        if provider:
            environment.mistake(MODULE, f"and {PROVIDER} are both set: keep one of them.")
        return Sealing(provider, _token(environment), _old_keys(environment, made))
    for name in (TOKEN, LABELS, PIN, f"{PIN}_FILE"):
        if values.get(name):
            environment.mistake(name, f"is of no use without {MODULE}: set both or neither.")
    if provider:
        return Sealing(provider, None, _old_keys(environment, made))
    return Sealing("", None, _own_keys(environment, home_folder, is_production=is_production))


def _token(environment: Environment) -> Place:
    values = environment.values
    labels = tuple(filter(None, (label.strip() for label in values.get(LABELS, "").split(","))))
    if not values.get(TOKEN):
        environment.mistake(TOKEN, "is missing: set it to the label of the token.")
    if not labels:
        environment.mistake(LABELS, "is missing: set it to labels of keys in the token.")
    if len(set(labels)) < len(labels):
        environment.mistake(LABELS, "names a key twice: name each once.")
    pin = environment.secret(PIN, None, f"Set it, or {PIN}_FILE, to the PIN of the token's user.")
    return Place(values[MODULE], values.get(TOKEN, ""), labels, pin)


def _old_keys(environment: Environment, made: Path | None) -> tuple[bytes, ...]:
    if environment.values.get(KEYS) or environment.values.get(f"{KEYS}_FILE"):
        text = environment.secret(KEYS, None, "Take it out, or set it to keys of before.")
    elif made is not None and made.exists():
        text = made.read_text().strip()
    else:
        return ()
    return environment.keys(KEYS, text)


def _own_keys(
    environment: Environment, home_folder: Path, *, is_production: bool
) -> tuple[bytes, ...]:
    text = environment.secret(
        KEYS,
        None
        if is_production
        else lambda: home.secret(
            home_folder / home.KEY_ENCRYPTION_KEY_FILE,
            lambda: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        ),
        f"Set it, or {KEYS}_FILE, to 32 random bytes in base64 (openssl rand -base64 "
        f"32), or name a token in {MODULE} or a provider in {PROVIDER}.",
    )
    return environment.keys(KEYS, text)
