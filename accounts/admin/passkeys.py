"""Passkeys of a scope's users in the admin: what is known of each, the alarms, and removal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts.admin import acting
from accounts.admin.acting import Act
from accounts.models import Passkey
from accounts.queries import passkey_makers
from accounts.queries import passkeys as queries
from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.admin.acts import ReasonForm
from identity.admin.components import Action
from identity.pages.filters import JudgedFilter
from identity.pages.staff_session import recently_proved
from identity.services import passkey_policy

LIST: Final = "admin:accounts_passkey_changelist"


class Alarms(JudgedFilter):
    """Passkeys by what is wrong with them."""

    title = "alarm"
    parameter_name = "alarm"
    words = queries.ALARMS

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """Those that are suspended, or have had an alarm."""
        del now
        return queries.alarmed(rows, state)


@admin.register(Passkey, site=site)
class PasskeyAdmin(ReadOnlyAdmin):
    """Passkeys of this scope's users, the newest first."""

    view_permission = "passkeys:list"
    list_display = ("name", "user", "state_now", "model_name", "added_at", "last_used_at")
    list_display_links = ("name",)
    list_filter = (Alarms,)
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the holder's user name begins"
    ordering = ("-added_at", "-id")
    readonly_fields = (
        "state_now",
        "model_name",
        "domain",
        "model_id",
        "copies",
        "knew_the_person",
        "reached_by",
    )
    fields = (
        *("id", "name", "user", "state_now", "domain", "model_name", "model_id", "attestation"),
        *("copies", "knew_the_person", "reached_by", "sign_count"),
        *("added_at", "last_used_at", "alarmed_at", "suspended_at", "credential_id"),
    )
    audit_kind = "passkey"
    lead = "With which people sign in without a password. Their keys are in the authenticators."
    when_empty = (
        "Nobody has a passkey yet. People add them on the sign-in page, under “Your passkeys”."
    )

    def object_title(self, row: Passkey) -> str:
        """What it is called, and whose it is."""
        return f"{row.name} of {row.user.username}"

    def object_actions(self, request: HttpRequest, row: Passkey) -> Sequence[Action]:
        """Its end."""
        if not actor_of(request).may("passkeys:delete"):
            return ()
        url = reverse("admin:passkey_remove", args=[row.pk])
        return (Action("Remove", url, is_dangerous=True),)

    @admin.display(description="state")
    def state_now(self, row: Passkey) -> str:
        """Whether it signs anybody in, and whether there was an alarm."""
        word = queries.state(row, rp_id=passkey_policy.rp_id())
        if word == queries.USABLE and row.alarmed_at is not None:
            return components.badge("alarm")
        tone = "attention" if word == queries.ELSEWHERE else None
        return components.badge(word.replace("-", " "), tone)

    @admin.display(description="maker")
    def model_name(self, row: Passkey) -> str:
        """What its model is called, as far as it says so itself."""
        return passkey_makers.name(row.aaguid) or "not known"

    @admin.display(description="domain")
    def domain(self, row: Passkey) -> str:
        """What it was made for (relying party id)."""
        return row.rp_id

    @admin.display(description="model (AAGUID)")
    def model_id(self, row: Passkey) -> str:
        """What the authenticator says of its model, as an id."""
        return str(row.aaguid)

    @admin.display(description="copies")
    def copies(self, row: Passkey) -> str:
        """Whether its key may be on several devices."""
        if row.is_backed_up:
            return "synced between devices"
        return "may be synced, and is not" if row.is_backup_eligible else "none: on one device"

    @admin.display(description="knew the person")
    def knew_the_person(self, row: Passkey) -> str:
        """Whether the authenticator verified its user the last time."""
        return "yes, by PIN or finger" if row.was_verified else "no"

    @admin.display(description="reached by")
    def reached_by(self, row: Passkey) -> str:
        """Its transports."""
        return ", ".join(row.transports) or "not told"

    def get_urls(self) -> list[URLPattern]:
        """With the page that removes one."""
        view = self.admin_site.admin_view(never_cache(remove))
        return [path("<uuid:passkey_id>/remove/", view, name="passkey_remove"), *super().get_urls()]


@recently_proved
def remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Ask why, then remove it or propose that."""
    acting.require(request, "passkeys:delete")
    row: Any = acting.found(Passkey.objects.select_related("user"), passkey_id)
    act = Act(
        command="passkey.remove",
        title=f"Remove {row.name} of {row.user.username}",
        button="Remove the passkey",
        done="The passkey is removed, and the user is signed out.",
        back=reverse(LIST),
        back_name="Passkeys",
        about=("For a passkey that was lost or copied. It signs nobody in from then on.",),
        ends=(
            "The user's sessions end, since some may have been begun with it.",
            "If it was the last way to sign in, the user needs an invitation to come back.",
        ),
        is_dangerous=True,
    )
    named = {"user": str(row.user.public_id), "passkey": str(passkey_id)}
    form = ReasonForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda data: {**named, "reason": data.get("reason", "")})
