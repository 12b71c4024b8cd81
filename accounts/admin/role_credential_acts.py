"""Acts on role credentials: issue, and revoke with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import queries
from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.models import Role, RoleCredential
from identity import ids
from identity.admin.acts import ReasonForm
from identity.pages.staff_session import recently_proved
from identity.permissions import PREDEFINED_ROLES

_LIST: Final = "admin:accounts_rolecredential_changelist"
_PAGE: Final = "admin:accounts_rolecredential_change"
_MOST_ROLES: Final = 200


class IssueForm(forms.Form):
    """Who shows which role, and for how long."""

    user = forms.CharField(max_length=254, help_text="The user name of a person of this scope.")
    role = forms.ChoiceField(help_text="One that the user holds.")
    title = forms.CharField(
        max_length=128, required=False, help_text="What wallets show. Empty: the role's name."
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=3650,
        required=False,
        label="Valid for (days)",
        help_text="Empty: until it is revoked, or the user loses the role.",
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        custom = Role.objects.filter(status=Role.Status.ACTIVE).order_by("name", "id")
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            *((name, name) for name in PREDEFINED_ROLES),
            *((str(role.public_id), role.name) for role in custom[:_MOST_ROLES]),
        ]

    def clean_user(self) -> str:
        """The id of the user of this name."""
        found = queries.user_by_name(self.cleaned_data["user"].strip())
        if found is None:
            raise forms.ValidationError("There is no such user.")
        return str(found)


@recently_proved
def issue(request: HttpRequest) -> HttpResponse:
    """Issue a credential, or propose it."""
    acting.require(request, "role-credentials:create")
    form = IssueForm(request.POST or None, initial={"user": request.GET.get("user", "")})
    act = Act(
        command="role-credential.issue",
        title="Issue a role credential",
        button="Issue the credential",
        done="The role credential is issued. Its holder's wallet can take it now.",
        back=reverse(_LIST),
        back_name="Role credentials",
        about=("It says that the user holds the role. It gives no role to who does not hold it.",),
        is_foreseen=False,
    )
    return acting.page(request, act, form, _details)


@recently_proved
def revoke(request: HttpRequest, role_credential_id: UUID) -> HttpResponse:
    """Ask why, then end the credential for ever."""
    acting.require(request, "role-credentials:delete")
    rows = RoleCredential.objects.select_related("user")
    row: RoleCredential = acting.found(rows, role_credential_id)
    act = Act(
        command="role-credential.revoke",
        title=f"Revoke the credential of {row.user.username} for {row.role}",
        button="Revoke the credential",
        done="The role credential is revoked.",
        back=reverse(_PAGE, args=[row.pk]),
        back_name="The role credential",
        about=(
            "Wallets keep the document, and nobody gets the role by it any more.",
            "The user keeps the role itself: withdraw it on the user's page.",
        ),
        is_dangerous=True,
    )
    form = ReasonForm(request.POST or None)
    named = {"role_credential": str(role_credential_id)}
    return acting.page(request, act, form, lambda data: {**named, "reason": data.get("reason", "")})


def _details(data: dict[str, Any]) -> dict[str, Any]:
    given = {"role_credential": str(ids.new()), **{name: data[name] for name in ("user", "role")}}
    if data["days"]:
        given["expires_at"] = (datetime.now(UTC) + timedelta(days=data["days"])).isoformat()
    return {**given, "title": data["title"]}
