"""The form with which staff onboard somebody."""

from typing import Any, Final

from django import forms

from accounts.queries import registries
from identity.paging import After

_MOST_LISTED: Final = 200
_USER: Final = "USER"
_ROLES: Final = [
    (_USER, "A user of a registry"),
    ("STANDARD_REGISTRY", "A registry, to which users belong"),
]


class OnboardForm(forms.Form):
    """Who it is, and which part in the registries of this scope."""

    username = forms.CharField(max_length=254, label="User name")
    role = forms.ChoiceField(choices=_ROLES, label="Part")
    parent = forms.ChoiceField(
        required=False,
        label="Registry",
        help_text="The registry to which the user belongs; a registry belongs to none.",
    )
    password = forms.CharField(
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        max_length=1024,
        strip=False,
        label="Password, once more",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        after = After(limit=_MOST_LISTED, filters={"role": "STANDARD_REGISTRY"})
        window = registries.window(after)
        if window.next is None:
            ready = [row.username for row in window.rows if row.did and row.topic_id]
            choices = [("", "None"), *((name, name) for name in ready)]
            self.fields["parent"].choices = choices  # type: ignore[attr-defined]
            return
        # More than a list can show: the name is typed.
        self.fields["parent"] = forms.CharField(
            required=False,
            max_length=254,
            label="Registry",
            help_text="The user name of the registry to which the user belongs.",
        )

    def clean(self) -> dict[str, Any]:
        """Refuse two passwords that differ, a user of no registry, and a registry of one."""
        data = super().clean() or self.cleaned_data
        if data.get("password") != data.get("again"):
            self.add_error("again", "This is not the same password.")
        has_parent, is_user = bool(data.get("parent")), data.get("role") == _USER
        if is_user and not has_parent and "parent" in data:
            self.add_error("parent", "Choose the registry. If there is none, onboard one first.")
        if has_parent and not is_user:
            self.add_error("parent", "A registry belongs to no other one. Choose None.")
        return data
