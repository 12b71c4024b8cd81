"""The form of a provider: what its kind needs, and a secret that is never shown again."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms

from sessions_app.queries.providers import ProviderRow
from sessions_app.services import provider_kinds, providers

_HELP: Final[Mapping[str, tuple[str, str]]] = {
    "tenant": ("Tenant", "The id of your directory; common lets in accounts of any."),
    "team_id": ("Team id", "Ten characters, at the top right of Apple's developer site."),
    "key_id": ("Key id", "Ten characters: the key that you made for Sign in with Apple."),
    "scopes": ("Scopes", "What to ask for; without it openid, profile and email."),
}
_HIDDEN: Final = "It is sealed, and never shown again."
_KEEP: Final = "Leave it empty to keep the present one. " + _HIDDEN


class SecretArea(forms.Textarea):
    """Several lines that never come back in a page."""

    def format_value(self, value: object) -> str:
        """Nothing, whatever was sent."""
        del value
        return ""


class ProviderForm(forms.Form):
    """A provider of one kind; `row` is the one that is changed."""

    name = forms.CharField(max_length=100, help_text="People see it on the button.")
    slug = forms.SlugField(
        max_length=64,
        label="Name in addresses",
        help_text="Lower-case letters, digits, hyphens. It stays: the provider is told of it.",
    )
    issuer = forms.CharField(
        max_length=255,
        label="Issuer",
        widget=forms.URLInput(attrs={"placeholder": "https://…", "autocomplete": "off"}),
        help_text="Below it lies /.well-known/openid-configuration.",
    )
    client_id = forms.CharField(max_length=255, label="Client id")
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    position = forms.IntegerField(
        min_value=0, max_value=1000, initial=0, help_text="The smallest comes first."
    )
    provider = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *arguments: Any, kind: str, row: ProviderRow | None = None, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self.kind, self.row = kind, row
        rules = provider_kinds.KINDS[kind]
        for option in rules.options:
            label, about = _HELP[option]
            self.fields[option] = forms.CharField(
                label=label, help_text=about, max_length=500, required=option in rules.needed
            )
        if not rules.is_issuer_asked:
            del self.fields["issuer"]
        if row is not None:
            del self.fields["slug"]
        self._ask_secret(is_needed=rules.is_secret_needed and row is None)
        self.order_fields(
            ["name", "slug", "issuer", *rules.options, "client_id", "client_secret", "position"]
        )

    def _ask_secret(self, *, is_needed: bool) -> None:
        field = self.fields["client_secret"]
        field.required = is_needed
        field.help_text = _HIDDEN if self.row is None else _KEEP
        if self.kind == "apple":
            field.label = "Private key"
            field.widget = SecretArea(attrs={"rows": 6, "spellcheck": "false"})
            field.help_text = f"The text of the .p8 file. {field.help_text}"


def details(form: ProviderForm, given: Mapping[str, Any], provider_id: UUID) -> dict[str, Any]:
    """The part of the commands' input that the form gives; the secret sealed. Raises Invalid."""
    told = {
        "provider": str(provider_id),
        "name": given["name"],
        "client_id": given["client_id"],
        "position": given["position"],
        "options": {
            name: given[name] for name in provider_kinds.KINDS[form.kind].options if given.get(name)
        },
    }
    if "issuer" in given:
        told["issuer"] = given["issuer"]
    if given["client_secret"] or form.row is None:
        # A text area sends the line ends of HTTP.
        secret = given["client_secret"].replace("\r\n", "\n")
        sealed = providers.sealed(secret, provider_id=provider_id, kind=form.kind)
        told["sealed_secret"] = base64.b64encode(sealed).decode()
    return told


def initial(row: ProviderRow) -> dict[str, Any]:
    """The form of a provider that is there."""
    return {
        "name": row.name,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "position": row.position,
        **row.options,
    }
