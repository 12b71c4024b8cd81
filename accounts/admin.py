"""Users and devices in the admin: read, and revoke a device."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts import queries
from accounts.models import Device, User
from identity.admin import ReadOnlyAdmin, actor_of, site
from identity.crypto import check_code
from identity.errors import DomainError
from identity.pages import staff_acts, staff_session


@admin.register(User, site=site)
class UserAdmin(ReadOnlyAdmin):
    """Persons and programs of this scope."""

    view_permission = "users:list"
    list_display = ("username", "first_name", "last_name", "kind", "status_badge", "created_at")
    list_filter = ("kind", "status")
    search_prefixes = ("username_folded", "email")
    search_help_text = "How a user name or address begins"
    lead = "Persons and programs that can act in this scope."
    when_empty = "Nobody is here yet. An invitation makes the first user of this scope."
    ordering = ("-created_at",)
    fields = (
        "public_id",
        "username",
        "email",
        "first_name",
        "last_name",
        "mobile",
        "kind",
        "status",
        "roles",
        "is_staff",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("roles",)

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """The names of the roles held."""
        return ", ".join(sorted(queries.user(user.public_id).roles)) or "none"


class RevokeForm(forms.Form):
    """Why a device is revoked."""

    reason = forms.CharField(max_length=512, help_text="Kept in the audit record.")


@admin.register(Device, site=site)
class DeviceAdmin(ReadOnlyAdmin):
    """Devices of this scope's users."""

    view_permission = "devices:list"
    list_display = ("name", "user", "status_badge", "code", "registered_at", "last_seen_at", "act")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the owner's user name begins"
    lead = "Each holds keys of its own; the server knows the public halves only."
    ordering = ("-registered_at",)
    fields = (
        "id",
        "name",
        "user",
        "status",
        "code",
        "signature_key",
        "registered_at",
        "last_seen_at",
        "revoked_at",
        "revoke_reason",
    )
    readonly_fields = ("code",)
    when_empty = (
        "No device is registered yet. Whoever holds an invitation registers one; issue an "
        "invitation first."
    )

    def object_title(self, row: Device) -> str:
        """Its name; the id stands below."""
        return row.name

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Without the way to revoke for who may revoke none."""
        names = super().get_list_display(request)
        may_revoke = actor_of(request).may("devices:delete")
        return tuple(str(name) for name in names if name != "act" or may_revoke)

    @admin.display(description="check code")
    def code(self, device: Device) -> str:
        """Eight digits to compare over the telephone."""
        return check_code.of_key(device.signature_key)

    @admin.display(description="action")
    def act(self, device: Device) -> str:
        """The way to revoke it."""
        if device.status == Device.Status.REVOKED:
            return "-"
        return format_html(
            '<a href="{}">Revoke…</a>', reverse("admin:device_revoke", args=[device.id])
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the page that revokes."""
        view = self.admin_site.admin_view(never_cache(self.revoke))
        return [path("<uuid:device_id>/revoke/", view, name="device_revoke"), *super().get_urls()]

    @staff_session.recently_proved
    def revoke(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        """Ask why, then revoke or propose it."""
        back = reverse("admin:accounts_device_changelist")
        device = Device.objects.select_related("user").filter(id=device_id).first()
        if not self._may_revoke(request, device):
            raise PermissionDenied
        if device is None:
            messages.error(request, "There is no such device in this scope.")
            return HttpResponseRedirect(back)
        form = RevokeForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._revoked(request, device, form):
            return HttpResponseRedirect(back)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Revoke {device.name}",
            "device": device,
            "code": check_code.of_key(device.signature_key),
            "form": form,
            "back": back,
            "back_name": "Devices",
        }
        return TemplateResponse(request, "admin/revoke_device.html", context)

    @staticmethod
    def _may_revoke(request: HttpRequest, device: Device | None) -> bool:
        actor = actor_of(request)
        is_own = device is not None and device.user_id == actor.user_id
        return is_own or actor.may("devices:delete")

    def _revoked(self, request: HttpRequest, device: Device, form: RevokeForm) -> bool:
        try:
            answer = staff_acts.submit(
                command="device.revoke",
                details=self._details(device, form.cleaned_data["reason"]),
                by=actor_of(request),
                now=datetime.now(UTC),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return False
        staff_acts.report(request, answer, done="The device is revoked.")
        return True

    @staticmethod
    def _details(device: Device, reason: str) -> dict[str, str]:
        return {
            "user": str(device.user.public_id),
            "device": str(device.id),
            "reason": reason,
        }
