"""What people type on the sign-in pages."""

from typing import Any

from django import forms


class PasswordForm(forms.Form):
    """User name and password."""

    username = forms.CharField(
        max_length=254,
        label="User name or e-mail address",
        widget=forms.TextInput(
            attrs={"autocomplete": "username webauthn", "autocapitalize": "none"}
        ),
    )
    password = forms.CharField(
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class HolderForm(forms.Form):
    """Whose passkey is to be used, for authenticators that do not know it."""

    username = forms.CharField(
        max_length=254,
        label="User name",
        widget=forms.TextInput(
            attrs={"autocomplete": "username webauthn", "autocapitalize": "none"}
        ),
    )


class NewPersonForm(forms.Form):
    """Who somebody new wants to be."""

    username = forms.CharField(
        max_length=254,
        label="User name",
        help_text="Others see it, and nobody else may have it.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    full_name = forms.CharField(
        max_length=200,
        required=False,
        label="Full name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class AddressForm(forms.Form):
    """Where a code is mailed to."""

    address = forms.EmailField(
        max_length=254,
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class MailedCodeForm(forms.Form):
    """The code from the mail."""

    address = forms.CharField(max_length=254, widget=forms.HiddenInput)
    code = forms.RegexField(
        r"^\s*[0-9]{3}\s?[0-9]{3}\s*$",
        max_length=16,
        label="Code from the e-mail",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        """Six digits, however they were spaced."""
        code: str = self.cleaned_data["code"]
        return "".join(code.split())


class SecondFactorForm(forms.Form):
    """A one-time password or a recovery code, after a first proof."""

    ticket = forms.CharField(max_length=128, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=64,
        label="One-time password",
        help_text="The six digits that your generator shows now, or one of your recovery codes.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


class WalletForm(forms.Form):
    """A text that a wallet signed."""

    message = forms.CharField(max_length=8192, strip=False)
    signature = forms.CharField(max_length=512)


class NewPasswordForm(forms.Form):
    """A new password, and the present one where that is the proof."""

    present = forms.CharField(
        strip=False,
        max_length=1024,
        required=False,
        label="Present password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        strip=False,
        max_length=1024,
        label="New password",
        help_text="8 characters or more. You are signed out everywhere else.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *given: Any, asks_for_present: bool, **more: Any) -> None:
        more.setdefault("auto_id", "password_%s")
        super().__init__(*given, **more)
        if not asks_for_present:
            del self.fields["present"]


class ProofForm(forms.Form):
    """Once more who one is: the password, or a one-time password where those are set up."""

    password = forms.CharField(
        strip=False,
        max_length=1024,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        max_length=64,
        required=False,
        label="One-time password",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
