"""Pages about the staff of a scope: who works here, who comes, who goes, who lost a generator."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts import queries
from identity import ids, permissions
from identity.admin.standing import actor_of
from identity.errors import DomainError, Missing
from identity.pages import staff_acts, staff_session
from identity.paging import After, CursorInvalid

LIST: Final = "admin:staff"
_ACTS: Final = {
    "dismiss": ("staff.dismiss", "Dismiss", "The person has no access to this admin any more."),
    "reset": (
        "one-time-password.reset",
        "Remove the one-time passwords of",
        "The generator is removed; all sessions of the account have ended.",
    ),
}


class AdmitForm(forms.Form):
    """Somebody of this scope by user name, or a login of another scope."""

    name = forms.CharField(
        max_length=320,
        label="User name, or scope/user name",
        help_text=(
            "A person of this scope signs in with the account's password. With scope/user name "
            "somebody who signs in in another scope works here as a new user."
        ),
    )
    role = forms.ChoiceField(
        required=False,
        choices=[("", "none"), *((name, name) for name in sorted(permissions.PREDEFINED_ROLES))],
        help_text="For somebody of another scope; others keep the roles they have.",
    )


class StaffPages:
    """The pages, with the frame of one site around them; each runs inside the scope."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        framed = self.site.admin_view
        return [
            path("staff/", framed(never_cache(self.listed)), name="staff"),
            path("staff/admit/", framed(never_cache(self.admit)), name="staff_admit"),
            *(
                path(
                    f"staff/<uuid:public_id>/{act}/",
                    framed(never_cache(self.act)),
                    {"act": act},
                    name=f"staff_{act}",
                )
                for act in _ACTS
            ),
        ]

    def listed(self, request: HttpRequest) -> HttpResponse:
        """Who works here, by name."""
        _require(request, "staff:list")
        asked = After(after=request.GET.get("after", ""), is_descending=False)
        try:
            window = queries.staff_window(asked)
        except CursorInvalid:
            return HttpResponseRedirect(reverse(LIST))
        actor = actor_of(request)
        return self._shown(
            request,
            "staff_list",
            title="Staff",
            window=window,
            may_admit=actor.may("staff:create"),
            may_dismiss=actor.may("staff:delete"),
            own=actor.public_id,
        )

    @staff_session.recently_proved
    def admit(self, request: HttpRequest) -> HttpResponse:
        """Let somebody in, or propose it."""
        _require(request, "staff:create")
        form = AdmitForm(request.POST or None)
        if form.is_valid():
            try:
                details = _admission(form.cleaned_data)
                return self._submitted(request, "staff.admit", details, "The person is staff now.")
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        return self._shown(request, "staff_admit", title="Admit staff", form=form)

    @staff_session.recently_proved
    def act(self, request: HttpRequest, public_id: UUID, act: str) -> HttpResponse:
        """Ask once, then do it or propose it."""
        _require(request, "staff:delete")
        command, title, done = _ACTS[act]
        try:
            row = queries.staff_member(public_id)
        except Missing:
            raise Http404 from None
        form = forms.Form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._submitted(request, command, {"user": str(public_id)}, done)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        return self._shown(
            request, f"staff_{act}", title=f"{title} {row.username}", row=row, form=form
        )

    def _submitted(
        self, request: HttpRequest, command: str, details: dict[str, Any], done: str
    ) -> HttpResponse:
        answer = staff_acts.submit(
            command=command, details=details, by=actor_of(request), now=datetime.now(UTC)
        )
        staff_acts.report(request, answer, done=done)
        return HttpResponseRedirect(reverse(LIST))

    def _shown(self, request: HttpRequest, template: str, **more: Any) -> HttpResponse:
        context = {
            **self.site.each_context(request),
            "back": reverse(LIST),
            "back_name": "Staff",
            **more,
        }
        return TemplateResponse(request, f"admin/{template}.html", context)


def _require(request: HttpRequest, permission: str) -> None:
    if not actor_of(request).may(permission):
        raise PermissionDenied


def _admission(asked: dict[str, Any]) -> dict[str, Any]:
    """The command's input. Raises `Missing` for a name that nobody has."""
    name = asked["name"]
    came_before = queries.user_of_login_name(name)
    known = queries.user_by_name(name)
    if known is not None and came_before is None:
        return {"user": str(known)}
    if "/" not in name:
        raise Missing("There is no such user.")
    roles = [asked["role"]] if asked["role"] else []
    return {"user": str(came_before or ids.new()), "login": name, "roles": roles}
