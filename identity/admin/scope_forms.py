"""The form of a scope's name and settings: what each one means, and what a change weakens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django import forms

from identity.services import lambda_settings, passkey_settings, scope_settings, scopes
from identity.services.scope_settings import ScopeSettings


@dataclass(frozen=True, slots=True)
class Meaning:
    """What people call a setting, and what it does."""

    label: str
    about: str


MEANINGS: Final[Mapping[str, Meaning]] = {
    "governance": Meaning(
        "Usual policies", "Ordinary policies were there from the start. Chosen at the making."
    ),
    "invitation_minutes": Meaning(
        "Life of an invitation", "Minutes until it expires, from 5 to 43,200. Shorter is safer."
    ),
    "proposal_minutes": Meaning(
        "Life of a proposal", "Minutes in which it must be decided, from 60 to 43,200."
    ),
    "vote_minutes": Meaning(
        "Life of a vote",
        "Minutes after which a vote counts no more, from 1 to 43,200. Empty: votes don't age.",
    ),
    "strict_standing": Meaning(
        "Standing before the proposal",
        "A role counts in a proposal only if it was held before the proposal was made.",
    ),
    "device_age_rule": Meaning(
        "Devices of some age",
        "A vote counts only from a device older than the proposal or than a day.",
    ),
    "suspend_on_alarm": Meaning(
        "Suspend on alarm",
        "A second use of an invitation suspends the device that came first, unless its user may"
        " approve.",
    ),
    "accept_attested_votes": Meaning(
        "Votes without a device",
        "Votes cast in the admin count that no device signed: only this server vouches for them.",
    ),
    "mail_invitation_links": Meaning(
        "Links by mail",
        "Who invites may have the link sent by mail, where whoever reads the mail can use it.",
    ),
    "max_devices": Meaning("Devices of one user", "At most so many, from 1 to 20."),
    "max_open_invitations": Meaning(
        "Open invitations of one user", "At most so many at the same time, from 1 to 3."
    ),
    "rsa_bits": Meaning(
        "Size of encryption keys", "Bits of server keys made from now on, from 2,048 to 4,096."
    ),
    "sign_up": Meaning(
        "Joining unasked",
        "Whoever proves a wallet, an e-mail address or an account at a provider may join without"
        " an invitation.",
    ),
    "wallets_without_challenge": Meaning(
        "Wallets without a challenge",
        "A wallet's token is taken even if it doesn't hold the challenge that it answers.",
    ),
    "access_minutes": Meaning(
        "Life of an access token", "Minutes until it has to be renewed, from 5 to 1,440."
    ),
    "session_days": Meaning(
        "Life of a session", "Days that it lives without being used, from 1 to 30."
    ),
    "machine_sessions": Meaning(
        "Sessions of a program",
        "How many living sessions an API key has at most, from 1 to 256; the oldest one ends.",
    ),
    "passkey_sign_up": Meaning(
        "Joining by passkey", "Whoever makes a passkey may join under a name that is free."
    ),
    "passkey_rp_id": Meaning(
        "Passkeys: domain",
        "The domain of the pages where passkeys are used, or one above it that you own (relying"
        " party id). Empty: this server's. After a change, the passkeys that there are open nothing"
        " any more.",
    ),
    "passkey_rp_name": Meaning(
        "Passkeys: name", "What people read when they make one. Empty: the scope's name."
    ),
    "passkey_origins": Meaning(
        "Passkeys: origins",
        "Where they may be used, such as https://app.example.org, separated by spaces. Empty:"
        " this server's pages. Name these, too, for the sign-in page and the admin.",
    ),
    "passkey_user_verification": Meaning(
        "Passkeys: PIN or finger",
        "Whether the authenticator has to know the person: required, preferred or discouraged.",
    ),
    "passkey_attestation": Meaning(
        "Passkeys: attestation",
        "none, or direct: the authenticator says what it is.",
    ),
    "passkey_aaguids": Meaning(
        "Passkeys: models",
        "The AAGUIDs of the authenticators that may be added, separated by spaces. Empty: all.",
    ),
    "passkey_roots": Meaning(
        "Passkeys: certificates",
        "Of the makers of these authenticators, in base64 of DER, separated by spaces.",
    ),
    "passkey_discoverable": Meaning(
        "Passkeys without a user name", "A passkey is kept so that nobody has to type a name."
    ),
    "lambdas": Meaning(
        "Lambdas",
        "Users may store code that signs for them later, when they are not there.",
    ),
    "lambda_hosts": Meaning(
        "Lambdas: hosts",
        "Which hosts lambdas may call, such as api.example.org, separated by spaces. Empty: none.",
    ),
    "opening_balance": Meaning(
        "Opening balance",
        "What a ledger account begins with that an onboarding makes, in whole units of the"
        " ledger's money, which the ledger's operator pays.",
    ),
    "demo_mode": Meaning(
        "Demo mode",
        "Anybody may register and onboard users, registries too, and see who is registered: for"
        " trying out alone.",
    ),
}
_LONGEST: Final = {
    **dict.fromkeys(passkey_settings.TEXTS, passkey_settings.LONGEST),
    **dict.fromkeys(lambda_settings.TEXTS, lambda_settings.LONGEST),
}
_EDITED: Final = tuple(name for name in MEANINGS if name != "governance")


class SettingsForm(forms.Form):
    """The scope's name, and each setting that can change."""

    name = forms.CharField(max_length=scopes.LONGEST_NAME, label="Name of the scope")

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name in _EDITED:
            self.fields[name] = _field(name)

    def clean(self) -> dict[str, Any]:
        """What the domain would refuse stands at its field."""
        given = super().clean() or self.cleaned_data
        try:
            scope_settings.merged(scope_settings.DEFAULTS, chosen(given))
        except scope_settings.SettingsInvalid as refusal:
            for name, fault in refusal.facts["settings"].items():
                self.add_error(name, fault)
        return given


