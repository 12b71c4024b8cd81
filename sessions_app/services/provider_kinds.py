"""Kinds of providers: what each one needs to be told, and who its accounts belong to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from identity.errors import Invalid
from identity.services import outside
from sessions_app.models import Provider

_TENANT: Final = re.compile(
    r"common|organizations|consumers|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_APPLE_ID: Final = re.compile(r"[A-Z0-9]{10}")
_SCOPES: Final = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")  # RFC 6749 §3.3
MOST_SECRET: Final = 8192
"""Characters of a client secret; that of Apple is a key of some 300."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `issuer` is fixed, or with `is_issuer_asked` only the usual one.

    `options` are the names of what else there is to say, each with its form; `needed` must be said.
    """

    label: str
    issuer: str = ""
    is_issuer_asked: bool = False
    is_secret_needed: bool = True
    options: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()


KINDS: Final[Mapping[str, Kind]] = {
    Provider.Kind.GOOGLE: Kind("Google", "https://accounts.google.com"),
    Provider.Kind.GITHUB: Kind("GitHub", "https://github.com"),
    Provider.Kind.MICROSOFT: Kind(
        "Microsoft", options={"tenant": _TENANT}, needed=frozenset({"tenant"})
    ),
    Provider.Kind.GITLAB: Kind("GitLab", "https://gitlab.com", is_issuer_asked=True),
    Provider.Kind.APPLE: Kind(
        "Apple",
        "https://appleid.apple.com",
        options={"team_id": _APPLE_ID, "key_id": _APPLE_ID},
        needed=frozenset({"team_id", "key_id"}),
    ),
    Provider.Kind.DISCORD: Kind("Discord", "https://discord.com"),
    Provider.Kind.OIDC: Kind(
        "OpenID Connect",
        is_issuer_asked=True,
        is_secret_needed=False,
        options={"scopes": _SCOPES},
    ),
}
_MICROSOFT: Final = "https://login.microsoftonline.com"
SHARED_TENANTS: Final = frozenset({"common", "organizations", "consumers"})
"""Tenants of Microsoft that stand for many: each account has an issuer of its own."""


def issuer(kind: str, given: str, options: Mapping[str, str]) -> str:
    """The issuer that a provider of this kind has. Raises Invalid, AddressRefused."""
    rules = KINDS[kind]
    if kind == Provider.Kind.MICROSOFT:
        return f"{_MICROSOFT}/{options['tenant']}/v2.0"
    if not rules.is_issuer_asked:
        return rules.issuer
    wanted = given or rules.issuer
    if not wanted or len(wanted) > 255:
        raise Invalid("Give the provider's issuer, at most 255 characters.", field="issuer")
    # OpenID Connect Discovery §3: an issuer has neither query nor fragment.
    if "?" in wanted:
        raise Invalid("An issuer has no question mark.", field="issuer")
    outside.parse(wanted, outside.guard())
    return wanted


def options(kind: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The options of this kind, in the form that is stored. Raises Invalid."""
    rules = KINDS[kind]
    said = {name: value for name, value in given.items() if value not in {"", None}}
    unknown = sorted(set(said) - set(rules.options))
    if unknown:
        raise Invalid(f"{rules.label} has no option {unknown[0][:40]!r}.", field="options")
    lacking = sorted(rules.needed - set(said))
    if lacking:
        raise Invalid(f"{rules.label} needs the option {lacking[0]}.", field=lacking[0])
    for name, value in said.items():
        if (
            not isinstance(value, str)
            or len(value) > 500
            or not rules.options[name].fullmatch(value)
        ):
            raise Invalid(f"The option {name} has another form.", field=name)
    return said


def require_secret(kind: str, secret: str) -> None:
    """Raises Invalid unless this can be a client secret of this kind; it is quoted nowhere."""
    if not secret:
        if KINDS[kind].is_secret_needed:
            raise Invalid("This kind of provider needs a client secret.", field="client_secret")
        return
    if len(secret) > MOST_SECRET or not secret.isascii():
        raise Invalid("A client secret is shorter, and plain ASCII.", field="client_secret")
    if kind == Provider.Kind.APPLE:
        _require_apple_key(secret)
    elif not secret.isprintable():
        raise Invalid("A client secret is one line.", field="client_secret")


def _require_apple_key(text: str) -> None:
    """Apple's secret is signed anew each time, with a P-256 key that Apple made."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Invalid("Give the text of the .p8 file from Apple.", field="client_secret")
