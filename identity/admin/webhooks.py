"""Pages about webhooks: which there are, how they do, made, changed, tried out and removed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from identity import ids, webhook_queries
from identity.admin import trail, webhook_forms, webhook_health
from identity.admin.pages import ThingPages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Missing
from identity.pages import staff_session
from identity.webhook_queries import WebhookRow


class WebhookPages(ThingPages[WebhookRow]):
    """The list, the page of one webhook, and what is done with them."""

    noun = "webhook"
    named = "public_id"

    def find(self, thing_id: UUID) -> WebhookRow:
        """One webhook of the scope. Raises `Missing`."""
        return webhook_queries.webhook(thing_id)

    def name_of(self, row: WebhookRow) -> str:
        """Where it leads."""
        return row.url

    def making(self) -> list[URLPattern]:
        """Where one is made, and the key that signs for all."""
        create, rotate = self.framed(self.create), self.framed(self.rotate_key)
        return [
            path("webhooks/create/", create, name="webhook_create"),
            path("webhooks/rotate-key/", rotate, name="webhook_rotate_key"),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All webhooks with how they do, and the keys that receivers check with."""
        require(request, "webhooks:list")
        actor, now = actor_of(request), datetime.now(UTC)
        keys = webhook_queries.keys(now=now)
        return self.shown(
            request,
            "webhook_list",
            title="Webhooks",
            rows=[(row, webhook_health.of(row, now=now)) for row in webhook_queries.all_webhooks()],
            keys=keys,
            is_overlap=len(keys) > 1,
            snippet=_snippet([key.public for key in keys]),
            may_create=actor.may("webhooks:create"),
            may_edit=actor.may("webhooks:edit"),
            may_read=actor.may("webhooks:get"),
        )

    def read(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """One webhook: how it does, what can be done, its trail."""
        row, actor = self.required(request, "get", ids), actor_of(request)
        return self.shown(
            request,
            "webhook",
            title=row.url,
            row=row,
            health=webhook_health.of(row, now=datetime.now(UTC)),
            facts=webhook_health.facts(row),
            trail=trail.of("webhook", str(row.id), by=actor),
            latest=webhook_health.latest(row.id),
            may_edit=actor.may("webhooks:edit"),
            may_delete=actor.may("webhooks:delete"),
            back=self.list_page,
            back_name="Webhooks",
        )

    @staff_session.recently_proved
    def create(self, request: HttpRequest) -> HttpResponse:
        """Make one, or propose it."""
        require(request, "webhooks:create")
        form = webhook_forms.WebhookForm(request.POST or None, initial={"nouns": ["*"]})

        def act(given: dict[str, Any]) -> HttpResponse:
            # The form's own id: the same form sent twice makes one webhook.
            details = {"webhook": str(given["webhook"]), **webhook_forms.details(given)}
            done = "The webhook is made. Send it a ping to try it out."
            return acted(request, "webhook.create", details, done=done, then=self.list_page)

        form.fields["webhook"].initial = ids.new()
        return asked(form, act) or self._form(request, "New webhook", form)

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Change address, events or description."""
        row = self.required(request, "edit", ids)
        form = webhook_forms.WebhookForm(request.POST or None, initial=webhook_forms.initial(row))

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {"webhook": str(row.id), **webhook_forms.details(given)}
            done = "The webhook is changed."
            return acted(request, "webhook.edit", details, done=done, then=self.page_of(row))

        return asked(form, act) or self._form(request, "Change the webhook", form, row)

    @staff_session.recently_proved
    def rotate_key(self, request: HttpRequest) -> HttpResponse:
        """A new key; the old one signs beside it for a while."""
        require(request, "webhooks:edit")
        keys = webhook_queries.keys(now=datetime.now(UTC))
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            done = "There is a new key. Both sign for 14 days: give receivers the new one now."
            return acted(request, "webhook.rotate-key", {}, done=done, then=self.list_page)

        return asked(form, act) or self.shown(
            request,
            "webhook_rotate_key",
            title="Rotate the key",
            form=form,
            is_overlap=len(keys) > 1,
            back=self.list_page,
            back_name="Webhooks",
        )

    def _form(
        self,
        request: HttpRequest,
        title: str,
        form: webhook_forms.WebhookForm,
        row: WebhookRow | None = None,
    ) -> HttpResponse:
        return self.below(request, "form", row, title=title, form=form, events=webhook_forms.EVENTS)


def found(public_id: UUID) -> WebhookRow:
    """One webhook of the scope. Raises Http404."""
    try:
        return webhook_queries.webhook(public_id)
    except Missing:
        raise Http404 from None


def _snippet(keys: list[str]) -> str:
    return render_to_string("admin/webhook_verify.txt", {"keys": keys})
