"""Pages about providers: where people may sign in from, made, changed, switched, removed."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from identity import ids
from identity import queries as ground
from identity.admin import facts, provider_forms, trail
from identity.admin.pages import ThingPages, acted, asked, require
from identity.admin.standing import actor_of
from identity.pages import staff_session
from sessions_app.queries import providers as queries
from sessions_app.queries.providers import ProviderRow
from sessions_app.services import provider_kinds, provider_returns


class ProviderPages(ThingPages[ProviderRow]):
    """The list, the page of one provider, and what is done with them."""

    noun = "provider"
    named = "provider_id"
    on = "enabled"

    def find(self, thing_id: UUID) -> ProviderRow:
        """One provider of the scope. Raises `Missing`."""
        return queries.provider(thing_id)

    def name_of(self, row: ProviderRow) -> str:
        """What people see on the sign-in page."""
        return row.name

    def making(self) -> list[URLPattern]:
        """Where a kind is chosen and one is made."""
        create = self.framed(self.create)
        return [
            path("providers/create/", self.framed(self.choose), name="provider_choose"),
            path("providers/create/<slug:kind>/", create, name="provider_create"),
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

    def read(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """One provider: what it was told, what to tell it, its trail."""
        row, actor = self.required(request, "get", ids), actor_of(request)
        return self.shown(
            request,
            "provider",
            title=row.name,
            row=row,
            facts=_facts(row),
            return_address=_return_address(row.slug),
            trail=trail.of("provider", str(row.id), by=actor),
            may_edit=actor.may("providers:edit"),
            may_delete=actor.may("providers:delete"),
            back=self.list_page,
            back_name="Providers",
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
            back=self.list_page,
            back_name="Providers",
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
            return acted(request, "provider.create", details, done=done, then=self.list_page)

        form.fields["provider"].initial = ids.new()
        return asked(form, act) or self._form(request, f"New provider: {rules.label}", form)

    @staff_session.recently_proved
    def edit(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        """Change what it was told."""
        row = self.required(request, "edit", ids)
        form = provider_forms.ProviderForm(
            request.POST or None, kind=row.kind, row=row, initial=provider_forms.initial(row)
        )

        def act(given: dict[str, Any]) -> HttpResponse:
            details = provider_forms.details(form, given, row.id)
            done = "The provider is changed."
            return acted(request, "provider.edit", details, done=done, then=self.page_of(row))

        return asked(form, act) or self._form(request, "Change the provider", form, row)

    def _form(
        self,
        request: HttpRequest,
        title: str,
        form: provider_forms.ProviderForm,
        row: ProviderRow | None = None,
    ) -> HttpResponse:
        return self.below(
            request,
            "form",
            row,
            title=title,
            form=form,
            return_address=_return_address(row.slug if row else form.kind),
            is_new=row is None,
        )


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
