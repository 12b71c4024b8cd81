"""Server keys in the admin: what each is for, how old it is, when it ends, and rotation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity.admin import acts, components
from identity.admin.bases import ReadOnlyAdmin
from identity.admin.components import Action
from identity.admin.frame import site
from identity.admin.standing import actor_of
from identity.models import ServerKey
from identity.pages import staff_acts, staff_session
from identity.services import server_keys

_LIST: Final = "admin:identity_serverkey_changelist"
_FOR: Final = {
    ServerKey.Purpose.ENCRYPTION: "Devices seal requests for it.",
    ServerKey.Purpose.SIGNATURE: "Devices check answers, votes and statements with it.",
    ServerKey.Purpose.TOKEN: "Applications check the tokens of sessions with it.",
    ServerKey.Purpose.APPLICATION: "Wallets check what the scope says as an application with it.",
}
_ROTATION: Final = {
    ServerKey.Purpose.ENCRYPTION: (
        "Devices seal their requests for the new key as soon as they hear of it; requests for the "
        "old one are opened for 90 days. After that its private half is destroyed."
    ),
    ServerKey.Purpose.SIGNATURE: (
        "Devices that know the old key get answers signed with it for 90 days, and are told of the "
        "new one. Whoever keeps the key to check exports has to note the new one too."
    ),
    ServerKey.Purpose.TOKEN: (
        "New tokens are signed with the new key at once; those of the old one are good until they "
        "end, for 90 days at most. Applications find both keys where the scope publishes them."
    ),
    ServerKey.Purpose.APPLICATION: (
        "The scope speaks to wallets with the new key from now on. The address under which wallets "
        "know it stays that of its first key."
    ),
}


@admin.register(ServerKey, site=site)
class ServerKeyAdmin(ReadOnlyAdmin):
    """The scope's server keys; private parts are never shown."""

    view_permission = "server-keys:get"
    list_display = ("purpose", "kid", "status_badge", "age", "rotation", "ends")
    fields = (
        "purpose",
        "use",
        "kid",
        "status",
        "activated_at",
        "age",
        "rotation",
        "ends",
        "public",
    )
    readonly_fields = ("use", "age", "rotation", "ends")
    ordering = ("purpose", "-activated_at")
    audit_kind = "server-key"
    lead = "Clients check answers with one and seal requests for the other."

    def audit_subject(self, row: ServerKey) -> str:
        """Keys are known by their digest."""
        return row.kid

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The ways to new keys."""
        if not actor_of(request).may("server-keys:edit"):
            return ()
        return [_rotation(purpose) for purpose in ServerKey.Purpose]

    def object_actions(self, request: HttpRequest, row: Any) -> Sequence[Action]:
        """The way to the key that comes after an active one."""
        is_active = row.status == ServerKey.Status.ACTIVE
        if not is_active or not actor_of(request).may("server-keys:edit"):
            return ()
        return (_rotation(row.purpose),)

    @admin.display(description="what for")
    def use(self, key: ServerKey) -> str:
        """What the key is for."""
        return _FOR[ServerKey.Purpose(key.purpose)]

    @admin.display(description="age")
    def age(self, key: ServerKey) -> str:
        """Whole days since it was made."""
        days = (datetime.now(UTC) - key.activated_at).days
        return f"{days} day{'' if days == 1 else 's'}"

    @admin.display(description="rotation")
    def rotation(self, key: ServerKey) -> str:
        """When the next key is due."""
        if key.status != ServerKey.Status.ACTIVE:
            return components.nothing()
        due_at = key.activated_at + server_keys.ROTATE_AFTER
        if due_at <= datetime.now(UTC):
            return components.badge("due", "attention")
        return f"due from {due_at:%Y-%m-%d}"

    @admin.display(description="of use until")
    def ends(self, key: ServerKey) -> str:
        """The end of a key that was replaced."""
        return components.moment(key.expires_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that rotates."""
        view = self.admin_site.admin_view(never_cache(rotate))
        return [path("rotate/<slug:purpose>/", view, name="server_key_rotate"), *super().get_urls()]


@staff_session.recently_proved
def rotate(request: HttpRequest, purpose: str) -> HttpResponse:
    """Ask once, then make a new key or propose it."""
    by = actor_of(request)
    if not by.may("server-keys:edit"):
        raise PermissionDenied
    if purpose not in ServerKey.Purpose.values:
        raise Http404
    details, now = {"purpose": purpose}, datetime.now(UTC)
    present = ServerKey.objects.filter(purpose=purpose, status=ServerKey.Status.ACTIVE).first()
    ask = acts.Ask(
        title=f"Rotate the {purpose} key",
        template="admin/rotate_server_key.html",
        back=reverse(_LIST),
        back_name="Server keys",
        done="The new key is in use.",
        context={
            "present": present,
            "about": _ROTATION[ServerKey.Purpose(purpose)],
            "foreseen": acts.foreseen("server-key.rotate", details, by=by, now=now),
        },
    )
    return acts.page(
        request,
        ask,
        acts.ConfirmForm(request.POST if request.method == "POST" else None),
        lambda _: staff_acts.submit(
            command="server-key.rotate",
            details=details,
            by=by,
            now=now,
        ),
    )


def _rotation(purpose: str) -> Action:
    url = reverse("admin:server_key_rotate", args=[purpose])
    return Action(f"Rotate the {purpose} key", url)
