"""Pages about webhooks: which there are, how they do, made, changed, tried out and removed."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse

from identity import ids, webhook_queries
from identity.admin import trail, webhook_forms, webhook_health
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Missing
from identity.pages import staff_session
from identity.webhook_queries import WebhookRow

LIST: Final = "admin:webhooks"
_BACK: Final = {"back_name": "Webhooks"}


class WebhookPages(Pages):
    """The list, the page of one webhook, and what is done with them."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        one = "webhooks/<uuid:public_id>/"
        return [
            path("webhooks/", self.framed(self.listed), name="webhooks"),
            path("webhooks/create/", self.framed(self.create), name="webhook_create"),
            path("webhooks/rotate-key/", self.framed(self.rotate_key), name="webhook_rotate_key"),
            path(one, self.framed(self.read), name="webhook"),
            path(f"{one}edit/", self.framed(self.edit), name="webhook_edit"),
            path(f"{one}switch/", self.framed(self.switch), name="webhook_switch"),
            path(f"{one}delete/", self.framed(self.delete), name="webhook_delete"),
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

    def read(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """One webhook: how it does, what can be done, its trail."""
        require(request, "webhooks:get")
        row, actor = found(public_id), actor_of(request)
        return self.shown(
            request,
            "webhook",
            title=row.url,
            row=row,
            health=webhook_health.of(row, now=datetime.now(UTC)),
            facts=webhook_health.facts(row),
            trail=trail.of("webhook", str(public_id), by=actor),
            latest=webhook_health.latest(public_id),
            may_edit=actor.may("webhooks:edit"),
            may_delete=actor.may("webhooks:delete"),
            back=reverse(LIST),
            **_BACK,
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
            return acted(request, "webhook.create", details, done=done, then=reverse(LIST))

        form.fields["webhook"].initial = ids.new()
        return asked(form, act) or self._form(request, "New webhook", form)

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Change address, events or description."""
        require(request, "webhooks:edit")
        row = found(public_id)
        form = webhook_forms.WebhookForm(request.POST or None, initial=webhook_forms.initial(row))

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {"webhook": str(public_id), **webhook_forms.details(given)}
            return acted(
                request, "webhook.edit", details, done="The webhook is changed.", then=_page(row)
            )

        return asked(form, act) or self._form(request, "Change the webhook", form, row)

    @staff_session.recently_proved
    def switch(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Switch it off, or on again."""
        require(request, "webhooks:edit")
        row = found(public_id)
        is_on = row.status == "active"
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {"webhook": str(public_id), "status": "disabled" if is_on else "active"}
            done = "The webhook is switched off." if is_on else "The webhook is switched on."
            return acted(request, "webhook.edit", details, done=done, then=_page(row))

        return asked(form, act) or self.shown(
            request,
            "webhook_switch",
            title="Switch the webhook off" if is_on else "Switch the webhook on",
            form=form,
            row=row,
            is_on=is_on,
            back=_page(row),
            back_name=row.url,
        )

    @staff_session.recently_proved
    def delete(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Remove it, or propose that."""
        require(request, "webhooks:delete")
        row = found(public_id)
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {"webhook": str(public_id)}
            done = "The webhook is removed."
            return acted(request, "webhook.delete", details, done=done, then=reverse(LIST))

        return asked(form, act) or self.shown(
            request,
            "webhook_delete",
            title="Delete the webhook",
            form=form,
            row=row,
            back=_page(row),
            back_name=row.url,
        )

    @staff_session.recently_proved
    def rotate_key(self, request: HttpRequest) -> HttpResponse:
        """A new key; the old one signs beside it for a while."""
        require(request, "webhooks:edit")
        keys = webhook_queries.keys(now=datetime.now(UTC))
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            done = "There is a new key. Both sign for 14 days: give receivers the new one now."
            return acted(request, "webhook.rotate-key", {}, done=done, then=reverse(LIST))

        return asked(form, act) or self.shown(
            request,
            "webhook_rotate_key",
            title="Rotate the key",
            form=form,
            is_overlap=len(keys) > 1,
            back=reverse(LIST),
            **_BACK,
        )

    def _form(
        self,
        request: HttpRequest,
        title: str,
        form: webhook_forms.WebhookForm,
        row: WebhookRow | None = None,
    ) -> HttpResponse:
        return self.shown(
            request,
            "webhook_form",
            title=title,
            form=form,
            events=webhook_forms.EVENTS,
            back=_page(row) if row else reverse(LIST),
            back_name=row.url if row else "Webhooks",
        )


def found(public_id: UUID) -> WebhookRow:
    """One webhook of the scope. Raises Http404."""
    try:
        return webhook_queries.webhook(public_id)
    except Missing:
        raise Http404 from None


def _page(row: WebhookRow) -> str:
    return reverse("admin:webhook", args=[row.id])


def _snippet(keys: list[str]) -> str:
    return render_to_string("admin/webhook_verify.txt", {"keys": keys})
