"""The page on which staff change their own password."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from accounts import queries as accounts
from accounts.errors import PasswordRefused, PasswordUnfit
from identity.errors import DomainError
from identity.pages import staff_acts
from identity.scoping import current


class ChangeForm(forms.Form):
    """The old password once, the new one twice."""

    old = forms.CharField(
        label="Present password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 8 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both new ones must be the same."""
        data = super().clean() or self.cleaned_data
        if "new" in data and "again" in data and data["new"] != data["again"]:
            self.add_error("again", "The two new passwords differ. Type the new one again.")
        return data


def change(request: HttpRequest, form: ChangeForm) -> bool:
    """Change the password of who is signed in and say so; False with the reason in the form.

    It happens in the scope that the person belongs to, whichever one an operator works in.
    """
    user: Any = request.user
    with current.in_scope(user.scope_id):
        try:
            answer = staff_acts.change_password(
                old=form.cleaned_data["old"],
                new=form.cleaned_data["new"],
                by=accounts.staff_actor(user, scope_id=user.scope_id),
                now=datetime.now(UTC),
            )
        except PasswordRefused:
            form.add_error("old", "This is not your password, or there were too many wrong tries.")
        except PasswordUnfit as refusal:
            form.add_error("new", str(refusal))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            user.refresh_from_db()
            update_session_auth_hash(request, user)
            staff_acts.report(request, answer, done="Your password is changed.")
            return True
    return False
