"""The page “Your devices”: who works here registers this browser and revokes what was lost."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from identity.admin.pages import Pages, asked
from identity.admin.standing import actor_of
from identity.errors import Missing
from identity.pages import own_devices, staff_session


class OwnDevicePages(Pages):
    """The list with what registers a browser, and the page that asks before one is revoked."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        one = "own-devices/<uuid:device_id>/revoke/"
        return [
            path("own-devices/", self.framed(self.listed), name="own_devices"),
            path(one, self.framed(self.revoke), name="own_device_revoke"),
        ]

    @staff_session.recently_proved
    def listed(self, request: HttpRequest) -> HttpResponse:
        """The own devices."""
        return self.shown(request, "own_devices", **own_devices.page(request, actor_of(request)))

    @staff_session.recently_proved
    def revoke(self, request: HttpRequest, device_id: UUID) -> HttpResponse:
        """Ask once, then end the device or propose it."""
        by, back = actor_of(request), reverse("admin:own_devices")
        try:
            device = own_devices.living(device_id, by=by)
        except Missing:
            raise Http404 from None
        form = own_devices.RevokeForm(request.POST if request.method == "POST" else None)

        def act(given: dict[str, Any]) -> HttpResponse:
            reason, now = given["reason"], datetime.now(UTC)
            own_devices.revoke(request, device_id, reason=reason, by=by, now=now)
            return HttpResponseRedirect(back)

        return asked(form, act) or self.shown(
            request,
            "own_device_revoke",
            title=f"Revoke {device.name}",
            device=device,
            form=form,
            back=back,
            back_name="Your devices",
        )
