"""Pages about what a scope has chosen: read with its meaning, changed in two steps."""

import json
from dataclasses import asdict
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from identity import queries
from identity.admin import scope_forms, trail
from identity.admin.pages import Pages, acted, asked, require
from identity.admin.standing import actor_of
from identity.errors import DomainError
from identity.pages import staff_session
from identity.services import scopes

PAGE: Final = "admin:scope_settings"
_BACK: Final = {"back_name": "Settings"}


class SettingsPages(Pages):
    """Reading, and changing with a look at what it weakens."""

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        return [
            path("settings/", self.framed(self.read), name="scope_settings"),
            path("settings/edit/", self.framed(self.edit), name="scope_settings_edit"),
            path("settings/confirm/", self.framed(self.confirm), name="scope_settings_confirm"),
        ]

    def read(self, request: HttpRequest) -> HttpResponse:
        """Every setting with its value and its meaning."""
        require(request, "scopes:get")
        actor, row = actor_of(request), queries.scope()
        present = asdict(scopes.settings())
        return self.shown(
            request,
            "scope_settings",
            title="Settings",
            row=row,
            hosts=queries.hosts(),
            settings=[
                (meaning, scope_forms.shown(name, present[name]))
                for name, meaning in scope_forms.MEANINGS.items()
            ],
            trail=trail.of("scope", str(row.id), by=actor),
            may_edit=actor.may("scopes:edit"),
        )

    @staff_session.recently_proved
    def edit(self, request: HttpRequest) -> HttpResponse:
        """The first step: choose. Nothing changes before the second one."""
        require(request, "scopes:edit")
        row, present = queries.scope(), scopes.settings()
        form = scope_forms.SettingsForm(
            request.POST or None, initial={"name": row.name, **asdict(present)}
        )
        if form.is_bound and form.is_valid():
            changed = scope_forms.changes(present, form.cleaned_data)
            name = form.cleaned_data["name"]
            given = {"new_name": name if name != row.name else "", "changes": json.dumps(changed)}
            return self._asking(request, scope_forms.ConfirmForm(initial=given), given)
        return self.shown(
            request,
            "scope_settings_edit",
            title="Change the settings",
            form=form,
            back=reverse(PAGE),
            **_BACK,
        )

    @staff_session.recently_proved
    def confirm(self, request: HttpRequest) -> HttpResponse:
        """The second step: exactly what was shown, done or proposed."""
        require(request, "scopes:edit")
        form = scope_forms.ConfirmForm(request.POST if request.method == "POST" else None)

        def act(given: dict[str, Any]) -> HttpResponse:
            details = {"scope": str(actor_of(request).scope_id), "settings": given["changes"]}
            if given["new_name"]:
                details["name"] = given["new_name"]
            done = "The settings are changed."
            return acted(request, "scope.edit", details, done=done, then=reverse(PAGE))

        return asked(form, act) or self._asking(
            request, form, {"new_name": "", "changes": "{}", **request.POST.dict()}
        )

    def _asking(
        self, request: HttpRequest, form: scope_forms.ConfirmForm, given: dict[str, Any]
    ) -> HttpResponse:
        try:
            lines = list(scope_forms.lines(scopes.settings(), json.loads(given["changes"])))
        except (DomainError, KeyError, TypeError, ValueError):
            lines = []
        before = queries.scope().name
        if given["new_name"]:
            renamed = scope_forms.Line("Name of the scope", before, given["new_name"], False)
            lines.insert(0, renamed)
        return self.shown(
            request,
            "scope_settings_confirm",
            action=reverse("admin:scope_settings_confirm"),
            title="Confirm the change",
            form=form,
            lines=lines,
            weaker=sum(line.is_weaker for line in lines),
            back=reverse("admin:scope_settings_edit"),
            back_name="Change the settings",
        )
