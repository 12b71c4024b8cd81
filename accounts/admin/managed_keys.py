"""Managed keys in the admin: whose account has which address, and what it signed."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin import related
from accounts.admin.related import Section, WithRelated
from accounts.models import KeySignature, ManagedKey
from accounts.queries import managed_keys as queries
from identity.admin import components, site

_KINDS = {
    KeySignature.Kind.PERSONAL_MESSAGE: "message",
    KeySignature.Kind.TRANSACTION: "transaction",
    KeySignature.Kind.TYPED_DATA: "typed data",
}


@admin.register(ManagedKey, site=site)
class ManagedKeyAdmin(WithRelated):
    """The accounts of the scope's users, the newest first."""

    view_permission = "managed-keys:list"
    list_display = ("address", "user", "created_at")
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "The whole address, or how the user name begins"
    lead = (
        "Accounts of Ethereum whose keys the server holds for its users. Only the user signs with"
        " them; a policy can ask others first."
    )
    when_empty = "Nobody has an account yet. It comes with a user's first passkey, or on asking."
    ordering = ("-created_at", "-id")
    readonly_fields = ("address_to_copy", "point")
    audit_kind = "managed-key"
    fields = ("id", "address_to_copy", "user", "point", "created_at")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Without what no page shows."""
        return super().get_queryset(request).defer("sealed_secret")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The one account of an address, in any capitals that are right; else by user name."""
        address = queries.canonical(search_term)
        if address:
            return queryset.filter(address=address), False
        return super().get_search_results(request, queryset, search_term)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """What it signed, or was asked to sign."""
        del request
        return [
            Section(
                title="Signatures",
                columns=("What, when, and its digest", "Outcome", "By"),
                rows=[_cells(one) for one in queries.signatures_of(row.pk, most=related.MOST)],
                when_empty="This account has signed nothing yet.",
            )
        ]

    @admin.display(description="address")
    def address_to_copy(self, row: ManagedKey) -> str:
        """The address with a button that copies it."""
        return components.copyable(row.address)

    @admin.display(description="public key")
    def point(self, row: ManagedKey) -> str:
        """The compressed point."""
        return components.copyable(f"0x{bytes(row.public_key).hex()}")


def _cells(one: KeySignature) -> Sequence[str]:
    outcome = components.badge(one.outcome)
    if one.proposal_id is not None:
        url = reverse("admin:invitations_proposal_change", args=[one.proposal_id])
        outcome = format_html("{} {}", outcome, related.link(url, "proposal"))
    return (
        format_html(
            "{}, {}<div>{}</div>",
            _KINDS[KeySignature.Kind(one.kind)],
            components.moment(one.asked_at),
            components.copyable(f"0x{one.digest}"),
        ),
        outcome,
        _who(one),
    )


def _who(one: KeySignature) -> str:
    if one.vouched_by is not None:
        url = reverse("admin:identity_developerkey_change", args=[one.vouched_by])
        return related.link(url, "a developer key")
    if one.device_id is not None:
        url = reverse("admin:accounts_device_change", args=[one.device_id])
        return related.link(url, "a device")
    if one.session_id is not None:
        url = reverse("admin:sessions_app_session_change", args=[one.session_id])
        return related.link(url, "a session")
    return one.actor_kind
