"""Policies in the admin, in the order in which they are tried."""

from django.contrib import admin

from identity.admin import ReadOnlyAdmin, site
from invitations.models import Policy

# Django would write "policys".
Policy._meta.verbose_name_plural = "policies"  # noqa: SLF001


@admin.register(Policy, site=site)
class PolicyAdmin(ReadOnlyAdmin):
    """The policies of this scope in the order in which they are tried."""

    view_permission = "policies:list"
    list_display = (
        "name",
        "action",
        "resource",
        "decision_on_true",
        "priority",
        "status",
        "is_locked",
    )
    ordering = ("-is_locked", "priority", "public_id")
    exclude = ("scope", "id")

    def audit_subject(self, row: Policy) -> str:
        """Policies are known by the id that clients chose."""
        return str(row.public_id)
