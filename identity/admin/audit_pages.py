"""Pages about the audit record as a whole: its chain, verifications, exports, proofs."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from identity.actor import Actor
from identity.admin import trail
from identity.admin.pages import Pages, require
from identity.admin.standing import actor_of
from identity.crypto import audit_chain
from identity.crypto import audit_inclusion as inclusion
from identity.errors import DomainError
from identity.models import AuditEvent
from identity.services import audit_checks, audit_inclusion, audit_trail, server_keys

LIST: Final = "admin:identity_auditevent_changelist"
_BACK: Final = {"back_name": "Audit events"}


class AuditPages(Pages):
    """The pages beside the list of events."""

    def urls(self) -> list[URLPattern]:
        """Their addresses, below those of the list."""
        verify, prove = require_POST(self.verify), require_POST(self.prove)
        return [
            path("chain/", self.framed(self.chain), name="audit_chain"),
            path("chain/verify/", self.framed(verify), name="audit_verify"),
            path("chain/progress/", self.framed(self.progress), name="audit_progress"),
            path("export/", self.framed(self.export), name="audit_export"),
            path("<uuid:event_id>/proof/", self.framed(prove), name="audit_proof"),
        ]

    def chain(self, request: HttpRequest) -> HttpResponse:
        """Where the chain ends, what vouches for it, and what verifications found."""
        require(request, "audit:list")
        checks = audit_checks.latest(now=datetime.now(UTC))
        names = trail.names_of({"user": check.asked_by} for check in checks if check.asked_by)
        return self.shown(
            request,
            "audit_chain",
            title="The chain",
            end=audit_trail.end(),
            at=datetime.now(UTC),
            checks=[
                (check, names.get(check.asked_by, check.asked_by) or "the platform")
                for check in checks
            ],
            running=next((check for check in checks if check.state == "running"), None),
            back=reverse(LIST),
            **_BACK,
        )

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify the whole chain, at once or as a task."""
        require(request, "audit:list")
        try:
            check = audit_checks.start(by=actor_of(request), clock=lambda: datetime.now(UTC))
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            _tell(request, check.state, check.up_to, check.reason)
        return HttpResponseRedirect(reverse("admin:audit_chain"))

    def progress(self, request: HttpRequest) -> HttpResponse:
        """How far a running verification is, for the page that waits for it."""
        require(request, "audit:list")
        checks = audit_checks.latest(now=datetime.now(UTC))[:1]
        state = {"done": 0, "lines": 1, "is_busy": False}
        for check in checks:
            is_busy = check.state == "running"
            state = {"done": check.checked, "lines": check.up_to, "is_busy": is_busy}
        return JsonResponse(state)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The whole record as a file; that it was taken is part of it."""
        require(request, "audit:list")
        if request.method == "POST":
            return _file(actor_of(request))
        return self.shown(
            request,
            "audit_export",
            title="Export the record",
            form=forms.Form(),
            end=audit_trail.end(),
            server_key=server_keys.client_keys().signature_hex,
            back=reverse(LIST),
            **_BACK,
        )

    def prove(self, request: HttpRequest, event_id: UUID) -> HttpResponse:
        """Recompute the links from one event to the head that signs it, and say what came out."""
        require(request, "audit:get")
        event = AuditEvent.objects.filter(id=event_id).first()
        if event is None:
            raise Http404
        head, fault, links = None, "", 0
        try:
            proof = audit_inclusion.prove(sequence=event.sequence, now=datetime.now(UTC))
            links = len(proof.events)
            keys = server_keys.signature_keys()
            head = inclusion.verify(proof, expected_server_keys=keys)
        except (audit_chain.AuditInvalid, DomainError) as refusal:
            fault = str(refusal)
        return self.shown(
            request,
            "audit_proof",
            title=f"Proof of event {event.sequence}",
            event=event,
            head=head,
            head_digest=head.digest.hex() if head else "",
            head_kid=head.kid.hex() if head else "",
            fault=fault,
            links=links,
            back=reverse("admin:identity_auditevent_change", args=[event.pk]),
            back_name=f"{event.name}, number {event.sequence}",
        )


def _file(by: Actor) -> HttpResponseBase:
    """Streamed in parts: however long the record is, little of it is in memory at once."""
    now = datetime.now(UTC)
    number = audit_trail.record_export(by=by, now=now)
    return StreamingHttpResponse(
        audit_trail.export_parts(scope_id=by.scope_id, now=now),
        content_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="audit-{number}.jsonl"'},
    )


def _tell(request: HttpRequest, state: str, up_to: int, reason: str) -> None:
    if state == "holds":
        messages.success(request, f"The chain holds: all {up_to:,} events are unchanged.")
    elif state == "broken":
        messages.error(request, f"The chain does not hold: {reason}")
    else:
        messages.info(request, "The chain is long: it is verified in the background.")
