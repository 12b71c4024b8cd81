"""Pages about what a webhook sent: the log, one message with its tries, and sending again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from identity import webhook_queries
from identity.admin import webhook_health, webhooks
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import DomainError, Missing
from identity.pages import staff_session
from identity.paging import After, CursorInvalid

STATES: Final = ("pending", "delivered", "failed")
_MOMENT: Final = "%Y-%m-%dT%H:%M"


class SinceForm(forms.Form):
    """Since when messages that failed go out again."""

    since = forms.DateTimeField(
        label="Since",
        input_formats=[_MOMENT, "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format=_MOMENT, attrs={"type": "datetime-local"}),
        help_text="UTC. Messages made then or later that failed are sent again.",
    )


class DeliveryPages(Pages):
    """The log of deliveries, and the acts of sending."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        one = "webhooks/<uuid:public_id>/"
        delivery = f"{one}deliveries/<uuid:delivery_id>/"
        ping, replay = require_POST(self.ping), require_POST(self.replay)
        return [
            path(f"{one}deliveries/", self.framed(self.log), name="webhook_deliveries"),
            path(delivery, self.framed(self.read), name="webhook_delivery"),
            path(f"{one}ping/", self.framed(ping), name="webhook_ping"),
            path(f"{one}replay/", self.framed(self.replay_failed), name="webhook_replay_failed"),
            path(f"{delivery}replay/", self.framed(replay), name="webhook_replay"),
        ]

    def log(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Messages in the order of their events, the newest first."""
        require(request, "webhooks:get")
        row = webhooks.found(public_id)
        state = request.GET.get("state", "")
        filters = {"state": state} if state in STATES else {}
        after = After(after=request.GET.get("after", ""), filters=filters)
        try:
            window = webhook_queries.deliveries_window(public_id, after)
        except CursorInvalid:
            return HttpResponseRedirect(request.path)
        return self.shown(
            request,
            "webhook_deliveries",
            title="Deliveries",
            row=row,
            window=window,
            state=filters.get("state", ""),
            states=STATES,
            health=webhook_health.of(row, now=datetime.now(UTC)),
            may_edit=actor_of(request).may("webhooks:edit"),
            back=reverse("admin:webhook", args=[public_id]),
            back_name=row.url,
        )

    def read(self, request: HttpRequest, public_id: UUID, delivery_id: UUID) -> HttpResponse:
        """One message with every try."""
        require(request, "webhooks:get")
        row, detail = webhooks.found(public_id), _detail(public_id, delivery_id)
        return self.shown(
            request,
            "webhook_delivery",
            title=f"{detail.delivery.event_name}, event {detail.delivery.sequence}",
            row=row,
            detail=detail,
            message=json.dumps(json.loads(detail.payload), indent=2, ensure_ascii=False),
            may_edit=actor_of(request).may("webhooks:edit"),
            may_see_event=actor_of(request).may("audit:list"),
            back=reverse("admin:webhook_deliveries", args=[public_id]),
            back_name="Deliveries",
        )

    def ping(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Send an event for trying it out."""
        require(request, "webhooks:edit")
        webhooks.found(public_id)
        done = "A ping is on its way: it stands among the deliveries."
        then = reverse("admin:webhook", args=[public_id])
        return _sent(request, "webhook.ping", {"webhook": str(public_id)}, done=done, then=then)

    def replay(self, request: HttpRequest, public_id: UUID, delivery_id: UUID) -> HttpResponse:
        """Send one message again."""
        require(request, "webhooks:edit")
        _detail(public_id, delivery_id)
        details = {"webhook": str(public_id), "delivery": str(delivery_id)}
        then = reverse("admin:webhook_delivery", args=[public_id, delivery_id])
        done = "The message goes out again, with the same id."
        return _sent(request, "webhook.replay", details, done=done, then=then)

    @staff_session.recently_proved
    def replay_failed(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Send again all that failed since a time."""
        require(request, "webhooks:edit")
        row = webhooks.found(public_id)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        form = SinceForm(request.POST or None, initial={"since": yesterday})

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {"webhook": str(public_id), "since": given["since"].isoformat()}
            then = reverse("admin:webhook_deliveries", args=[public_id])
            done = "What failed since then goes out again."
            return acted(request, "webhook.replay-failed", details, done=done, then=then)

        return asked(form, act) or self.shown(
            request,
            "webhook_replay_failed",
            title="Send again what failed",
            form=form,
            row=row,
            back=reverse("admin:webhook_deliveries", args=[public_id]),
            back_name="Deliveries",
        )


def _sent(
    request: HttpRequest, command: str, details: dict[str, str], *, done: str, then: str
) -> HttpResponse:
    """One act behind a button: what is refused is told on the page that it leads to."""
    try:
        return acted(request, command, details, done=done, then=then)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(then)


def _detail(public_id: UUID, delivery_id: UUID) -> webhook_queries.DeliveryDetail:
    try:
        return webhook_queries.delivery_detail(public_id, delivery_id)
    except Missing:
        raise Http404 from None
