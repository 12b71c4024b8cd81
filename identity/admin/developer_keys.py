"""Developer keys in the admin: whose word counts for users of the scope; added and revoked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity import developer_key_queries as queries
from identity import ids
from identity.admin import acts
from identity.admin.bases import ReadOnlyAdmin
from identity.admin.components import Action
from identity.admin.frame import site
from identity.admin.pages import require
from identity.admin.standing import actor_of
from identity.errors import DomainError, Missing
from identity.models import DeveloperKey
from identity.pages import staff_acts, staff_session
from identity.services import developer_keys
from invitations.services.governance import Done, Pending

_LIST: Final = "admin:identity_developerkey_changelist"
_NAME: Final = "Developer keys"


class DeveloperKeyForm(forms.Form):
    """A further key."""

    name = forms.CharField(max_length=200, help_text="Who holds it, or where it lies.")
    public_key = forms.CharField(
        label="Public key",
        max_length=1024,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text="P-256: SPKI as PEM or base64, or the point in hex. Never the private key.",
    )
    is_owner = forms.BooleanField(
        label="An owner's key",
        required=False,
        help_text="As the policies say, it also changes the domain, origin and name of passkeys"
        " (updateScope).",
    )
    developer_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_public_key(self) -> str:
        """The point in hex."""
        try:
            return developer_keys.parsed(self.cleaned_data["public_key"]).hex
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None


@admin.register(DeveloperKey, site=site)
class DeveloperKeyAdmin(ReadOnlyAdmin):
    """The developer keys of the scope."""

    view_permission = "developer-keys:list"
    list_display = ("name", "status_badge", "whose", "last_used_at", "created_at")
    fields = (
        *("id", "name", "status", "is_owner", "public_key"),
        *("created_at", "last_used_at", "revoked_at"),
    )
    ordering = ("-created_at", "-id")
    audit_kind = "developer-key"
    lead = "Public keys of your own servers. Their holders register users by their word alone."
    when_empty = "There is no developer key. Add one if a server of yours registers its users."

    @admin.display(description="kind")
    def whose(self, row: DeveloperKey) -> str:
        """Whether it is an owner's."""
        return "an owner's" if row.is_owner else "a developer's"

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one."""
        if not actor_of(request).may("developer-keys:create"):
            return ()
        return (Action("Add a developer key", reverse("admin:developer_key_add")),)

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """The end, while it is of use."""
        is_on = row.status == DeveloperKey.Status.ACTIVE
        if not is_on or not actor_of(request).may("developer-keys:delete"):
            return ()
        url = reverse("admin:developer_key_revoke", args=[row.pk])
        return (Action("Revoke", url, is_dangerous=True),)

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        end = "<uuid:developer_key_id>/revoke/"
        return [
            path("new/", wrap(never_cache(add)), name="developer_key_add"),
            path(end, wrap(never_cache(revoke)), name="developer_key_revoke"),
            *super().get_urls(),
        ]


@staff_session.recently_proved
def add(request: HttpRequest) -> HttpResponse:
    """Register one, or propose it."""
    require(request, "developer-keys:create")
    form = DeveloperKeyForm(request.POST if request.method == "POST" else None)
    form.fields["developer_key"].initial = ids.new()
    ask = acts.Ask(
        title="Add a developer key",
        template="admin/developer_key_add.html",
        back=reverse(_LIST),
        back_name=_NAME,
        done="The key is registered.",
    )

    def act(given: dict[str, Any]) -> Done | Pending:
        # The form's own id: the same form sent twice registers one key.
        details = {**given, "developer_key": str(given["developer_key"] or ids.new())}
        return _submit(request, "developer-key.add", details)

    return acts.page(request, ask, form, act)


@staff_session.recently_proved
def revoke(request: HttpRequest, developer_key_id: UUID) -> HttpResponse:
    """Ask once, then end it or propose that."""
    require(request, "developer-keys:delete")
    try:
        row = queries.developer_key(developer_key_id)
    except Missing:
        raise Http404 from None
    details = {"developer_key": str(row.id)}
    ask = acts.Ask(
        title="Revoke the developer key",
        template="admin/developer_key_revoke.html",
        back=reverse(_LIST),
        back_name=_NAME,
        done="The key is revoked.",
        context={
            "row": row,
            "foreseen": acts.foreseen(
                "developer-key.revoke", details, by=actor_of(request), now=datetime.now(UTC)
            ),
        },
    )
    form = acts.ConfirmForm(request.POST if request.method == "POST" else None)
    return acts.page(
        request, ask, form, lambda _: _submit(request, "developer-key.revoke", details)
    )


def _submit(request: HttpRequest, command: str, details: dict[str, Any]) -> Done | Pending:
    return staff_acts.submit(
        command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
    )
