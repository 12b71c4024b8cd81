"""Pages about providers: where people may sign in from, made, changed, switched, removed."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from identity import ids
from identity import queries as ground
from identity.admin import facts, provider_forms, trail
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import Missing
from identity.pages import staff_session
from sessions_app.queries import providers as queries
from sessions_app.queries.providers import ProviderRow
from sessions_app.services import provider_kinds, provider_returns

LIST: Final = "admin:providers"
_BACK: Final = {"back_name": "Providers"}


class ProviderPages(Pages):
    """The list, the page of one provider, and what is done with them."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        one = "providers/<uuid:provider_id>/"
        return [
            path("providers/", self.framed(self.listed), name="providers"),
            path("providers/create/", self.framed(self.choose), name="provider_choose"),
            path("providers/create/<slug:kind>/", self.framed(self.create), name="provider_create"),
            path(one, self.framed(self.read), name="provider"),
            path(f"{one}edit/", self.framed(self.edit), name="provider_edit"),
            path(f"{one}switch/", self.framed(self.switch), name="provider_switch"),
            path(f"{one}delete/", self.framed(self.delete), name="provider_delete"),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """All providers in the order in which people see them."""
        require(request, "providers:list")
        actor = actor_of(request)
        return self.shown(
            request,
            "provider_list",
            title="Providers",
            rows=[(row, provider_kinds.KINDS[row.kind].label) for row in queries.all_providers()],
            may_create=actor.may("providers:create"),
            may_read=actor.may("providers:get"),
        )

    def read(self, request: HttpRequest, provider_id: UUID) -> HttpResponse:
        """One provider: what it was told, what to tell it, its trail."""
        require(request, "providers:get")
        row, actor = found(provider_id), actor_of(request)
        return self.shown(
            request,
            "provider",
            title=row.name,
            row=row,
            facts=_facts(row),
            return_address=_return_address(row.slug),
            trail=trail.of("provider", str(provider_id), by=actor),
            may_edit=actor.may("providers:edit"),
            may_delete=actor.may("providers:delete"),
            back=reverse(LIST),
            **_BACK,
        )

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Which kind of provider is to be made."""
        require(request, "providers:create")
        kinds = [(kind, rules.label) for kind, rules in provider_kinds.KINDS.items()]
        return self.shown(
            request,
            "provider_choose",
            title="New provider",
            kinds=kinds,
            back=reverse(LIST),
            **_BACK,
        )

    @staff_session.recently_proved
    def create(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Make one, or propose it."""
        require(request, "providers:create")
        rules = provider_kinds.KINDS.get(kind)
        if rules is None:
            raise Http404
        form = provider_forms.ProviderForm(
            request.POST or None, kind=kind, initial={"name": rules.label, "slug": kind}
        )

        def act(given: dict[str, Any]) -> HttpResponse:
            # The form's own id: the same form sent twice makes one provider.
            provider_id = given["provider"] or ids.new()
            told = provider_forms.details(form, given, provider_id)
            details = {**told, "kind": kind, "slug": given["slug"]}
            done = "The provider is made. People see it on the sign-in page now."
            return acted(request, "provider.create", details, done=done, then=reverse(LIST))

        form.fields["provider"].initial = ids.new()
        return asked(form, act) or self._form(request, f"New provider: {rules.label}", form)

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, provider_id: UUID) -> HttpResponse:
        """Change what it was told."""
        require(request, "providers:edit")
        row = found(provider_id)
        form = provider_forms.ProviderForm(
            request.POST or None, kind=row.kind, row=row, initial=provider_forms.initial(row)
        )

        def act(given: dict[str, Any]) -> HttpResponse:
            details = provider_forms.details(form, given, provider_id)
            done = "The provider is changed."
            return acted(request, "provider.edit", details, done=done, then=_page(row))

        return asked(form, act) or self._form(request, "Change the provider", form, row)

    @staff_session.recently_proved
    def switch(self, request: HttpRequest, provider_id: UUID) -> HttpResponse:
        """Switch it off, or on again."""
        require(request, "providers:edit")
        row = found(provider_id)
        is_on = row.status == "enabled"
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {"provider": str(provider_id), "status": "disabled" if is_on else "enabled"}
            done = "The provider is switched off." if is_on else "The provider is switched on."
            return acted(request, "provider.edit", details, done=done, then=_page(row))

        title = "Switch the provider off" if is_on else "Switch the provider on"
        return asked(form, act) or self._asked(request, "provider_switch", title, form, row)

    @staff_session.recently_proved
    def delete(self, request: HttpRequest, provider_id: UUID) -> HttpResponse:
        """Remove it, or propose that."""
        require(request, "providers:delete")
        row = found(provider_id)
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            details = {"provider": str(provider_id)}
            done = "The provider is removed."
            return acted(request, "provider.delete", details, done=done, then=reverse(LIST))

        title = "Delete the provider"
        return asked(form, act) or self._asked(request, "provider_delete", title, form, row)

    def _asked(
        self, request: HttpRequest, template: str, title: str, form: forms.Form, row: ProviderRow
    ) -> HttpResponse:
        return self.shown(
            request,
            template,
            title=title,
            form=form,
            row=row,
            is_on=row.status == "enabled",
            back=_page(row),
            back_name=row.name,
        )

    def _form(
        self,
        request: HttpRequest,
        title: str,
        form: provider_forms.ProviderForm,
        row: ProviderRow | None = None,
    ) -> HttpResponse:
        return self.shown(
            request,
            "provider_form",
            title=title,
            form=form,
            return_address=_return_address(row.slug if row else form.kind),
            is_new=row is None,
            back=_page(row) if row else reverse(LIST),
            back_name=row.name if row else "Providers",
        )


def found(provider_id: UUID) -> ProviderRow:
    """One provider of the scope. Raises Http404."""
    try:
        return queries.provider(provider_id)
    except Missing:
        raise Http404 from None


def _page(row: ProviderRow) -> str:
    return reverse("admin:provider", args=[row.id])


def _return_address(slug: str) -> str:
    return provider_returns.address(ground.scope().slug, slug)


def _facts(row: ProviderRow) -> list[tuple[str, str]]:
    shown = {
        "Kind": provider_kinds.KINDS[row.kind].label,
        "Name in addresses": row.slug,
        "Issuer": row.issuer,
        "Client id": row.client_id,
        "Client secret": "is set, and never shown" if row.has_secret else "none",
        **{name.replace("_", " ").capitalize(): value for name, value in row.options.items()},
        "Position": row.position,
        "Id": row.id,
        "Made": row.created_at,
        "Changed": row.updated_at,
    }
    return [(name, facts.value_of(value, name)) for name, value in shown.items()]
