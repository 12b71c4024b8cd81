"""What a scope asks of passkeys: its texts judged, and the policy that they make with defaults."""

import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from identity.crypto import passkey
from identity.crypto.errors import SignatureInvalid

LONGEST: Final = 8000
MOST_ORIGINS: Final = 20
VERIFICATIONS: Final = ("discouraged", "preferred", "required")
ATTESTATIONS: Final = ("none", "direct")
_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+")
_APP: Final = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}")
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "passkey_user_verification": VERIFICATIONS,
    "passkey_attestation": ATTESTATIONS,
}
"""The settings that are one of some words; later ones protect more."""
_LOCAL: Final = "localhost"
_LOOPBACK: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """What ceremonies of one scope ask for. `aaguids` empty: every model of authenticator."""

    rp_id: str
    rp_name: str
    origins: tuple[str, ...]
    user_verification: str
    attestation: str
    aaguids: frozenset[UUID]
    roots: tuple[bytes, ...]
    """Certificates in PEM under which `aaguids` are believed."""
    is_discoverable: bool

    @property
    def needs_verification(self) -> bool:
        """Whether the authenticator has to know the person."""
        return self.user_verification == "required"


def fault(name: str, value: Any) -> str:
    """What is wrong with the value of one of TEXTS, "" for nothing."""
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        return f"this is a text of at most {LONGEST} visible characters"
    return TEXTS[name](value)


def is_weaker(name: str, old: str, new: str) -> bool:
    """Whether another value of one of TEXTS protects less."""
    if old == new:
        return False
    if name in WORDS:
        words = WORDS[name]
        return words.index(new) < words.index(old)
    if name == "passkey_aaguids":
        return bool(old) and (not new or not _ids(new) <= _ids(old))
    if name in ("passkey_roots", "passkey_origins"):
        is_everything = name == "passkey_origins" and not new
        return is_everything or not set(new.split()) <= set(old.split())
    # Another relying party is another place where people can be asked for their passkey.
    return name == "passkey_rp_id"


def disagreement(rp_id: str, origins: str) -> str:
    """Browsers refuse a relying party that is not the origin's domain or above; so is this."""
    if not rp_id:
        return ""
    for origin in origins.split():
        host = urllib.parse.urlsplit(origin).hostname or ""
        if not _APP.fullmatch(origin) and host != rp_id and not host.endswith(f".{rp_id}"):
            return f"{origin} is not under the passkeys' domain {rp_id}"
    return ""


def policy(chosen: Any, *, name: str, base_url: str) -> PasskeyPolicy:
    """The policy of a scope of this name on a server at this address, usual values filled in."""
    host, usual = _usual(base_url)
    return PasskeyPolicy(
        rp_id=chosen.passkey_rp_id or host,
        rp_name=chosen.passkey_rp_name or name,
        origins=tuple(chosen.passkey_origins.split()) or (usual,),
        user_verification=chosen.passkey_user_verification,
        attestation="direct" if chosen.passkey_aaguids else chosen.passkey_attestation,
        aaguids=_ids(chosen.passkey_aaguids),
        roots=tuple(passkey.parse_root(word) for word in chosen.passkey_roots.split()),
        is_discoverable=chosen.passkey_discoverable,
    )


def covers(chosen: Any, *, base_url: str) -> bool:
    """Whether passkeys as a scope chose them can be used on pages of the server at this address."""
    host, own = _usual(base_url)
    domain, origins = chosen.passkey_rp_id or host, chosen.passkey_origins.split()
    is_below = host == domain or host.endswith(f".{domain}")
    return is_below and (not origins or own in origins)


def usual_rp_id(base_url: str) -> str:
    """The domain of passkeys of a scope that names none, on a server at this address."""
    return _usual(base_url)[0]


def _usual(base_url: str) -> tuple[str, str]:
    """Domain and origin of a server's own pages. Browsers make no passkeys for a number."""
    base = urllib.parse.urlsplit(base_url)
    host = base.hostname or _LOCAL
    if host in _LOOPBACK:
        host = _LOCAL
    port = f":{base.port}" if base.port else ""
    return host, f"{base.scheme}://{host}{port}"


def _ids(text: str) -> frozenset[UUID]:
    return frozenset(UUID(word) for word in text.split())


def _rp_id(text: str) -> str:
    is_domain = text in ("", _LOCAL) or _DOMAIN.fullmatch(text)
    return "" if is_domain else "this is a domain in lower case, such as example.org"


def _origins(text: str) -> str:
    words = text.split()
    if len(words) > MOST_ORIGINS:
        return f"these are at most {MOST_ORIGINS} origins"
    wrong = next((word for word in words if not _is_origin(word)), "")
    return f"{wrong} is not an origin, such as https://app.example.org" if wrong else ""


def _is_origin(text: str) -> bool:
    if _APP.fullmatch(text):
        return True
    try:
        parts = urllib.parse.urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    host = parts.hostname or ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host == _LOCAL)
    is_host = host == _LOCAL or _DOMAIN.fullmatch(host) is not None
    # Just scheme, host and port, as browsers write it.
    return is_safe and is_host and text == f"{parts.scheme}://{host}{port}"


def _aaguids(text: str) -> str:
    try:
        _ids(text)
    except ValueError:
        return "these are AAGUIDs, such as fbfc3007-154e-4ecc-8c0b-6e020557d7bd"
    return ""


def _roots(text: str) -> str:
    try:
        for word in text.split():
            passkey.parse_root(word)
    except SignatureInvalid:
        return "these are certificates, each in base64 of DER"
    return ""


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def judge(text: str) -> str:
        return "" if text in words else f"this is one of {', '.join(words)}"

    return judge


TEXTS: Final[Mapping[str, Callable[[str], str]]] = {
    "passkey_rp_id": _rp_id,
    "passkey_rp_name": lambda text: "" if len(text) <= 100 else "this has at most 100 characters",
    "passkey_origins": _origins,
    "passkey_user_verification": _one_of(VERIFICATIONS),
    "passkey_attestation": _one_of(ATTESTATIONS),
    "passkey_aaguids": _aaguids,
    "passkey_roots": _roots,
}
"""The settings that are texts, each with what judges it."""
