"""What a scope may choose: one typed value with defaults, read from the scope's row."""

import dataclasses
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from identity.errors import DomainError, Kind
from identity.services import lambda_settings, passkey_settings

MINUTES_IN_A_DAY: Final = 24 * 60


class SettingsInvalid(DomainError):
    """`facts["settings"]` maps each wrong name to what is wrong with it."""

    kind = Kind.INVALID
    code = "scope.settings-invalid"
    title = "These settings of the scope are not valid."


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """The choices of one scope. Minutes are whole; `vote_minutes` None means votes do not age.

    - `governance`: the usual default policies are there from the start; it stays as it was then;
    - `strict_standing`: a role counts in a proposal only if it was held before the proposal;
    - `device_age_rule`: a vote counts only from a device older than the proposal or than a day;
    - `suspend_on_alarm`: a second use of an invitation suspends the device that came first;
    - `accept_attested_votes`: votes that the server attests, cast without a device, count;
    - `mail_invitation_links`: its maker may have an invitation's link sent by mail;
    - `rsa_bits`: the size of encryption keys that are made from now on;
    - `sign_up`: whoever proves a wallet, an address or an account at a provider may join unasked;
    - `wallets_without_challenge`: a wallet's token need not hold the challenge it answers;
    - `access_minutes`: how long an access token is good, `session_days` how long a session lives
      without being renewed;
    - `machine_sessions`: how many living sessions an API key has at most;
    - `passkey_…`: what passkeys are asked for, see `identity.services.passkey_settings`;
    - `lambdas`: users may store code that signs for them later; `lambda_hosts`: the hosts that it
      may call, separated by spaces;
    - `opening_balance`: what a ledger account begins with that an onboarding makes, in whole units
      of the ledger's money; its operator pays;
    - `demo_mode`: whoever comes may register and onboard users, registries too, and make accounts
      on the ledger: for trying out, never beside people's own data.
    """

    governance: bool = True
    invitation_minutes: int = 3 * MINUTES_IN_A_DAY
    proposal_minutes: int = 7 * MINUTES_IN_A_DAY
    vote_minutes: int | None = None
    strict_standing: bool = False
    device_age_rule: bool = False
    suspend_on_alarm: bool = False
    accept_attested_votes: bool = False
    mail_invitation_links: bool = False
    max_devices: int = 20
    max_open_invitations: int = 3
    rsa_bits: int = 2048
    sign_up: bool = False
    wallets_without_challenge: bool = False
    access_minutes: int = 60
    session_days: int = 7
    machine_sessions: int = 16
    passkey_sign_up: bool = False
    passkey_rp_id: str = ""
    passkey_rp_name: str = ""
    passkey_origins: str = ""
    passkey_user_verification: str = "required"
    passkey_attestation: str = "none"
    passkey_aaguids: str = ""
    passkey_roots: str = ""
    passkey_discoverable: bool = True
    lambdas: bool = False
    lambda_hosts: str = ""
    opening_balance: int = 30
    demo_mode: bool = False


DEFAULTS: Final = ScopeSettings()
RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "invitation_minutes": (5, 30 * MINUTES_IN_A_DAY),
    "proposal_minutes": (60, 30 * MINUTES_IN_A_DAY),
    "vote_minutes": (1, 30 * MINUTES_IN_A_DAY),
    "max_devices": (1, 20),
    "max_open_invitations": (1, 3),
    "rsa_bits": (2048, 4096),
    "access_minutes": (5, MINUTES_IN_A_DAY),
    "session_days": (1, 30),
    "machine_sessions": (1, 256),
    "opening_balance": (0, 1000),
}
"""Least and greatest value of each number (enterprise specification §3.9, §4 and §5.3)."""

_PROTECTING: Final = frozenset({"strict_standing", "device_age_rule", "suspend_on_alarm"})
NAMES: Final = tuple(field.name for field in dataclasses.fields(ScopeSettings))


