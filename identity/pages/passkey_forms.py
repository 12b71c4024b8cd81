"""What browsers send of passkeys on our pages, and what they are told for a ceremony."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import HttpResponse, JsonResponse

from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import DomainError
from identity.web import problems
from sessions_app.services.passkey_options import Ceremony

LONGEST: Final = 128 * 1024


class CredentialForm(forms.Form):
    """The answer of an authenticator: WebAuthn's JSON of a credential, as a script wrote it."""

    challenge_id = forms.UUIDField(widget=forms.HiddenInput)
    credential = forms.CharField(max_length=LONGEST, widget=forms.HiddenInput)

    def clean_credential(self) -> dict[str, Any]:
        """The JSON object."""
        try:
            return strict_json.decode(self.cleaned_data["credential"].encode())
        except (EnvelopeMalformed, UnicodeEncodeError):
            raise forms.ValidationError("This is no answer of a passkey.") from None


class PasskeyNameForm(forms.Form):
    """What a passkey is called."""

    name = forms.CharField(
        max_length=100,
        required=False,
        label="Name",
        help_text="For example “Telephone” or “Blue security key”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def ceremony(
    begin: Callable[[], Ceremony], worded: Callable[[DomainError], str] = str
) -> HttpResponse:
    """The options for a script of a page, or what to tell the person instead, in words."""
    try:
        begun = begin()
    except DomainError as refusal:
        told = {"title": worded(refusal), "code": refusal.code}
        return JsonResponse(told, status=problems.STATUS[refusal.kind])
    return JsonResponse({"challenge_id": str(begun.challenge_id), "public_key": begun.options})
