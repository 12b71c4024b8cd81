"""DIDs in the admin: whose they are, what their documents say, and whether they still hold."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html

from accounts.admin.related import Section, WithRelated
from accounts.models import DidDocument
from accounts.queries import dids as queries
from identity.admin import components, site
from invitations.queries import hidden_signs

_METHODS = {
    DidDocument.Method.LEDGER: "the ledger",
    DidDocument.Method.KEY: "a key of the user",
    DidDocument.Method.WEB: "the web",
}
_PREFIX = "did:"


@admin.register(DidDocument, site=site)
class DidDocumentAdmin(WithRelated):
    """The DIDs of the scope's users, the newest first."""

    view_permission = "dids:list"
    list_display = ("short", "user", "method", "state", "created_at")
    list_filter = ("method", "status")
    list_select_related = ("user",)
    search_prefixes = ("user__username_folded",)
    search_help_text = "The whole DID, or how the user name begins"
    lead = (
        "Names under which others know your users and check what they signed. A DID on the ledger"
        " comes with onboarding; the others users take themselves."
    )
    when_empty = "Nobody has a DID yet. Onboard somebody, or have a user take one over the API."
    ordering = ("-created_at", "-id")
    readonly_fields = ("did_to_copy", "where", "state", "topic", "message")
    audit_kind = "did"
    fields = (
        *("id", "did_to_copy", "user", "where", "state", "topic", "message"),
        *("created_at", "updated_at", "deactivated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Without the documents, which the list does not show."""
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """The rows of a DID; else by user name."""
        if search_term.strip().startswith(_PREFIX):
            return queryset.filter(did=search_term.strip()), False
        return super().get_search_results(request, queryset, search_term)

    def object_title(self, row: DidDocument) -> str:
        """Whose it is."""
        return f"DID of {row.user.username}"

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The keys that it stands for now, and the document as it is resolved."""
        del request
        document = queries.did_document(row.pk, now=datetime.now(UTC)).document
        return [
            Section(
                title="Verification methods",
                columns=("Name and public key", "Type"),
                rows=[_cells(one) for one in document.get("verificationMethod", [])],
                when_empty="Nobody can act for this DID: it has no keys now.",
            ),
            *([_written(document)] if document else []),
        ]

    @admin.display(description="DID")
    def short(self, row: DidDocument) -> str:
        """The DID, which may be long."""
        return format_html('<span class="wrapped">{}</span>', row.did)

    @admin.display(description="DID")
    def did_to_copy(self, row: DidDocument) -> str:
        """The DID with a button that copies it."""
        return components.copyable(row.did)

    @admin.display(description="document is on")
    def where(self, row: DidDocument) -> str:
        """Where others read the document."""
        return _METHODS[DidDocument.Method(row.method)]

    @admin.display(description="state")
    def state(self, row: DidDocument) -> str:
        """Whether it still holds; before that, how publishing went."""
        return components.badge("deactivated" if row.deactivated_at else row.status)

    @admin.display(description="topic")
    def topic(self, row: DidDocument) -> str:
        """The topic of the ledger that holds the message."""
        return row.topic_id or components.nothing()

    @admin.display(description="message")
    def message(self, row: DidDocument) -> str:
        """The ledger's time of the message that published it."""
        return row.message_id or components.nothing()


def _cells(method: dict[str, Any]) -> Sequence[str]:
    key = method.get("publicKeyBase58") or json.dumps(method.get("publicKeyJwk", {}))
    name = method["id"].partition("#")[2]
    return (
        format_html('<span class="wrapped">{}</span><div>{}</div>', name, components.copyable(key)),
        hidden_signs.shown(str(method["type"])),
    )


def _written(document: Any) -> Section:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    facts = {"text": hidden_signs.shown(text), "name": "JSON", "id": "document"}
    return Section(title="Document", body=render_to_string("admin/components/code.html", facts))