def of(saved: str | Mapping[str, Any]) -> ScopeSettings:
    """The settings in a scope's row, as JSON text or as read by Django.

    Texts are parsed once each. Raises SettingsInvalid for unknown names and for values of another
    type or outside their range.
    """
    if isinstance(saved, str):
        return _of_text(saved)
    return _of_mapping(saved)


def merged(present: ScopeSettings, changes: Mapping[str, Any]) -> ScopeSettings:
    """The settings after some changes. Raises SettingsInvalid."""
    return _of_mapping(stored(present) | dict(changes))


def require_same_policies(before: ScopeSettings, after: ScopeSettings) -> None:
    """Refuse a change that would change nothing. Raises SettingsInvalid."""
    if before.governance != after.governance:
        fault = "this is chosen when a scope is made; make, change or end its policies instead"
        raise SettingsInvalid(f"governance: {fault}", settings={"governance": fault})


def stored(settings: ScopeSettings) -> dict[str, Any]:
    """What goes into the scope's row: only what differs from the defaults."""
    values = dataclasses.asdict(settings)
    return {name: value for name, value in values.items() if value != getattr(DEFAULTS, name)}


def changed(before: ScopeSettings, after: ScopeSettings) -> list[str]:
    """The names of the settings that differ, in alphabetical order."""
    old, new = dataclasses.asdict(before), dataclasses.asdict(after)
    return sorted(name for name in NAMES if old[name] != new[name])


def weakened(before: ScopeSettings, after: ScopeSettings) -> list[str]:
    """The names of the settings that protect less afterwards."""
    return [name for name in changed(before, after) if _is_weaker(name, before, after)]


def _is_weaker(name: str, before: ScopeSettings, after: ScopeSettings) -> bool:
    old, new = getattr(before, name), getattr(after, name)
    if name in _PROTECTING:
        return bool(old) > bool(new)
    if name == "rsa_bits":
        return bool(new < old)
    if name in passkey_settings.TEXTS:
        return passkey_settings.is_weaker(name, old, new)
    if name in lambda_settings.TEXTS:
        return lambda_settings.is_weaker(old, new)
    if name == "passkey_discoverable":
        return False
    # The rest loosens by growing; a vote that does not age lives longest.
    return new is None or (old is not None and new > old)


@functools.lru_cache(maxsize=1024)
def _of_text(text: str) -> ScopeSettings:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise SettingsInvalid("Settings are an object.")
    return _of_mapping(values)


def _of_mapping(values: Mapping[str, Any]) -> ScopeSettings:
    faults = {name: fault for name, value in values.items() if (fault := _fault(name, value))}
    if faults:
        raise SettingsInvalid(
            "; ".join(f"{name}: {fault}" for name, fault in sorted(faults.items())),
            settings=faults,
        )
    settings = ScopeSettings(**values)
    fault = passkey_settings.disagreement(settings.passkey_rp_id, settings.passkey_origins)
    if fault:
        raise SettingsInvalid(f"passkey_origins: {fault}", settings={"passkey_origins": fault})
    if settings.passkey_aaguids and not settings.passkey_roots:
        fault = "models are believed only under certificates of theirs: give passkey_roots, too"
        raise SettingsInvalid(f"passkey_aaguids: {fault}", settings={"passkey_aaguids": fault})
    return settings


def _fault(name: str, value: Any) -> str:
    if name not in NAMES:
        return "there is no such setting"
    if name in passkey_settings.TEXTS:
        return passkey_settings.fault(name, value)
    if name in lambda_settings.TEXTS:
        return lambda_settings.fault(name, value)
    if name not in RANGES:
        return "" if isinstance(value, bool) else "this is true or false"
    return _fault_of_number(name, value)


def _fault_of_number(name: str, value: Any) -> str:
    if value is None and getattr(DEFAULTS, name) is None:
        return ""
    least, most = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        return f"this is a whole number from {least} to {most}"
    if name == "rsa_bits" and value % 256:
        return "this is a multiple of 256"
    return ""