class ConfirmForm(forms.Form):
    """The changes that were shown, once more: only they are submitted, whatever changed since."""

    new_name = forms.CharField(required=False, widget=forms.HiddenInput)
    changes = forms.CharField(widget=forms.HiddenInput)

    def clean_changes(self) -> dict[str, Any]:
        """Settings by name; the command judges their values."""
        try:
            found = json.loads(self.cleaned_data["changes"])
        except ValueError:
            found = None
        if not isinstance(found, dict) or not found.keys() <= set(_EDITED):
            raise forms.ValidationError("These are no changes of settings.")
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """One setting before and after a change."""

    label: str
    old: str
    new: str
    is_weaker: bool


def _field(name: str) -> forms.Field:
    meaning = MEANINGS[name]
    if name in passkey_settings.WORDS:
        return forms.ChoiceField(
            choices=[(word, word) for word in passkey_settings.WORDS[name]],
            label=meaning.label,
            help_text=meaning.about,
        )
    if name in _LONGEST:
        return forms.CharField(
            required=False,
            max_length=_LONGEST[name],
            label=meaning.label,
            help_text=meaning.about,
        )
    if name not in scope_settings.RANGES:
        return forms.BooleanField(required=False, label=meaning.label, help_text=meaning.about)
    least, most = scope_settings.RANGES[name]
    return forms.IntegerField(
        required=name != "vote_minutes",
        min_value=least,
        max_value=most,
        label=meaning.label,
        help_text=meaning.about,
    )


def chosen(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a form that is valid so far."""
    return {name: given[name] for name in _EDITED if name in given}


def changes(present: ScopeSettings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings of a form that differ from the present ones."""
    before = asdict(present)
    return {name: value for name, value in chosen(given).items() if value != before[name]}


def lines(present: ScopeSettings, changed: Mapping[str, Any]) -> Sequence[Line]:
    """Each change in words; those that protect less are marked."""
    after = scope_settings.merged(present, changed)
    weaker = scope_settings.weakened(present, after)
    old, new = asdict(present), asdict(after)
    return [
        Line(MEANINGS[name].label, shown(name, old[name]), shown(name, new[name]), name in weaker)
        for name in changed
    ]


def shown(name: str, value: object) -> str:
    """A setting's value for people."""
    if value is None:
        return "without end"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or ("none" if name in lambda_settings.TEXTS else "as usual")
    text = f"{value:,}"
    return f"{text} minutes{_in_days(value)}" if name.endswith("_minutes") else text


def _in_days(minutes: object) -> str:
    if not isinstance(minutes, int) or minutes < scope_settings.MINUTES_IN_A_DAY:
        return ""
    days = minutes / scope_settings.MINUTES_IN_A_DAY
    return f" ({days:g} {'day' if days == 1 else 'days'})" if days == int(days) else ""
