"""Registries in the admin: who is one, who belongs to whom, whose DID is published."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin import related
from accounts.admin.related import Section, WithRelated
from accounts.models import RegistryMembership, User
from identity.actor import Actor
from identity.admin import components, site

_PARTS = {
    "STANDARD_REGISTRY": "a registry",
    "USER": "a user of a registry",
    "AUDITOR": "an auditor",
}


@admin.register(RegistryMembership, site=site)
class RegistryMembershipAdmin(WithRelated):
    """The parts that users of the scope have, the newest first."""

    view_permission = "registries:list"
    list_display = ("whose", "part", "belongs_to", "is_ready", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "parent")
    search_prefixes = ("user__username_folded",)
    search_help_text = "How the user name begins"
    lead = "Registries, the users who belong to them, and those who look on."
    when_empty = "There is no registry yet. Onboard one, and then users under it."
    ordering = ("-created_at", "-id")
    readonly_fields = ("part", "belongs_to", "did_to_copy", "topic", "ledger_account")
    audit_kind = "user"
    fields = (
        *("user", "part", "belongs_to", "did_to_copy", "topic", "ledger_account"),
        *("created_at", "updated_at"),
    )

    def _plural(self) -> str:
        return "Registries"

    def object_title(self, row: RegistryMembership) -> str:
        """Whose part it is."""
        return f"{row.user.username} in the registries"

    def audit_subject(self, row: RegistryMembership) -> str:
        """The record has parts under their user."""
        return str(row.user_id)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Who belongs to a registry; to others nobody does."""
        del request
        if not row.is_registry:
            return []
        rows = RegistryMembership.objects.filter(parent_id=row.user_id).select_related("user")
        found = list(rows.order_by("-created_at", "-id")[: related.MOST + 1])
        about = f"The newest {related.MOST}" if len(found) > related.MOST else "Users"
        return [
            Section(
                title=f"{about} of this registry",
                columns=("User and DID", "Since"),
                rows=[_cells(one) for one in found[: related.MOST]],
                when_empty="Nobody belongs to it yet.",
            )
        ]

    @admin.display(description="user")
    def whose(self, row: RegistryMembership) -> str:
        """The user; a name may be long."""
        return format_html('<span class="wrapped">{}</span>', row.user.username)

    @admin.display(description="part")
    def part(self, row: RegistryMembership) -> str:
        """What the user is."""
        return _PARTS[row.role]

    @admin.display(description="registry")
    def belongs_to(self, row: RegistryMembership) -> str:
        """The registry of a user; others have none."""
        return _user(row.parent) if row.parent else components.nothing()

    @admin.display(description="set up")
    def is_ready(self, row: RegistryMembership) -> str:
        """Whether its onboarding has ended well."""
        return "yes" if row.did else "not yet"

    @admin.display(description="DID")
    def did_to_copy(self, row: RegistryMembership) -> str:
        """The DID, once there is one."""
        return components.copyable(row.did) if row.did else ""

    @admin.display(description="topic")
    def topic(self, row: RegistryMembership) -> str:
        """Where a registry and its users publish."""
        return row.topic_id

    @admin.display(description="ledger account")
    def ledger_account(self, row: RegistryMembership) -> str:
        """The account on the ledger, once there is one."""
        return components.copyable(row.account.account_id) if row.account else ""


def sections(user: User, by: Actor) -> Sequence[Section]:
    """A user's part, for the user's page; nothing for who may not read it and for who has none."""
    if not by.may("registries:list"):
        return ()
    row = RegistryMembership.objects.filter(user=user).select_related("parent").first()
    if row is None:
        return ()
    part = _PARTS[row.role]
    if by.may("registries:get"):
        page = reverse("admin:accounts_registrymembership_change", args=[row.pk])
        part = related.link(page, part)
    did = components.copyable(row.did) if row.did else "not set up yet"
    whole = format_html("{}<div>{}</div>", part, did)
    cells = (whole, _user(row.parent) if row.parent else components.nothing())
    return (Section(title="Registries", columns=("Part and DID", "Registry"), rows=[cells]),)


def _cells(row: RegistryMembership) -> Sequence[str]:
    did = components.copyable(row.did) if row.did else "not set up yet"
    return (
        format_html("{}<div>{}</div>", _user(row.user), did),
        components.moment(row.created_at),
    )


def _user(user: User) -> str:
    return related.link(reverse("admin:accounts_user_change", args=[user.pk]), user.username)
