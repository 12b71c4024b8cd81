"""How staff sign in to the admin."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm

from accounts.errors import Busy, TooManyWrongPasswords


class SignInForm(AdminAuthenticationForm):
    """User name and password; scope staff name their scope, operators leave it empty."""

    error_messages = AdminAuthenticationForm.error_messages | {
        "invalid_login": (
            "Scope, user name and password don't fit together. Operators leave the scope empty; "
            "staff name theirs. After ten wrong tries an account has to wait for 15 minutes."
        ),
    }
    scope = forms.SlugField(
        required=False, help_text="Leave this empty if you are a platform operator."
    )
    field_order = ("scope", "username", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["scope"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Check the name inside the named scope."""
        if self.errors:
            return self.cleaned_data
        scope = self.cleaned_data["scope"]
        if scope:
            self.cleaned_data["username"] = f"{scope}/{self.cleaned_data['username']}"
        try:
            return super().clean()
        except (Busy, TooManyWrongPasswords) as refusal:
            raise forms.ValidationError(str(refusal)) from None
