"""The audit record and the server keys in the admin."""

from django.contrib import admin

from identity.admin.bases import ReadOnlyAdmin
from identity.admin.frame import site
from identity.models import AuditEvent, ServerKey


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdmin):
    """What happened in this scope."""

    view_permission = "audit:list"
    list_display = ("sequence", "when", "name", "subject_kind", "subject_id", "who")
    list_filter = ("subject_kind",)
    search_fields = ("=subject_id", "^name")
    search_help_text = "The whole id of a subject, or how the name of an event begins."
    ordering = ("-sequence",)
    fields = ("sequence", "when", "name", "subject_kind", "subject_id", "actor", "facts")
    readonly_fields = ("when",)

    @admin.display(description="at", ordering="at")
    def when(self, event: AuditEvent) -> str:
        """To the second."""
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="by")
    def who(self, event: AuditEvent) -> str:
        """The actor in words."""
        return " ".join(str(value) for value in event.actor.values())


@admin.register(ServerKey, site=site)
class ServerKeyAdmin(ReadOnlyAdmin):
    """The scope's server keys; private parts are never shown."""

    view_permission = "server-keys:get"
    list_display = ("purpose", "kid", "status", "activated_at", "expires_at")
    fields = ("purpose", "kid", "public", "status", "activated_at", "expires_at")
    ordering = ("purpose", "-activated_at")
