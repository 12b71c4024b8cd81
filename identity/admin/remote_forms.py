"""The forms of remotes: where they are and by which key, and which context is carried."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django import forms

from accounts.queries.remotes import RemoteRow
from accounts.services import remote_secrets
from identity.errors import DomainError
from identity.services import outside
from identity.services.outside import AddressRefused

_HIDDEN: Final = "It is sealed, and never shown again."
_KEEP: Final = "Leave it empty to keep the present one. " + _HIDDEN
_WHAT_TO_DO: Final = (
    "Give an https address that the public internet can reach. If the remote is on a network of "
    "your own, ask whoever operates this deployment to open it (COUNTERSIGN_FETCH_ALLOW)."
)


class RemoteForm(forms.Form):
    """A remote; `row` is the one that is changed."""

    name = forms.CharField(max_length=100, help_text="What you call it here.")
    url = forms.CharField(
        max_length=2048,
        label="Address",
        widget=forms.URLInput(attrs={"placeholder": "https://…/api", "autocomplete": "off"}),
        help_text="The full address that calls are posted to, with /api at its end.",
    )
    api_key_id = forms.CharField(
        max_length=128,
        label="API key id",
        help_text="A key of the remote's that may change contexts of the solution below.",
    )
    secret = forms.CharField(
        label="API key secret",
        required=False,
        max_length=remote_secrets.LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    solution_there = forms.CharField(
        max_length=128,
        label="Solution there",
        help_text="Its id: contexts that are made there belong to it.",
    )
    remote = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, row: RemoteRow | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.row = row
        self.fields["secret"].required = row is None
        self.fields["secret"].help_text = _HIDDEN if row is None else _KEEP

    def clean_url(self) -> str:
        """Refuse what is not called from here, and say what to do."""
        url: str = self.cleaned_data["url"]
        try:
            outside.parse(url, outside.guard())
        except AddressRefused as refusal:
            raise forms.ValidationError([str(refusal), _WHAT_TO_DO]) from None
        return url

    def clean_secret(self) -> str:
        """Refuse what no secret is, before it is sealed."""
        secret: str = self.cleaned_data["secret"]
        try:
            if secret:
                remote_secrets.require_plain(secret)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return secret


class CarryForm(forms.Form):
    """Which context is carried, and to which one there."""

    context = forms.ChoiceField(help_text="All its members are carried from now on.")
    context_there = forms.CharField(
        max_length=128,
        required=False,
        label="Context there",
        help_text="The id of one that is there. Without it one is made there, with the same name.",
    )
    carried = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, contexts: Sequence[tuple[str, str]], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["context"].choices = contexts  # type: ignore[attr-defined]


class ResyncForm(forms.Form):
    """Whether those go there, too, who never were members here."""

    removes_unknown = forms.BooleanField(
        required=False,
        label="Remove members there who never were members here",
        help_text="Somebody else added them. Without this they stay.",
    )


def details(given: Mapping[str, Any], remote_id: UUID) -> dict[str, Any]:
    """The part of the commands' input that the form gives; the secret sealed."""
    told = {name: given[name] for name in ("name", "url", "api_key_id", "solution_there")}
    if given["secret"]:
        sealed = remote_secrets.sealed(given["secret"], remote_id=remote_id)
        told["sealed_secret"] = base64.b64encode(sealed).decode()
    return {"remote": str(remote_id), **told}


def initial(row: RemoteRow) -> dict[str, Any]:
    """The form of a remote that is there."""
    return {name: getattr(row, name) for name in ("name", "url", "api_key_id", "solution_there")}
