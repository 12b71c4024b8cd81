"""The log of mail in the admin: to whom, what for, and whether it left."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from identity.admin.bases import ReadOnlyAdmin
from identity.admin.frame import site
from identity.models import SentMail


@admin.register(SentMail, site=site)
class SentMailAdmin(ReadOnlyAdmin):
    """Mail of the scope, the newest first; what it said is nowhere."""

    view_permission = "mails:list"
    list_display = ("queued_at", "purpose", "recipient", "state", "fault")
    list_filter: ClassVar[tuple[str, ...]] = ("state",)
    fields = (
        *("id", "purpose", "template", "recipient", "about", "state", "tries", "fault"),
        *("queued_at", "useful_until", "ended_at"),
    )
    ordering = ("-queued_at", "-id")
    audit_kind = "mail"
    lead = "Kept for 90 days, without what it said."
    when_empty = "No mail was sent yet."

    def object_title(self, row: SentMail) -> str:
        """What it was for."""
        return f"{row.purpose} to {row.recipient}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what waits sealed."""
        return super().get_queryset(request).defer("sealed_context")
